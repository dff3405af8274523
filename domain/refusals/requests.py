"""Refusals of what is asked, whatever the state of things: a value, a right, an id, a version, a limit."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.refusals.refused import Refused
from domain.refusals.rules import LIMITS, Limit


@dataclass(eq=False)
class Invalid(Refused):
    """A value that is invalid by stored facts: names the field and the limit."""

    code = "validation-failed"
    pointer: str
    problem: str
    message: str

    def sentence(self) -> str:
        return f"{self.pointer} {self.message}"


@dataclass(eq=False)
class EffectiveAtOutOfRange(Refused):
    """`effective_at` lies too early, such as before the purchase, or too far ahead."""

    code = "effective-at-out-of-range"
    earliest: datetime
    latest: datetime

    def sentence(self) -> str:
        return "effective_at lies outside what these books allow"


@dataclass(eq=False)
class Forbidden(Refused):
    code = "forbidden"
    reason: str

    def sentence(self) -> str:
        return self.reason


@dataclass(eq=False)
class LastOwnerKey(Refused):
    """The business would have no key of an owner, or have one for a shorter time."""

    code = "last-owner-key"
    others_until: datetime | None = None
    """When the last of the other keys of owners ends by itself; None where there is no other."""

    def sentence(self) -> str:
        if self.others_until is None:
            return "no other key of an owner opens: issue another one first"
        return "no other key of an owner opens as long: issue another one first"


@dataclass(eq=False)
class BackDatingNotAllowed(Refused):
    code = "back-dating-not-allowed"
    role: str
    earliest: datetime

    def sentence(self) -> str:
        return f"as {self.role} you may not enter what happened so long ago"


@dataclass(eq=False)
class NotFound(Refused):
    """Unknown or of another business: the answer is the same."""

    code = "not-found"
    kind: str
    id: str

    def sentence(self) -> str:
        return f"there is no {self.kind} with this id"


@dataclass(eq=False)
class LimitReached(Refused):
    code = "limit-reached"
    rule: Limit
    what: str = field(init=False)
    """What is said of the rule."""
    limit: int

    def __post_init__(self) -> None:
        self.what = LIMITS[self.rule]

    def sentence(self) -> str:
        return f"the limit of {self.limit} {self.what} is reached"


@dataclass(eq=False)
class IdTaken(Refused):
    code = "id-taken"
    id: str

    def sentence(self) -> str:
        return "another thing has this id"


@dataclass(eq=False)
class DuplicateExternalRef(Refused):
    code = "duplicate-external-ref"
    external_ref: str

    def sentence(self) -> str:
        return "another thing of this kind has this external reference"


@dataclass(eq=False)
class VersionMismatch(Refused):
    code = "version-mismatch"
    expected_version: int | None
    """None where the request named none of this thing's versions, or several."""
    current_version: int

    def sentence(self) -> str:
        if self.expected_version is None:
            return f"it is at version {self.current_version}, which is not among those expected"
        return f"version {self.expected_version} expected, it is at {self.current_version}"


@dataclass(eq=False)
class IdempotencyKeyReused(Refused):
    code = "idempotency-key-reused"

    def sentence(self) -> str:
        return "this idempotency key was used for another request"
