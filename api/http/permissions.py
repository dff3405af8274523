"""Who may do what: the one table of it, a `Permission` a row (api.md, Who may do what).

A route names its permission, and cannot be made without one. A key of the role integration has scopes besides, and
does only what they say. docs/reference/routes.md shows the whole table, made from the routes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.actor import Role


class Scope(StrEnum):
    """What the key of an integration may do. Each such key names its scopes when it is issued."""

    SELL = "sell"
    """Sell, redeem, take payments, add and redeem points, write notes."""
    BOOK = "book"
    """Book, confirm, reschedule and cancel; mark attendance."""
    RESTORE = "restore"
    """Restore a redemption by hand."""
    READ = "read"
    """Read packages, balances, history, points and bookings."""
    READ_PEOPLE = "read_people"
    """Read customers; names, contacts, photos and texts show in every answer."""
    WRITE_PEOPLE = "write_people"
    """Register and change customers, their participants, photos and segments."""


@dataclass(frozen=True, slots=True)
class Permission:
    """The roles that may do something, and the scope that an integration needs for it."""

    roles: frozenset[Role]
    scope: Scope | None = None
    """None: the key of an integration needs no scope, if the role may do it at all."""

    def __contains__(self, role: Role) -> bool:
        return role in self.roles

    def missing_scope(self, role: Role, scopes: Collection[Scope]) -> Scope | None:
        """The scope that a key of this role lacks."""
        lacks = role is Role.INTEGRATION and self.scope is not None and self.scope not in scopes
        return self.scope if lacks else None

    def allows(self, role: Role, scopes: Collection[Scope]) -> bool:
        return role in self.roles and self.missing_scope(role, scopes) is None


def _may(*roles: Role, scope: Scope | None = None) -> Permission:
    return Permission(frozenset(roles), scope)


_AT_THE_DESK = (Role.OWNER, Role.MANAGER, Role.STAFF)
_INTEGRATION, _AUDITOR, _CUSTOMER = Role.INTEGRATION, Role.AUDITOR, Role.CUSTOMER

OWNER: Final = _may(Role.OWNER)
MANAGERS: Final = _may(Role.OWNER, Role.MANAGER)
DESK: Final = _may(*_AT_THE_DESK, _INTEGRATION, scope=Scope.SELL)
"""Who sells, redeems and takes payments."""
SELLERS_OR_OWN: Final = _may(*_AT_THE_DESK, _INTEGRATION, _CUSTOMER, scope=Scope.SELL)
"""Who agrees to later purchases: the customer, or the desk for them."""
BOOKERS: Final = _may(*_AT_THE_DESK, _INTEGRATION, scope=Scope.BOOK)
BOOKERS_OR_OWN: Final = _may(*_AT_THE_DESK, _INTEGRATION, _CUSTOMER, scope=Scope.BOOK)
OVERRIDERS: Final = _may(*_AT_THE_DESK)
"""Who decides against the terms of a booking, with a reason."""
RESTORERS: Final = _may(*_AT_THE_DESK, _INTEGRATION, scope=Scope.RESTORE)
"""Staff restore their own uses alone, on the same day (domain/package/restoration.py)."""
REGISTRARS: Final = _may(*_AT_THE_DESK, _INTEGRATION, scope=Scope.WRITE_PEOPLE)
"""Who registers customers and changes what is known of them."""
EXPORTERS: Final = _may(Role.OWNER, Role.MANAGER, _INTEGRATION, scope=Scope.READ_PEOPLE)
"""Who takes the whole books along, with names and contacts."""
READERS: Final = _may(*_AT_THE_DESK, _INTEGRATION, _AUDITOR, scope=Scope.READ)
READERS_OR_OWN: Final = _may(*_AT_THE_DESK, _INTEGRATION, _AUDITOR, _CUSTOMER, scope=Scope.READ)
CUSTOMER_READERS: Final = _may(*_AT_THE_DESK, _INTEGRATION, _AUDITOR, scope=Scope.READ_PEOPLE)
"""Who reads customers; an auditor meets their ids alone."""
CUSTOMER_READERS_OR_OWN: Final = _may(
    *_AT_THE_DESK, _INTEGRATION, _AUDITOR, _CUSTOMER, scope=Scope.READ_PEOPLE
)
SEES_PEOPLE: Final = _may(*_AT_THE_DESK, _INTEGRATION, _CUSTOMER, scope=Scope.READ_PEOPLE)
"""Who sees names, contacts and texts; to others they are null. A customer sees only their own."""
READERS_AND_CUSTOMERS: Final = _may(*_AT_THE_DESK, _INTEGRATION, _AUDITOR, _CUSTOMER)
"""For what is nobody's own, such as services and offers: customers see it as the desk does. With the permissions
that end in OR_OWN they reach only what is theirs (api/http/ownership.py)."""
CARRIERS: Final = _may(*_AT_THE_DESK, _INTEGRATION, _AUDITOR, _CUSTOMER)
"""Who sends a request that carries others: anyone, because each of those needs its own permission."""
BOOKKEEPERS: Final = _may(Role.OWNER, Role.MANAGER, _AUDITOR)
"""Who reads facts, explanations and the past."""
BOOKKEEPERS_OR_OWN: Final = _may(Role.OWNER, Role.MANAGER, _AUDITOR, _CUSTOMER)
ASK_THE_PAST: Final = BOOKKEEPERS
"""Who may ask any question with `at_version`, `as_of` or `effective_as_of`."""

Roles = Permission | None
"""Who may use a route; None: anyone, without a key."""
ANYONE: Final[None] = None
"""No key is asked for."""
