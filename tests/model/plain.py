"""Packages, customers and offers in plain integers and dates: what the reference keeps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tests.model.almanac import HOUR, LAST, day_at, first_moment, later, moved, text_of

UNITS_A_LINE, UNITS_A_PACKAGE = 1_000, 5_000
BY_RULE: Literal["by rule"] = "by rule"
Expiry = date | Literal["by rule"] | None


class Refusal(Exception):
    """A command that must be refused, with any one of these codes."""

    def __init__(self, *codes: str) -> None:
        super().__init__(", ".join(sorted(codes)))
        self.codes = frozenset(codes)


class Reasons(set[str]):
    """The codes that speak against a command."""

    def when(self, true: bool, code: str) -> None:
        if true:
            self.add(code)

    def refuse(self) -> None:
        """Raises Refusal if there is any."""
        if self:
            raise Refusal(*self)


@dataclass(frozen=True)
class Asking:
    """When somebody asks, and who: moment in milliseconds."""

    now: int
    who: str
    role: str


@dataclass(frozen=True)
class Hold:
    """Units of a line that a booking reserves."""

    quantity: int
    participant: str
    start: int
    since: int


@dataclass
class Unit:
    value: int
    state: str = "available"
    redemption: str | None = None


@dataclass
class Line:
    services: tuple[str, ...]
    weight: int
    units: list[Unit]
    taken: list[int] = field(default_factory=list)
    """Indices of units that corrections took, oldest first."""
    changes: list[tuple[int, int, int]] = field(default_factory=list)
    """(effective moment, order of recording, change of the units that are free)."""
    holds: dict[str, Hold] = field(default_factory=dict)
    """By booking."""

    def indices(self, state: str) -> list[int]:
        return [n for n, unit in enumerate(self.units) if unit.state == state]

    @property
    def held(self) -> int:
        return sum(hold.quantity for hold in self.holds.values())

    @property
    def free(self) -> int:
        """Left, and held for no booking."""
        return self.count("available") - self.held

    def count(self, *states: str) -> int:
        return sum(unit.state in states for unit in self.units)

    def value(self, *states: str) -> int:
        return sum(unit.value for unit in self.units if unit.state in states)

    def lowest_from(self, moment: int) -> int:
        """The fewest free units at that moment and at any later one, in business time."""
        left, lowest = 0, 0
        for at, _, change in sorted(self.changes):
            left += change
            lowest = left if at <= moment else min(lowest, left)
        return lowest


@dataclass(frozen=True)
class Fate:
    """What became of units of a booking that will not take place."""

    package: str
    line: int
    quantity: int
    in_time: bool
    fate: str
    overridden: bool
    unusable: str | None = None


@dataclass
class Use:
    """What a redemption still uses of one package, or its booking forfeited."""

    at: int
    participant: str
    staff: str
    """Who performed it."""
    by: str
    """Who entered it."""
    location: str | None
    booking: str | None
    """Which it pays for."""
    service: str
    session: int
    parts: list[tuple[int, int, list[int]]]
    """(allocation, line, indices of units)."""
    forfeited: set[int] = field(default_factory=set)
    """Those allocations of which no session took place."""
    recorded: str | None = None
    """Its participant as recorded, where it is another since a merge."""

    @property
    def left(self) -> int:
        return sum(len(units) for _, _, units in self.parts)

    @property
    def in_use(self) -> int:
        return sum(len(units) for number, _, units in self.parts if number not in self.forfeited)


@dataclass
class Freeze:
    start: int
    first: date
    until: date
    end: int | None = None


@dataclass
class Package:
    id: str
    customer: str
    offer: str | None
    name: str
    number: int
    order: int
    """Which sale of the ledger it was."""
    zone: str
    price: int
    lines: list[Line]
    validity: tuple[str, int, str]
    """(rule, count, unit)."""
    bought_at: int
    entered_on: date
    expires_on: date | None
    sharing: str
    beneficiaries: tuple[str, ...]
    cap: int | None
    locations: tuple[str, ...]
    terms: tuple[int, str]
    """(hours of notice, what becomes of units that are cancelled late)."""
    expiry_by_hand: bool = False
    started_on: date | None = None
    """The day of the first session, where the validity begins with it."""
    payments: dict[str, list[int]] = field(default_factory=dict)
    """Id → [amount, refunded]."""
    covered: int = 0
    """Settled where its units came from."""
    named: tuple[str, ...] | None = None
    """Its beneficiaries as they were recorded."""
    sold_to: str | None = None
    """The customer it was recorded for, where another has it since a merge."""
    transfer: str | None = None
    """Which made it."""
    top_up: str | None = None
    """The rule that sold it by itself."""
    membership: str | None = None
    """Whose period it is."""
    batch: str | None = None
    """The import that it came with."""
    ref: str | None = None
    """What the other system called it."""
    bought_elsewhere: int | None = None
    """The first moment of the day of its purchase there."""
    ended_on: date | None = None
    """The last valid day that it came with."""
    came_with: tuple[int, int] = (0, 0)
    """(units, their value) that were left when it was imported."""
    not_sold: int = 0
    """What of its price was no sale of this business."""
    moved: dict[str, tuple[str, int, list[int]]] = field(default_factory=dict)
    """Transfer → (package that has them now, line, indices of units)."""
    revoked: bool = False
    uses: dict[str, Use] = field(default_factory=dict)
    freezes: list[Freeze] = field(default_factory=list)
    freeze_open: bool = False
    cancelled: bool = False
    voided: bool = False
    lapse: date | None = None
    """The last valid day whose passing is in the books."""
    reminder: tuple[date, int | None, int | None] | None = None
    """(last valid day, lead, when it was sent) of the latest; None sent: it is due."""
    latest: int = 0
    touched: bool = False
    """Whether anything was recorded for it since it was opened."""
    notes: int = 0

    # What can be seen of it

    @property
    def remaining(self) -> int:
        return sum(line.count("available") for line in self.lines)

    @property
    def unused_value(self) -> int:
        return sum(line.value("available") for line in self.lines)

    @property
    def paid(self) -> int:
        return sum(amount - refunded for amount, refunded in self.payments.values())

    @property
    def was_over_when_opened(self) -> bool:
        return self.ended_on is not None and self.day(self.bought_at) > self.ended_on

    @property
    def first_bought_at(self) -> int:
        """Here or elsewhere."""
        return self.bought_at if self.bought_elsewhere is None else self.bought_elsewhere

    @property
    def owing(self) -> int:
        return max(0, self.price - self.covered - self.paid)

    def payment_status(self) -> str:
        if self.price <= self.paid + self.covered:
            return "paid"
        return "partial" if self.paid + self.covered else "unpaid"

    def day(self, moment: int) -> date:
        return day_at(moment, self.zone)

    def holds(self, booking: str | None = None) -> list[Hold]:
        """Of one booking, or all."""
        held = (of for line in self.lines for of in line.holds.items())
        return [hold for id, hold in held if booking in (None, id)]

    def frozen_on(self, day: date) -> bool:
        return self.freeze_open and self.freezes[-1].first <= day <= self.freezes[-1].until

    def was_frozen(self, moment: int) -> bool:
        return any(
            freeze.start <= moment
            and self.day(moment) <= freeze.until
            and (freeze.end is None or moment < freeze.end)
            for freeze in self.freezes
        )

    def thawed_on(self, day: date) -> bool:
        """Whether a freeze that nobody ended has run out by itself."""
        return self.freeze_open and day > self.freezes[-1].until

    def last_day(self, day: date) -> date | None:
        """The last valid day as it stands on a day: a freeze that has run out by itself has moved it."""
        if self.expires_on is None or not self.thawed_on(day):
            return self.expires_on
        freeze = self.freezes[-1]
        return moved(self.expires_on, freeze.until.toordinal() - freeze.first.toordinal() + 1)

    def expired(self, at: int) -> bool:
        day = day_at(at, self.zone)
        last = self.last_day(day)
        return last is not None and day > last and not self.frozen_on(day)

    def status(self, at: int) -> str:
        if self.cancelled:
            return "cancelled"
        if not self.remaining:
            return "fully_used"
        return "expired" if self.expired(at) else "active"

    def reminder_at(self, at: int, lead: int | None) -> tuple[str, str | None, str | None]:
        """What its card says of the reminder: (status, day, when it was sent)."""
        last, status, sent = self.last_day(self.day(at)), "none", None
        if self.reminder is not None and self.reminder[0] == last:
            _, lead, sent = self.reminder
            status = "due" if sent is None else "sent"
        elif self.status(at) != "active":
            lead = None
        day = None if last is None or lead is None else date.fromordinal(last.toordinal() - lead)
        return status, None if day is None else str(day), None if sent is None else text_of(sent)

    def liability(self, at: int) -> int:
        return 0 if self.cancelled or self.expired(at) else self.unused_value

    # How it changes

    def touch(self, moment: int) -> int:
        self.touched = True
        self.latest = max(self.latest, moment)
        return moment

    def moment(self, now: int) -> int:
        """The moment of what counts from now: a clock that is behind does not undo what counts already."""
        return max(now, self.latest)

    def settle(self, now: int) -> None:
        """End a freeze that has run out; that is recorded with whatever comes next."""
        if self.thawed_on(self.day(self.moment(now))):
            freeze = self.freezes[-1]
            self.expires_on = self.last_day(LAST)
            freeze.end = self.touch(max(self.latest, first_moment(moved(freeze.until, 1), self.zone)))
            self.freeze_open = False

    def follow_first_session(self, was_expired: bool) -> None:
        """The validity begins with the first session of which a unit is in use; what has expired stays so."""
        rule, count, unit = self.validity
        if rule != "after_first_use" or self.cancelled or was_expired:
            return
        sessions = [use.session for use in self.uses.values() if use.in_use]
        first = self.day(min(sessions)) if sessions else None
        before, self.started_on = self.started_on, first
        if first == before or self.expiry_by_hand:
            return
        if first is None:
            self.expires_on = None
            return
        frozen = 0
        if before is not None and self.expires_on is not None:
            frozen = max(0, (self.expires_on - later(before, count, unit)).days)
        self.expires_on = min(LAST, moved(later(first, count, unit), frozen))

    def begin(self, asking: Asking) -> int:
        """The moment that a change counts from."""
        self.settle(asking.now)
        return self.touch(self.moment(asking.now))

    def begin_then(self, asking: Asking, moment: int) -> int:
        """The same for what began before it was entered."""
        self.settle(asking.now)
        return self.touch(moment)

    def move(self, line: int, units: Iterable[int], state: str, redemption: str | None = None) -> None:
        for n in units:
            self.lines[line].units[n].state = state
            self.lines[line].units[n].redemption = redemption


@dataclass
class Offer:
    name: str
    price: int
    lines: tuple[tuple[int, tuple[str, ...]], ...]
    """(quantity, services)."""
    validity: tuple[str, int, str] = ("never", 0, "")
    ends_on: date | None = None
    sharing: str = "purchaser"
    cap: int | None = None
    each: int | None = None
    """How many of it one customer may buy."""
    locations: tuple[str, ...] = ()
    terms: tuple[int, str] | None = None
    """Those of the business where it has none."""
    retired: bool = False


@dataclass(frozen=True)
class EarnRule:
    """Points for each visit or purchase, or for so much of a payment."""

    on: str
    points: int
    per_amount: int | None = None


@dataclass
class Participant:
    barred: tuple[str, ...] = ()
    left_at: int | None = None

    def belongs(self, moment: int) -> bool:
        return self.left_at is None or moment < self.left_at


@dataclass
class Customer:
    people: dict[str, Participant]
    """The customer in person first."""
    blocked: bool = False
    active: bool = True
    into: str | None = None
    """Whose other name it is since a merge."""
    merges: list["Merge"] = field(default_factory=list)
    own_block: bool = False


@dataclass
class Merge:
    """What a customer brought with it as another absorbed it."""

    absorbed: str
    people: list[str]
    blocked: bool
    left: int
    """Points that an earlier un-merge of the two could not bring back."""


@dataclass(frozen=True)
class Wish:
    """A use that is asked for."""

    redemption: str
    service: str
    quantity: int = 1
    participant: str | None = None
    staff: str | None = None
    location: str | None = None
    effective: date | int | None = None
    session: int | None = None
    line: int | None = None
    booking: str | None = None


@dataclass(frozen=True)
class KnownUse:
    """A wish with everything about it known."""

    wish: Wish
    at: int
    session: int
    participant: str
    barred: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Units that pay for a booking."""

    package: str
    line: int
    quantity: int
    terms: tuple[int, str]
    measured_from: int

    @property
    def free_until(self) -> int:
        return self.measured_from - self.terms[0] * HOUR


