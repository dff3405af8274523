"""The last key of an owner: nothing that is asked for over HTTP leaves a business without one.

A key that is revoked, a member of staff who gets a lesser role, and one who leaves are judged alike, under the lock of
the ledger: of two owners who do so to each other at once, at whatever processes, one stays. A key that ends by itself
does not stand in for one that goes on: a business keeps its owners for as long as it had them.
"""

from collections.abc import Callable, Iterable
from math import inf

from api.http.ledger_types import Books, Recorder
from domain.actor import Role
from domain.decision import Reads
from domain.ledger.records import MEMBER, StoredKey
from domain.moments import from_milliseconds
from domain.refusals import LastOwnerKey

Holds = Callable[[StoredKey], bool]


def check_owner_stays(recorder: Recorder, opens: Holds, ends: Holds) -> None:
    """Raises LastOwnerKey unless the owners' keys open as long without those that end.

    `opens`: whether a key lets its holder in, whatever their role is now. A ledger that is locked is looked at for
    good; another one for a dry run.
    """
    keys = _of_owners(recorder, [each for each in recorder.live_keys(Role.OWNER) if opens(each)])
    left = [each for each in keys if not ends(each)]
    if _until(left) < _until(keys):
        raise LastOwnerKey(from_milliseconds(int(_until(left))) if left else None)


def _of_owners(recorder: Recorder, keys: Iterable[StoredKey]) -> list[StoredKey]:
    """Those that belong to nobody, or to a member who is an owner now."""
    keys = list(keys)
    members = Reads(dict.fromkeys(sorted({key.actor_id for key in keys if _is_members(key)}), 0))
    if not members.streams:
        return keys
    books = Books(recorder.business_id, members, recorder.load(members))

    def is_owners(key: StoredKey) -> bool:
        member = books.staff(key.actor_id)
        return member is not None and member.active and member.role is Role.OWNER

    return [key for key in keys if not _is_members(key) or is_owners(key)]


def _is_members(key: StoredKey) -> bool:
    return key.actor_id.startswith(MEMBER)


def _until(keys: Iterable[StoredKey]) -> float:
    """When the last of them ends, in ms since 1970; before all time where there is none."""
    return max((inf if key.expires_at is None else key.expires_at for key in keys), default=-inf)
