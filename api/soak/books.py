"""The books of a soak: one business, what it sells, and a till for each customer."""

import random
from collections.abc import Callable
from itertools import count
from threading import Event

import httpx

from api.server.installation import migrate, opened
from api.server.settings import Settings
from api.soak.journal import Journal
from api.soak.till import LINE, Json, Till

SHARED = 4
"""Packages that all tills use up together."""
SHARED_UNITS = 1_000


class NotEmpty(Exception):
    """The database has books in it; a soak fills books of its own and breaks what it can."""


def open_business(environment: dict[str, str]) -> str:
    """Open the business in a database without books; a new file is migrated first. Returns its owner's key.

    Raises NotEmpty, WrongSetting, WrongSchema, LedgerUnavailable.
    """
    settings = Settings.read(environment)
    if settings.ledger_file is not None:
        migrate(settings)
    with opened(settings) as here:
        if next(here.businesses(), None) is not None:
            raise NotEmpty("the database has books in it: a soak needs one that has none")
        _, key = here.open_business("Soak", "EUR", "Europe/Budapest")
    return key


def furnish(
    client: httpx.Client, url: str, tills: int, journal: Journal, over: Event, chance: random.Random
) -> list[Till]:
    """What is sold, and the tills. `client` has the owner's key."""
    keys = (f"made {n}" for n in count())

    def made(path: str, body: Json) -> Json:
        answer = client.post(path, json=body, headers={"Idempotency-Key": next(keys)})
        found: Json = answer.raise_for_status().json()
        return found

    service = made("/v1/services", {"name": "Massage", "service_type": "Massage"})["id"]
    small, large = (_offer(made, service, units) for units in (LINE, SHARED_UNITS))
    everybody = made("/v1/customers", {"name": "Everybody"})["id"]
    shared = [
        made("/v1/packages", {"customer_id": everybody, "offer_id": large})["id"] for _ in range(SHARED)
    ]

    def till(n: int) -> Till:
        customer = made("/v1/customers", {"name": f"Customer {n}"})["id"]
        phone = {"name": f"Phone {n}", "role": "customer", "customer_id": customer}
        return Till(
            name=f"till{n}",
            url=url,
            key=made("/v1/keys", {"name": f"Till {n}", "role": "manager"})["key"],
            customer_key=made("/v1/keys", phone)["key"],
            journal=journal,
            over=over,
            chance=random.Random(chance.random()),
            service=service,
            offer=small,
            customer=customer,
            shared=shared,
        )

    return [till(n) for n in range(tills)]


def _offer(made: Callable[[str, Json], Json], service: str, units: int) -> str:
    terms = {
        "name": f"Massage × {units}",
        "price": 2_500 * units,
        "lines": [{"quantity": units, "services": [service]}],
    }
    id: str = made("/v1/offers", terms)["id"]
    return id
