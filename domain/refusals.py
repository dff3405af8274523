"""Every way a command is refused: a stable code and the numbers that explain it.

A refusal changes nothing. `api/http/problems.py` gives each code its HTTP status, and
`docs/reference/problems.md` explains it. `str(refusal)` is a sentence for people, without personal data.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from domain.moments import rfc3339


class Refused(Exception):
    """A command that may not happen now. Each subclass is a dataclass of the members that explain it."""

    code: ClassVar[str]

    def explanation(self) -> dict[str, Any]:
        """The members of an answer beside those of every problem; None is left out."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in named.items() if value is not None}

    def __str__(self) -> str:
        return self.sentence()

    def sentence(self) -> str:
        raise NotImplementedError


# 400: the request itself


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


# 403, 404


@dataclass(eq=False)
class Forbidden(Refused):
    code = "forbidden"
    reason: str

    def sentence(self) -> str:
        return self.reason


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


# 409: the state of things


@dataclass(eq=False)
class InsufficientUnits(Refused):
    code = "insufficient-units"
    requested: int
    available: int | None = None
    remaining: int | None = None
    restorable: int | None = None
    lowest: int | None = None
    """The lowest number of units left at any moment since `effective_at`, for a back-dated use."""

    def sentence(self) -> str:
        if self.restorable is not None:
            return f"{self.requested} asked back, {self.restorable} can be restored"
        if self.lowest is not None:
            return f"{self.requested} requested, but only {self.lowest} left at some moment since then"
        return f"{self.requested} requested, {self.available} available"


@dataclass(eq=False)
class PackageHasExpired(Refused):
    code = "package-expired"
    expires_on: date

    def sentence(self) -> str:
        return f"the package was valid until {self.expires_on}"


@dataclass(eq=False)
class PackageIsCancelled(Refused):
    code = "package-cancelled"

    def sentence(self) -> str:
        return "the package is cancelled"


@dataclass(eq=False)
class PackageIsFrozen(Refused):
    code = "package-frozen"
    frozen_until: date | None = None

    def sentence(self) -> str:
        return (
            "the package is frozen"
            if self.frozen_until is None
            else f"the package is frozen until {self.frozen_until}"
        )


@dataclass(eq=False)
class NotExpired(Refused):
    """Only an expired or cancelled package is reinstated."""

    code = "not-expired"
    package_status: str

    def sentence(self) -> str:
        return f"the package is {self.package_status}; only an expired or cancelled one can be reinstated"


@dataclass(eq=False)
class HoldsOutstanding(Refused):
    code = "holds-outstanding"
    bookings: tuple[str, ...]

    def sentence(self) -> str:
        return f"{len(self.bookings)} bookings hold units of the package"


@dataclass(eq=False)
class WrongBookingState(Refused):
    code = "booking-state"
    booking_status: str
    """Or its attendance, where that is the obstacle."""
    wanted: str
    redemption_id: str | None = None
    """The redemption that pays for it, where that is the obstacle."""

    def sentence(self) -> str:
        return f"a booking that is {self.booking_status} cannot be {self.wanted}"


@dataclass(eq=False)
class AttendanceNotOpen(Refused):
    """It is too early to say that somebody attended."""

    code = "booking-state"
    booking_status: str
    wanted: str
    opens_at: datetime

    def sentence(self) -> str:
        return (
            f"a booking that is {self.booking_status} can be {self.wanted} from {rfc3339(self.opens_at)} on"
        )


@dataclass(eq=False)
class WrongTopUpState(Refused):
    """An attempt that was answered or ended, or a rule that was removed."""

    code = "top-up-state"
    what: Literal["attempt", "rule"]
    top_up_status: str
    wanted: str
    package_id: str | None = None
    """The package that was sold, where the attempt was paid."""
    due_at: datetime | None = None
    """When the next charge is due, where that is the obstacle."""

    def sentence(self) -> str:
        told = f"this {self.what} is {self.top_up_status} and cannot be {self.wanted}"
        return told if self.due_at is None else f"{told} before {rfc3339(self.due_at)}"


@dataclass(eq=False)
class AlreadyRestored(Refused):
    code = "already-restored"
    redemption_id: str

    def sentence(self) -> str:
        return "every unit of this use is back"