@dataclass
class Booking:
    customer: str
    service: str
    participant: str
    staff: str | None
    location: str | None
    start: int
    zone: str
    """Where it takes place."""
    quantity: int
    deduct: str
    redemption: str
    sources: list[Source]
    terms: tuple[int, str]
    measured_from: int
    by: str
    price: int | None = None
    """In money; None where nobody named one."""
    made_for: tuple[str, str] | None = None
    """Customer and participant that it was recorded for, where another has it since a merge."""
    payments: dict[str, list[int]] = field(default_factory=dict)
    """Id → [amount, refunded]."""
    shares: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    """Payment → (first payment of the series, amount of the whole, shares before it)."""
    made_at: int = 0
    money_at: int = 0
    """The latest moment of its payments and refunds."""
    refund_due: bool = False
    status: str = "pending"
    attendance: str | None = None
    marked_at: int = 0
    visits: int = 0
    """How often it became one."""
    outcomes: list[Fate] = field(default_factory=list)
    """Once it will not take place."""

    @property
    def packages(self) -> list[str]:
        return list(dict.fromkeys(source.package for source in self.sources))

    @property
    def paid(self) -> int:
        """Otherwise than with units."""
        return sum(amount - refunded for amount, refunded in self.payments.values())

    @property
    def owing(self) -> int | None:
        if self.sources or self.refund_due:
            return 0
        return None if self.price is None else max(0, self.price - self.paid)

    @property
    def money_free_until(self) -> int:
        return self.measured_from - self.terms[0] * HOUR

    @property
    def over(self) -> bool:
        """It did not take place."""
        return self.status == "cancelled" or self.attendance == "no_show"

    @property
    def free_until(self) -> int:
        ends = [source.free_until for source in self.sources]
        return min(ends) if ends else self.money_free_until


@dataclass(frozen=True)
class Plan:
    """A booking that is asked for."""

    customer: str
    service: str
    start: int
    ids: tuple[tuple[str, str], ...]
    """(booking, redemption) of each week."""
    participant: str | None = None
    staff: str | None = None
    location: str | None = None
    package: str | None = None
    quantity: int = 1
    paid: int | None = None
    """Otherwise than with units."""
    payments: tuple[str, ...] = ()
    """Ids, one for each week."""
    price: int | None = None
    """Of all weeks together, where it is not the list's."""


def shares(price: int, weights: Sequence[int]) -> list[int]:
    """A price over weights: whole shares first, then what is missing goes to the largest remainders."""
    if not any(weights):
        weights = [1] * len(weights)
    total = sum(weights)
    given = [price * weight // total for weight in weights]
    waiting = sorted((-(price * weight % total), n) for n, weight in enumerate(weights))
    for _, n in waiting[: price - sum(given)]:
        given[n] += 1
    return given


def in_person(customer: str) -> str:
    """The participant that a customer is in person."""
    return "par_" + customer.removeprefix("cus_")


ACCOUNT = "acc_"


def account_of(customer: str) -> str:
    """The stream of a customer's points."""
    return ACCOUNT + customer.removeprefix("cus_")
