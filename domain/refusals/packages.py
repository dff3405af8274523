"""Refusals by the state of a package, of what it was sold from, or of a rule that tops it up."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from domain.moments import rfc3339
from domain.refusals.refused import Refused
from domain.refusals.rules import RULES, Rule


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
class AlreadyRestored(Refused):
    code = "already-restored"
    redemption_id: str

    def sentence(self) -> str:
        return "every unit of this use is back"


@dataclass(eq=False)
class NotEligible(Refused):
    code = "not-eligible"
    rule: Rule
    reason: str = field(init=False)
    """What is said of the rule."""
    limit: int | None = None
    day: date | None = None
    period: int | None = None

    def __post_init__(self) -> None:
        self.reason = RULES[self.rule].format(limit=self.limit, day=self.day, period=self.period)

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