@dataclass(eq=False)
class AlreadyReversed(Refused):
    code = "already-restored"
    entry_id: str

    def sentence(self) -> str:
        return "every point of this addition was taken back"


@dataclass(eq=False)
class PointsInsufficient(Refused):
    code = "points-insufficient"
    balance: int
    requested: int

    def sentence(self) -> str:
        return f"{self.requested} points requested, the balance is {self.balance}"


@dataclass(eq=False)
class CustomerIsBlocked(Refused):
    code = "customer-blocked"
    customer_id: str

    def sentence(self) -> str:
        return "the customer is blocked"


@dataclass(eq=False)
class CustomerIsInactive(Refused):
    code = "customer-inactive"
    customer_id: str

    def sentence(self) -> str:
        return "the customer is inactive"


@dataclass(eq=False)
class CustomerIsMerged(Refused):
    """The customer is another name of `survivor_id`, and cannot be merged by itself."""

    code = "customer-merged"
    customer_id: str
    survivor_id: str

    def sentence(self) -> str:
        return "the customer was merged into another one"


@dataclass(eq=False)
class CustomerIsNotMerged(Refused):
    code = "not-merged"
    customer_id: str

    def sentence(self) -> str:
        return "the customer was not merged into this one"


@dataclass(eq=False)
class PaymentRequired(Refused):
    code = "payment-required"
    owing: int

    def sentence(self) -> str:
        return "this business asks for full payment before use"


@dataclass(eq=False)
class NotEligible(Refused):
    code = "not-eligible"
    reason: str
    limit: int | None = None

    def sentence(self) -> str:
        return self.reason


@dataclass(eq=False)
class OfferIsRetired(Refused):
    """An offer or a plan that is no longer sold, or a service that is no longer performed."""

    code = "offer-retired"
    id: str

    def sentence(self) -> str:
        return "this is no longer sold or performed"


@dataclass(eq=False)
class Overpayment(Refused):
    code = "overpayment"
    requested: int
    owing: int

    def sentence(self) -> str:
        return f"{self.requested} offered, {self.owing} owing"


@dataclass(eq=False)
class RefundExceedsPaid(Refused):
    code = "refund-exceeds-paid"
    requested: int
    refundable: int

    def sentence(self) -> str:
        return f"{self.requested} asked back, {self.refundable} of it can be refunded"


@dataclass(eq=False)
class LimitReached(Refused):
    code = "limit-reached"
    what: str
    limit: int

    def sentence(self) -> str:
        return f"the limit of {self.limit} {self.what} is reached"


@dataclass(eq=False)
class ErasureOutstanding(Refused):
    """What a customer still has: the caller says what becomes of it, or settles it first."""

    code = "erasure-outstanding"
    packages: tuple[str, ...]
    """With units that can be used, or held for a booking."""
    bookings: tuple[str, ...]
    """Pending or confirmed, and not over."""
    memberships: tuple[str, ...]
    """Not ended."""
    top_ups: tuple[str, ...]
    """Rules that are not removed."""
    owing: tuple[str, ...]
    """Packages and bookings that are not paid in full."""

    def sentence(self) -> str:
        found = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        told = ", ".join(f"{n} {WORD_FOR_OUTSTANDING[name]}" for name, n in found.items() if n)
        return f"outstanding: {told}"


WORD_FOR_OUTSTANDING = {
    "packages": "packages with unused units",
    "bookings": "bookings",
    "memberships": "memberships",
    "top_ups": "rules that top up",
    "owing": "not paid in full",
}
"""What each list of `ErasureOutstanding` counts, for people."""


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


# 410, 412, 422: the request and its key


@dataclass(eq=False)
class Erased(Refused):
    """The stored answer held the data of a person who was erased since."""

    code = "erased"

    def sentence(self) -> str:
        return "the answer to this request was erased with the person in it"


@dataclass(eq=False)
class CustomerIsErased(Refused):
    """Nothing more happens with a customer whose personal data was deleted, nor with what is theirs."""

    code = "erased"
    customer_id: str

    def sentence(self) -> str:
        return "this customer was erased"


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
