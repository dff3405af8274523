"""Who may do what: one table, from an operation to the roles that may ask for it (api.md).

Every route names its operation. A route whose operation has no row here stops the start-up.
"""

from collections.abc import Mapping
from typing import Final

from domain.actor import Role

OWNER: Final = frozenset({Role.OWNER})
MANAGERS: Final = frozenset({Role.OWNER, Role.MANAGER})
DESK: Final = frozenset({Role.OWNER, Role.MANAGER, Role.STAFF, Role.INTEGRATION})
"""Who sells, redeems and takes payments."""
READERS: Final = DESK | {Role.AUDITOR}
BOOKKEEPERS: Final = frozenset({Role.OWNER, Role.MANAGER, Role.AUDITOR})
"""Who reads facts, explanations and the past."""
DESK_OR_OWN: Final = DESK | {Role.CUSTOMER}
READERS_OR_OWN: Final = READERS | {Role.CUSTOMER}
BOOKKEEPERS_OR_OWN: Final = BOOKKEEPERS | {Role.CUSTOMER}
READERS_AND_CUSTOMERS: Final = READERS_OR_OWN
"""A customer in a row means: for what is their own (owning.py); the rest is to them as if it were not there. What
there is to book and to buy is nobody's own, and customers see it as the desk does."""
ANYONE: Final[None] = None
"""No key is asked for."""

PERMISSIONS: Mapping[str, frozenset[Role] | None] = {
    # the process
    "process.live": ANYONE,
    "process.ready": ANYONE,
    "schema.show": ANYONE,
    "problems.show": ANYONE,
    # the business
    "business.show": READERS,
    "policies.change": OWNER,
    "locations.list": READERS_AND_CUSTOMERS,
    "locations.open": MANAGERS,
    "locations.close": MANAGERS,
    "staff.list": READERS,
    "staff.show": READERS,
    "staff.register": MANAGERS,
    "staff.change": MANAGERS,
    "staff.deactivate": MANAGERS,
    "keys.issue": OWNER,
    "keys.list": OWNER,
    "keys.revoke": OWNER,
    # the catalogue
    "services.list": READERS_AND_CUSTOMERS,
    "services.show": READERS_AND_CUSTOMERS,
    "services.define": MANAGERS,
    "services.change": MANAGERS,
    "services.retire": MANAGERS,
    "offers.list": READERS_AND_CUSTOMERS,
    "offers.show": READERS_AND_CUSTOMERS,
    "offers.publish": MANAGERS,
    "offers.revise": MANAGERS,
    "offers.retire": MANAGERS,
    # customers
    "customers.list": READERS,
    "customers.show": READERS_OR_OWN,
    "customers.history": READERS,
    "customers.register": DESK,
    "customers.change": DESK,
    "customers.activate": MANAGERS,
    "customers.deactivate": MANAGERS,
    "customers.block": MANAGERS,
    "customers.unblock": MANAGERS,
    "segments.list": READERS,
    "segments.save": DESK,
    "segments.remove": DESK,
    "participants.add": DESK,
    "participants.change": DESK,
    "participants.remove": DESK,
    "photos.upload": DESK,
    "photos.show": DESK_OR_OWN,
    # packages
    "packages.sell": DESK,
    "packages.list": READERS_OR_OWN,
    "packages.list_of_customer": READERS_OR_OWN,
    "packages.show": READERS_OR_OWN,
    "packages.units": READERS_OR_OWN,
    "packages.history": READERS_OR_OWN,
    "packages.notes": READERS,
    "packages.payments": READERS_OR_OWN,
    "packages.refund_quote": READERS,
    "packages.facts": BOOKKEEPERS_OR_OWN,
    "packages.explain": BOOKKEEPERS,
    "packages.travel": BOOKKEEPERS,  # any question about a package's past
    "packages.add_note": DESK,
    "packages.correct": MANAGERS,
    "packages.set_expiry": MANAGERS,
    "packages.reinstate": MANAGERS,
    "packages.freeze": MANAGERS,
    "packages.unfreeze": MANAGERS,
    "packages.adjust_price": MANAGERS,
    "packages.share": MANAGERS,
    "packages.cancel": MANAGERS,
    "packages.void": MANAGERS,
    "payments.record": DESK,
    "payments.refund": MANAGERS,
    "redemptions.redeem": DESK,
    "redemptions.redeem_from_customer": DESK,
    "redemptions.show": READERS_OR_OWN,
    "redemptions.restore": DESK,  # staff only their own of the same day, which the decision judges
    # bookings
    "bookings.make": DESK_OR_OWN,
    "bookings.confirm": DESK,
    "bookings.reschedule": DESK_OR_OWN,
    "bookings.mark": DESK,
    "bookings.complete": DESK,
    "bookings.cancel": DESK_OR_OWN,
    "bookings.override": DESK - {Role.INTEGRATION},  # asked by bookings.cancel
    "bookings.show": READERS_OR_OWN,
    "bookings.list": READERS_OR_OWN,
    "bookings.list_of_customer": READERS_OR_OWN,
    "credits.show": READERS_OR_OWN,
    "activity.show": READERS_OR_OWN,
    # points
    "points.list": READERS_OR_OWN,
    "points.move": DESK,
    "points.adjust": MANAGERS,  # asked by points.move
    "points.reverse": MANAGERS,
    # the ledger
    "facts.list": BOOKKEEPERS,
    "ledger.head": BOOKKEEPERS,
}

SEES_PEOPLE: Final = DESK_OR_OWN
"""Roles that are shown names and contacts; to others they are null. A customer meets only their own."""


def may(role: Role, operation: str) -> bool:
    """Whether a role may ask for an operation. Raises KeyError for one that is not in the table."""
    roles = PERMISSIONS[operation]
    return roles is None or role in roles


def refuse_unlisted(operations: list[str]) -> None:
    """Raises TypeError for a route that the table does not know: it must not start."""
    if unlisted := sorted(set(operations) - PERMISSIONS.keys()):
        raise TypeError(f"no row in the permission table for {', '.join(unlisted)}")
