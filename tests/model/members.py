"""Plans and memberships, in plain integers and dates: periods by the calendar, and what rolls over between them."""

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from domain.membership.state import period_package
from tests.model.almanac import day_at, first_moment, later, moved
from tests.model.plain import (
    UNITS_A_LINE,
    UNITS_A_PACKAGE,
    Asking,
    Offer,
    Package,
    Reasons,
    Refusal,
    Unit,
    in_person,
)

if TYPE_CHECKING:
    from tests.model.reference import Reference

DEAREST = 10**12
"""The highest price of a package."""
AHEAD, PAUSE = 366, 366
"""Days ahead that a membership may start, and that a pause may last."""


@dataclass
class Club:
    """A plan: what a period grants is told as an offer."""

    grants: Offer
    period: tuple[int, str]
    rolls: int
    retired: bool = False


@dataclass
class Member:
    customer: str
    plan: str
    club: Club
    zone: str
    starts_on: date
    people: tuple[str, ...]
    location: str | None
    latest: int
    period: int = 0
    package: str | None = None
    first: date | None = None
    ends_on: date | None = None
    anchor: date | None = None
    """The first day from which periods are counted, and how many were."""
    counted: int = 0
    pause: tuple[date, date] | None = None
    """Its first and last day."""
    ending: str | None = None
    made_for: tuple[str, tuple[str, ...]] | None = None
    """Customer and participants as it was started, once it went over to another customer."""

    def day(self, now: int) -> date:
        return day_at(max(now, self.latest), self.zone)

    def paused_on(self, day: date) -> bool:
        return self.pause is not None and self.pause[0] <= day <= self.pause[1]

    @property
    def moved_end(self) -> date | None:
        """The last day once the pause is over."""
        if self.ends_on is None or self.pause is None:
            return self.ends_on
        return moved(self.ends_on, (self.pause[1] - self.pause[0]).days + 1)

    def last_day(self, day: date) -> date | None:
        return self.moved_end if self.pause is not None and day > self.pause[1] else self.ends_on

    def status(self, at: int) -> str:
        day = day_at(at, self.zone)
        last, paused = self.last_day(day), self.paused_on(day)
        over = last is not None and day > last and not paused
        if self.ending == "now" or (self.ending is not None and over):
            return "ended"
        if self.period == 0:
            return "upcoming"
        return "paused" if paused else "active"

    @property
    def next_at(self) -> int | None:
        if self.ending is not None:
            return None
        if self.period == 0:
            return first_moment(self.starts_on, self.zone)
        last = self.moved_end
        assert last is not None, "a period ends"
        if self.pause is not None:
            last = max(last, self.pause[1])
        return first_moment(moved(last, 1), self.zone)

    def is_due(self, at: int) -> bool:
        return self.next_at is not None and self.next_at <= at

    def settle(self, now: int) -> bool:
        """The end of a pause that has run out; it is recorded with whatever comes next."""
        if self.pause is None or self.day(now) <= self.pause[1]:
            return False
        self.ends_on = self.moved_end
        self.latest = max(self.latest, first_moment(moved(self.pause[1], 1), self.zone))
        self.pause = None
        return True

    def touch(self, now: int) -> None:
        self.latest = max(self.latest, now)


