"""Reason codes: a business's own list of why something is corrected, cancelled, refunded or given back.

A code is a term of the business and names nobody, so it stands in the fact, with the text that it had then. What is
said about a person stands beside it as free text in the directory. A code is retired, never removed: what was
recorded with it keeps it.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, StringConstraints

from domain.refusals import Invalid
from domain.values import Name, Value

REASON_CODES_MAX = 100
"""Codes of a business, those that are retired included."""

ReasonGroup = Literal[
    "correction",
    "expiry",
    "price",
    "reinstatement",
    "freeze",
    "cancellation",
    "voiding",
    "refund",
    "restoration",
    "transfer",
    "booking_cancellation",
]
"""What a reason is given for: all that changes by hand what a customer has, or what was booked. `cancellation`: of a
package. `refund`: for packages and bookings."""
REASON_GROUPS: tuple[ReasonGroup, ...] = get_args(ReasonGroup)
ReasonGroups = Annotated[tuple[ReasonGroup, ...], Field(max_length=len(REASON_GROUPS))]
ReasonCodeName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class ReasonCode(Value):
    """A code of the list."""

    code: ReasonCodeName
    text: Name
    groups: ReasonGroups
    """What it may be given for."""
    retired: bool = False
    """Whether it can no longer be given."""


class CodedReason(Value):
    """A code that was given, with its text of then."""

    code: ReasonCodeName
    text: Name


class ReasonedCommand(Value):
    """A command that may be given a code as its reason."""

    reason_group: ClassVar[ReasonGroup]
    reason_code: ReasonCodeName | None = None


class ReasonedFact(Value):
    """The member of facts that tell the code they were given."""

    reason_code: CodedReason | None = None


def coded(
    code: str | None, group: ReasonGroup, codes: Sequence[ReasonCode], *, required: bool
) -> CodedReason | None:
    """A code with its text. Raises Invalid for one that cannot be given, and for none where one is required."""
    if code is None:
        if required:
            raise Invalid("/reason_code", "required", f"is missing: {_one_of(group, codes)}")
        return None
    known = next((each for each in codes if each.code == code), None)
    if known is None:
        raise Invalid("/reason_code", "unknown-reason-code", f"is no code: {_one_of(group, codes)}")
    if known.retired:
        raise Invalid("/reason_code", "retired-reason-code", f"is retired: {_one_of(group, codes)}")
    if group not in known.groups:
        raise Invalid("/reason_code", "other-group", f"is for {_told(known)}: {_one_of(group, codes)}")
    return CodedReason(code=known.code, text=known.text)


def _one_of(group: ReasonGroup, codes: Sequence[ReasonCode]) -> str:
    allowed = [each.code for each in codes if not each.retired and group in each.groups]
    return f"must be one of {', '.join(allowed)}" if allowed else f"there is none for {group}"


def _told(code: ReasonCode) -> str:
    return ", ".join(code.groups) or "nothing"


def listed(given: Sequence[ReasonCode], before: Sequence[ReasonCode]) -> tuple[ReasonCode, ...]:
    """The list from now on: the codes given, then those left out, which are retired.

    Raises Invalid for a code given twice, one for no group, and for too many.
    """
    for n, each in enumerate(given):
        if each.code in [other.code for other in given[:n]]:
            raise Invalid(f"/reason_codes/{n}/code", "duplicate", "is there already")
        if not each.groups:
            raise Invalid(f"/reason_codes/{n}/groups", "empty", "must name a group at least")
        if len(set(each.groups)) < len(each.groups):
            raise Invalid(f"/reason_codes/{n}/groups", "duplicate", "names a group twice")
    names = {each.code for each in given}
    gone = [each.model_copy(update={"retired": True}) for each in before if each.code not in names]
    if len(given) + len(gone) > REASON_CODES_MAX:
        problem = f"must be at most {REASON_CODES_MAX} together with the {len(gone)} that are retired"
        raise Invalid("/reason_codes", "too-many", problem)
    return (*given, *gone)


def check_required(groups: Sequence[ReasonGroup], codes: Sequence[ReasonCode], where: str) -> None:
    """Raises Invalid for a group that needs a code and has none."""
    for group in groups:
        if not any(group in each.groups and not each.retired for each in codes):
            raise Invalid(where, "no-code", f"leaves {group} without a code, which it needs")
