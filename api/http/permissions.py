"""Who may do what: the groups of roles that routes name (api.md, Who may do what).

A route cannot be made without its roles. The whole table is made from the routes: docs/reference/routes.md.
"""

from typing import Final

from domain.actor import Role

OWNER: Final = frozenset({Role.OWNER})
MANAGERS: Final = frozenset({Role.OWNER, Role.MANAGER})
DESK: Final = frozenset({Role.OWNER, Role.MANAGER, Role.STAFF, Role.INTEGRATION})
"""Roles that sell, redeem and take payments."""
READERS: Final = DESK | {Role.AUDITOR}
BOOKKEEPERS: Final = frozenset({Role.OWNER, Role.MANAGER, Role.AUDITOR})
"""Roles that read facts, explanations and the past."""
DESK_OR_OWN: Final = DESK | {Role.CUSTOMER}
READERS_OR_OWN: Final = READERS | {Role.CUSTOMER}
BOOKKEEPERS_OR_OWN: Final = BOOKKEEPERS | {Role.CUSTOMER}
Roles = frozenset[Role] | None
"""Roles that may ask; None: anyone, without a key."""
READERS_AND_CUSTOMERS: Final = READERS_OR_OWN
"""For what is nobody's own, such as services and offers: customers see it as the desk does. With the groups
that end in OR_OWN they reach only what is theirs (api/http/ownership.py)."""
ANYONE: Final[None] = None
"""No key is asked for."""

SEES_PEOPLE: Final = DESK_OR_OWN
"""Roles that see names and contacts; to others they are null. A customer sees only their own."""
ASK_THE_PAST: Final = BOOKKEEPERS
"""Roles that may ask any question with `at_version`, `as_of` or `effective_as_of`."""