class Members:
    """The plans and the memberships of one business."""

    def __init__(self, books: "Reference") -> None:
        self.books = books
        self.clubs: dict[str, Club] = {}
        self.members: dict[str, Member] = {}

    # Plans

    def publish(self, id: str, club: Club) -> bool:
        why = Reasons()
        why.when(id in self.clubs, "id-taken")
        self._check(why, club)
        why.refuse()
        self.clubs[id] = club
        return True

    def revise(self, id: str, club: Club) -> bool:
        why = Reasons()
        why.when(id not in self.clubs, "not-found")
        why.when(id in self.clubs and self.clubs[id].retired, "offer-retired")
        self._check(why, club)
        why.refuse()
        before, self.clubs[id] = self.clubs[id], club
        return before != club

    def _check(self, why: Reasons, club: Club) -> None:
        why.when(not set(club.grants.locations) <= set(self.books.locations), "validation-failed")
        self.books.check_lines(why, club.grants.lines)

    def retire(self, id: str, retired: bool) -> bool:
        if id not in self.clubs:
            raise Refusal("not-found")
        before = self.clubs[id]
        self.clubs[id] = replace(before, retired=retired)
        return before.retired != retired

    # Start

    def start(
        self,
        asking: Asking,
        id: str,
        plan: str,
        customer: str,
        starts_on: date | None,
        people: tuple[str, ...],
        location: str | None,
    ) -> bool:
        books, why = self.books, Reasons()
        customer, people = books.called(customer), books.persons(people)
        club, zone = self.clubs.get(plan), books.zone_at(location)
        today = day_at(asking.now, zone)
        first, moment = starts_on or today, asking.now
        why.when(id in self.members, "id-taken")
        why.when(customer not in books.customers or club is None, "not-found")
        why.when(club is not None and club.retired, "offer-retired")
        why.when(location is not None and not books.locations.get(location), "validation-failed")
        why.when(first > moved(today, AHEAD), "validation-failed")
        if first < today:
            moment = first_moment(first, zone)
            books.check_moment(why, asking, moment, books.earliest_in(zone), zone)
        if customer in books.customers:
            self._check_may_buy(why, customer)
            books.check_beneficiaries(why, people, customer, asking.now)
        why.refuse()
        assert club is not None
        people = people or (in_person(customer),)
        self.members[id] = Member(customer, plan, replace(club), zone, first, people, location, moment)
        if self.members[id].is_due(asking.now):
            self._grant(asking, id)
        return True

    def _check_may_buy(self, why: Reasons, customer: str) -> None:
        known = self.books.customers[customer]
        why.when(known.blocked, "customer-blocked")
        why.when(not known.active, "customer-inactive")

    def member(self, id: str) -> Member:
        if id not in self.members:
            raise Refusal("not-found")
        return self.members[id]

    # A period

    def may_renew(self, member: Member) -> bool:
        customer = self.books.customers[member.customer]
        return customer.active and not customer.blocked

    def renew(self, asking: Asking, id: str, period: int | None) -> bool:
        member, why = self.member(id), Reasons()
        if period is not None and period <= member.period:
            return False
        why.when(period is not None and period > member.period + 1, "validation-failed")
        why.when(not member.is_due(asking.now), "not-eligible")
        self._check_may_buy(why, member.customer)
        why.refuse()
        self._grant(asking, id)
        return True

    def _grant(self, asking: Asking, id: str) -> None:
        member = self.members[id]
        last = member.last_day(member.day(asking.now))
        first = member.starts_on if last is None else moved(last, 1)
        moment = first_moment(first, member.zone)
        if member.period == 0:
            moment = max(moment, member.latest)
        rolled = self._roll(member, moment)
        member.settle(asking.now)
        count, unit = member.club.period
        expected = member.anchor and later(member.anchor, member.counted * count, unit)
        if member.anchor is None or first != expected:
            member.anchor, member.counted = first, 0
        member.counted += 1
        end = moved(later(member.anchor, member.counted * count, unit), -1)
        member.first, member.ends_on, member.period = first, max(first, end), member.period + 1
        member.package = period_package(id, member.period)
        member.touch(moment)
        self._package(asking, id, member, moment, rolled)

    def _roll(self, member: Member, moment: int) -> list[list[int]]:
        """The values of what moves out of the package of the period before, by line."""
        grants = member.club.grants
        nothing: list[list[int]] = [[] for _ in grants.lines]
        if member.package is None:
            return nothing
        old = self.books.packages[member.package]
        if old.cancelled or old.frozen_on(old.day(moment)) or old.expired(moment - 1):
            return nothing
        left = min(member.club.rolls, UNITS_A_PACKAGE - sum(quantity for quantity, _ in grants.lines))
        moving: list[list[int]] = []
        for line, (quantity, _) in zip(old.lines, grants.lines, strict=True):
            free = min(line.free, line.lowest_from(moment))
            take = max(0, min(left, free, UNITS_A_LINE - quantity))
            moving.append(line.indices("available")[:take])
            left -= take
        values = [[line.units[n].value for n in units] for line, units in zip(old.lines, moving, strict=True)]
        value = sum(map(sum, values))
        if not any(moving) or grants.price + value > DEAREST:
            return nothing
        old.settle(moment)
        self.books.recordings += 1
        for n, units in enumerate(moving):
            if units:
                old.move(n, units, "transferred")
                old.lines[n].changes.append((moment, self.books.recordings, -len(units)))
        old.touch(moment)
        return values

    def _package(self, asking: Asking, id: str, member: Member, moment: int, rolled: list[list[int]]) -> None:
        """What rolled over comes first in each line."""
        books, grants = self.books, member.club.grants
        people = books.customers[member.customer].people
        left = tuple(who for who in member.people if who in people and people[who].belongs(moment))
        number = member.customer, "plan " + member.plan
        books.numbers[number] += 1
        books.recordings += 1
        lines = books.priced(grants, grants.price, moment)
        for line, values in zip(lines, rolled, strict=True):
            line.units[:0] = [Unit(value) for value in values]
            line.changes = [(moment, books.recordings, len(line.units))]
        settled = sum(map(sum, rolled))
        assert member.package is not None
        books.packages[member.package] = Package(
            id=member.package,
            customer=member.customer,
            offer=None,
            name=grants.name,
            number=books.numbers[number],
            order=len(books.packages),
            zone=member.zone,
            price=grants.price + settled,
            lines=lines,
            validity=("by hand", 0, ""),
            bought_at=moment,
            entered_on=day_at(asking.now, member.zone),
            expires_on=member.ends_on,
            sharing=grants.sharing,
            beneficiaries=left or (in_person(member.customer),),
            cap=grants.cap,
            locations=grants.locations,
            terms=grants.terms or books.terms,
            latest=moment,
            covered=settled,
            not_sold=settled,
            membership=id,
        )

    # Pause and end

    def _check_runs(self, why: Reasons, member: Member, now: int) -> None:
        moment = max(now, member.latest)
        runs = member.period > 0 and member.status(moment) != "ended" and not member.is_due(moment)
        why.when(not runs, "not-eligible")

    def pause(self, asking: Asking, id: str, until: date) -> bool:
        member, why = self.member(id), Reasons()
        today = member.day(asking.now)
        self._check_runs(why, member, asking.now)
        why.refuse()
        if member.paused_on(today):
            if member.pause is not None and member.pause[1] == until:
                return False
            raise Refusal("not-eligible")
        why.when(not today <= until <= moved(today, PAUSE), "validation-failed")
        assert member.package is not None
        package = self.books.packages[member.package]
        freezes = not package.cancelled and not package.expired(package.moment(asking.now))
        if freezes:
            why |= self.books.against_freezing(asking, package, until)
        why.refuse()
        if freezes:
            self.books.freeze(asking, member.package, until)
        member.settle(asking.now)
        member.pause = (today, until)
        member.touch(asking.now)
        return True

    def resume(self, asking: Asking, id: str) -> bool:
        member = self.member(id)
        today, moment = member.day(asking.now), max(asking.now, member.latest)
        if member.status(moment) == "ended":
            raise Refusal("not-eligible")
        if member.pause is not None and member.paused_on(today):
            assert member.ends_on is not None
            member.ends_on = moved(member.ends_on, (today - member.pause[0]).days)
            member.pause = None
            member.touch(asking.now)
            package = self.books.packages.get(member.package or "")
            if package is not None and package.freeze_open and not package.cancelled:
                self.books.unfreeze(asking, package.id)
            return True
        settled = member.settle(asking.now)
        if member.ending is None:
            return settled
        member.ending = None
        member.touch(asking.now)
        return True

    def end(self, asking: Asking, id: str, at: str, release: bool) -> bool:
        member, why = self.member(id), Reasons()
        if member.status(max(asking.now, member.latest)) == "ended" or member.ending == at:
            return False
        if member.period and at != "now":
            self._check_runs(why, member, asking.now)
            why.refuse()
            member.ending = "period_end"
        else:
            self._cancel(asking, member, release)
            member.ending = "now"
        member.settle(asking.now)
        member.touch(asking.now)
        return True

    def _cancel(self, asking: Asking, member: Member, release: bool) -> None:
        """One that is used up or has expired stays as it is."""
        package = self.books.packages.get(member.package or "")
        if package is not None and package.status(package.moment(asking.now)) == "active":
            self.books.cancel(asking, package.id, None, release)
