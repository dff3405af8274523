"""Claims: names that only one stream of a business can hold, and the prefixes that find them.

Every prefix ends with a slash, so that the prefix of one id never matches a longer id.
"""

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from domain.values import ExternalRef


def purchase_claims(customer_id: str, offer_id: str | None, name: str | None) -> str:
    """Prefix of the purchase numbers of one customer and offer, or of one custom package's name."""
    what = offer_id or "name:" + sha256((name or "").encode()).hexdigest()[:32]
    return f"purchase/{customer_id}/{what}/"


def bought_claims(customer_id: str) -> str:
    """Prefix of the claims that name the packages a customer paid for and somebody else has."""
    return f"bought/{customer_id}/"


def redemption_claims(redemption_id: str) -> str:
    """Prefix of the claims that name the packages a redemption took units of."""
    return f"redemption/{redemption_id}/"


def booking_claims(booking_id: str) -> str:
    """Prefix of the claims that name the packages whose units pay for a booking."""
    return f"booking/{booking_id}/"


def transfer_claims(transfer_id: str) -> str:
    """Prefix of the claims that name the two packages of a transfer."""
    return f"transfer/{transfer_id}/"


def plan_claims(customer_id: str, plan_id: str) -> str:
    """Prefix of the purchase numbers of the packages that a plan's memberships granted to one customer."""
    return f"purchase/{customer_id}/{plan_id}/"


def payment_claim(payment_id: str) -> str:
    """The claim of a payment; its package holds it."""
    return f"payment/{payment_id}/"


def entry_claim(entry_id: str) -> str:
    """The claim of an entry in a customer's account of points."""
    return f"points/{entry_id}/"


def external_claim(kind: str, external_ref: ExternalRef) -> str:
    """The claim of a thing's external reference, unique among things of its `kind` (customer, package …)."""
    return f"external/{kind}/{external_ref.source}:{quote(external_ref.ref, safe='')}/"


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that only one stream of a business can ever hold, such as `purchase/cus_1/off_1/4`."""

    claim: str
    stream_id: str
