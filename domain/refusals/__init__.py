"""Every way a command is refused: a stable code and the numbers that explain it.

A refusal changes nothing. `api/http/problems.py` gives each code its HTTP status, and
`docs/reference/problems.md` explains it. `str(refusal)` is a sentence for people, without personal data.

Read `refused` first. The others are parted by what refuses: `requests` by what is asked; `packages`, `bookings`,
`money` and `people` by the state of things. `rules` has the code and the words of each rule that makes something
not eligible, and of each limit.

Touch it to add a refusal: a dataclass in the file of what refuses, and its code among the problems.

Never put a name or a contact into one.
"""

from domain.refusals.bookings import (
    AttendanceNotOpen,
    WrongBookingState,
)
from domain.refusals.money import (
    AlreadyReversed,
    Overpayment,
    PaymentRequired,
    PointsInsufficient,
    RefundExceedsPaid,
)
from domain.refusals.packages import (
    AlreadyRestored,
    HoldsOutstanding,
    InsufficientUnits,
    NotEligible,
    NotExpired,
    OfferIsRetired,
    PackageHasExpired,
    PackageIsCancelled,
    PackageIsFrozen,
    WrongTopUpState,
)
from domain.refusals.people import (
    WORD_FOR_OUTSTANDING,
    CustomerIsBlocked,
    CustomerIsErased,
    CustomerIsInactive,
    CustomerIsMerged,
    CustomerIsNotMerged,
    Erased,
    ErasureOutstanding,
    ImportOfCustomers,
)
from domain.refusals.refused import (
    Refused,
)
from domain.refusals.requests import (
    BackDatingNotAllowed,
    DuplicateExternalRef,
    EffectiveAtOutOfRange,
    Forbidden,
    IdempotencyKeyReused,
    IdTaken,
    Invalid,
    LastOwnerKey,
    LimitReached,
    NotFound,
    VersionMismatch,
)

__all__ = [
    "WORD_FOR_OUTSTANDING",
    "AlreadyRestored",
    "AlreadyReversed",
    "AttendanceNotOpen",
    "BackDatingNotAllowed",
    "CustomerIsBlocked",
    "CustomerIsErased",
    "CustomerIsInactive",
    "CustomerIsMerged",
    "CustomerIsNotMerged",
    "DuplicateExternalRef",
    "EffectiveAtOutOfRange",
    "Erased",
    "ErasureOutstanding",
    "Forbidden",
    "HoldsOutstanding",
    "IdTaken",
    "IdempotencyKeyReused",
    "ImportOfCustomers",
    "InsufficientUnits",
    "Invalid",
    "LastOwnerKey",
    "LimitReached",
    "NotEligible",
    "NotExpired",
    "NotFound",
    "OfferIsRetired",
    "Overpayment",
    "PackageHasExpired",
    "PackageIsCancelled",
    "PackageIsFrozen",
    "PaymentRequired",
    "PointsInsufficient",
    "RefundExceedsPaid",
    "Refused",
    "VersionMismatch",
    "WrongBookingState",
    "WrongTopUpState",
]
