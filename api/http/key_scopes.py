"""What the key of an integration may do: its scopes, in the database and out of it."""

from collections.abc import Collection

from api.http.permissions import Scope
from domain.actor import Role
from domain.ledger.records import StoredKey


def written(scopes: Collection[Scope]) -> str:
    """Scopes as they are stored: each once, in the order of `Scope`."""
    return " ".join(scope for scope in Scope if scope in scopes)


def scopes_of(stored: StoredKey) -> tuple[Scope, ...]:
    """The scopes of a key, in the order of `Scope`. One that this program does not know allows nothing."""
    given = stored.scopes.split()
    return tuple(scope for scope in Scope if scope in given)


def flaw_of_scopes(role: Role, scopes: Collection[Scope]) -> str | None:
    """What is wrong with the scopes of a new key; None: nothing."""
    if role is Role.INTEGRATION and not scopes:
        return f"the key of an integration names at least one of {', '.join(Scope)}"
    if role is not Role.INTEGRATION and scopes:
        return "go with the role integration, and only with it"
    return None
