"""What `/schema` answers: the document of the routes, with their groups and an example of each.

`examples.json` holds requests that were really sent, and their answers: `python -m tests.reference` writes it.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from api.http.openapi import Example, document
from api.http.route import Route

TAGS: Mapping[str, str] = {
    "me": "Whoever asks.",
    "business": "The business of the key, and its terms.",
    "policies": "The terms for what is decided from now on.",
    "locations": "The places of the business.",
    "staff": "The people who work here.",
    "keys": "API keys: for programs, for staff, and for customers.",
    "sign_ins": "Links that sign people in to the pages.",
    "webhooks": "Receivers of facts, and how far they are.",
    "messages": "E-mails to customers, and what became of them.",
    "services": "What is performed.",
    "offers": "Packages as the catalogue sells them.",
    "plans": "Memberships as the catalogue sells them.",
    "customers": "Customers: who they are, and their standing.",
    "participants": "The others of a customer's household.",
    "segments": "Saved filters of the customer list.",
    "photos": "Photos of people, for their profiles.",
    "packages": "Packages that were sold: their cards, units, history, and what changes them.",
    "transfers": "Units that move to another customer.",
    "imports": "Files of another system: customers, and balances of their packages.",
    "memberships": "Plans that customers are in, period by period.",
    "top_ups": "Rules that sell the next package by themselves, and the attempts to charge for it.",
    "payments": "Payments and refunds.",
    "redemptions": "Using units, and giving them back.",
    "bookings": "Sessions in the calendar, and the units that pay for them.",
    "credits": "What a customer can use, by service.",
    "activity": "A customer's tab: packages and bookings.",
    "points": "Reward points.",
    "inbox": "What a till did while it was offline.",
    "reports": "Figures for auditors and accountants, now or at any moment.",
    "facts": "The ordered feed of the ledger.",
    "ledger": "The head of the ledger, and its proof.",
    "read_models": "What lists are read from: how far each is, and what facts do to its rows.",
    "process": "Whether the server works.",
    "welcome": "What answers here.",
    "docs": "The API for people.",
    "schema": "This document.",
    "problems": "What each refusal means.",
}
"""Group of operations → what is in it, in the order they are shown."""


def schema_of(routes: Sequence[Route]) -> bytes:
    """The OpenAPI document of these routes, as JSON. Raises TypeError for two types of the same name."""
    return document(routes, TAGS, examples())


def examples() -> Mapping[str, Example]:
    """Operation → a request and its answer. They are read when the document is made, not at the start."""
    found: Mapping[str, Example] = json.loads(files(__package__).joinpath("examples.json").read_bytes())
    return found
