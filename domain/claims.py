"""Claims: names that only one stream of a business can hold, and the prefixes that find them.

A prefix is a letter for its kind and 13 characters (78 bits) of the hash of what it names: short, as there is a claim
and more for every fact, and of one length, so that none begins like another. Of 10 million claims of a business two are
the same with a probability of 1 in 6 billion; the second would be told as taken.
"""

from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

if TYPE_CHECKING:  # a store finds claims without the values of facts
    from domain.values import ExternalRef


def purchase_claims(customer_id: str, offer_id: str | None, name: str | None) -> str:
    """Prefix of the purchase numbers of one customer and offer, or of one custom package's name."""
    what = offer_id or "name:" + _hash_of_name(name or "")
    return _named(f"purchase/{customer_id}/{what}/")


def bought_claims(customer_id: str) -> str:
    """Prefix of the claims that name the packages a customer paid for and somebody else has."""
    return _named(f"bought/{customer_id}/")


def redemption_claims(redemption_id: str) -> str:
    """Prefix of the claims that name the packages a redemption took units of."""
    return _named(f"redemption/{redemption_id}/")


def booking_claims(booking_id: str) -> str:
    """Prefix of the claims that name the packages whose units pay for a booking."""
    return _named(f"booking/{booking_id}/")


def transfer_claims(transfer_id: str) -> str:
    """Prefix of the claims that name the two packages of a transfer."""
    return _named(f"transfer/{transfer_id}/")


def plan_claims(customer_id: str, plan_id: str) -> str:
    """Prefix of the purchase numbers of the packages that a plan's memberships granted to one customer."""
    return _named(f"purchase/{customer_id}/{plan_id}/")


def payment_claim(payment_id: str) -> str:
    """The claim of a payment; its package holds it."""
    return _named(f"payment/{payment_id}/")


def entry_claim(entry_id: str) -> str:
    """The claim of an entry in a customer's account of points."""
    return _named(f"points/{entry_id}/")


def external_claim(kind: str, external_ref: "ExternalRef") -> str:
    """The claim of a thing's external reference, unique among things of its `kind` (customer, package …)."""
    return _named(f"external/{kind}/{external_ref.source}:{quote(external_ref.ref, safe='')}/")


def claim_of(prefix: str, id: str) -> str:
    """The claim of one of several streams under a prefix. Of an id of ours it holds 40 of the 74 random bits."""
    return prefix + id[-TAIL_CHARACTERS:]


class Claim(Struct, frozen=True, gc=False):
    """A name that only one stream of a business can ever hold, such as a prefix and the number of a purchase."""

    claim: str
    stream_id: str


LETTERS: Mapping[str, str] = {
    "booking": "b",
    "bought": "g",
    "external": "x",
    "payment": "y",
    "points": "p",
    "purchase": "u",
    "redemption": "r",
    "transfer": "t",
}
"""What is named → the first letter of its claims. Claims of photos are written out (domain/people/photos.py)."""
WORDS = {letter: word for word, letter in LETTERS.items()}
HASH_CHARACTERS = 13
TAIL_CHARACTERS = 8
"""Of the id of a stream, in the claims that several streams have of one thing."""
NAMED_MAX = 4_096
"""Hashes remembered: a batch asks for the same ones several times, to read and to decide."""


def prefixes_of(claim: str) -> Collection[str]:
    """Every prefix that the claim is found by: its hash, and each part that ends with a slash."""
    if "/" not in claim:
        return (claim[: 1 + HASH_CHARACTERS],)
    named = claim[: 1 + HASH_CHARACTERS]
    parts = {claim if "/" in named else named}
    end = claim.find("/") + 1
    while end:
        parts.add(claim[:end])
        end = claim.find("/", end) + 1
    return parts


def all_name(prefixes: Collection[str], ids: Collection[str]) -> bool:
    """Whether each prefix is that of the claims of one of these things: nothing is claimed of ids that were made just
    now."""
    words = {WORDS[prefix[:1]] for prefix in prefixes if prefix[:1] in WORDS}
    named = {_named(f"{word}/{id}/") for word in words for id in ids}
    others = (prefix for prefix in prefixes if prefix not in named)
    return all(any(f"/{id}/" in prefix for id in ids) for prefix in others)


@lru_cache(maxsize=NAMED_MAX)
def _hash_of_name(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:32]


@lru_cache(maxsize=NAMED_MAX)
def _named(what: str) -> str:
    digest = urlsafe_b64encode(sha256(what.encode()).digest()).decode()
    return LETTERS[what.partition("/")[0]] + digest[:HASH_CHARACTERS]
