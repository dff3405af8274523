"""The bookings of the reference, and what they do to packages: a second opinion on domain.md, Bookings.

Moments are whole milliseconds. A booking is asked for week by week; what the rules do not order is not ordered
here: a refusal tells every reason that speaks against a command.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.values import AMOUNT_MAX
from tests.model.almanac import DAY, MINUTE, day_at, moment_of
from tests.model.plain import (
    Asking,
    Booking,
    Fate,
    Hold,
    KnownUse,
    Package,
    Plan,
    Reasons,
    Refusal,
    Source,
    Use,
    Wish,
    in_person,
    shares,
)

if TYPE_CHECKING:
    from tests.model.reference import Reference

Judge = Callable[[Source], tuple[bool, bool]]
"""Whether a source is called off in time, and whether the business does it."""
AHEAD_MAX = 731 * DAY
"""How far ahead a booking may start."""


def weekly(start: int, number: int, zone: str) -> list[int]:
    """The same time on the clock on the wall, week after week."""
    wall = moment_of(start).astimezone(ZoneInfo(zone))
    starts = [start]
    for week in range(1, number):
        there = datetime.combine(wall.date() + timedelta(days=7 * week), wall.time(), ZoneInfo(zone))
        starts.append(int((there - moment_of(0)) / timedelta(milliseconds=1)))
    return starts


class Diary:
    """The bookings of one business."""

    def __init__(self, books: "Reference") -> None:
        self.books = books
        self.bookings: dict[str, Booking] = {}
        self.elsewhere: set[str] = set()
        """Bookings kept elsewhere that uses were entered for."""

    def booking(self, id: str) -> Booking:
        if id not in self.bookings:
            raise Refusal("not-found")
        return self.bookings[id]

    # Making

    def make(self, asking: Asking, plan: Plan) -> bool:
        person = self.books.person(plan.participant)
        plan = replace(plan, customer=self.books.called(plan.customer), participant=person)
        self._check_own(asking, plan.customer)
        person, starts = self._check(asking, plan)
        retired = plan.service in self.books.retired_services
        made: dict[str, Booking] = {}
        refused: list[Reasons] = []
        with_units = plan.package is not None
        for (id, redemption), start in zip(plan.ids, starts, strict=True):
            use, usable, why = self._at_its_time(plan, id, redemption, start, person, asking)
            if why and with_units:
                refused.append(why)
                continue
            if why and self._waits_for_payment(plan, use):
                raise Refusal("payment-required")
            if why and retired:
                refused.append(Reasons(["offer-retired"]))
                continue
            if plan.paid and self._is_too_much(plan, plan.paid):
                raise Refusal("overpayment")
            given = [] if why else self.books.plan(usable, use, asking.now)
            with_units = with_units or bool(given)
            made[id] = self._booking(asking, plan, redemption, start, person, given)
            if self.books.deduct == "at_booking":
                self.books.take(given, use, asking)
            else:
                self._hold(id, given, use, asking)
            self.books.redemptions |= {redemption} if given else set()
        if len(refused) == len(plan.ids):
            raise Refusal(*refused[0])
        if plan.paid is not None:
            self._pay_all(asking, plan, plan.paid, list(made.values()))
        self.bookings |= made
        return True

    def _listed(self, plan: Plan) -> int | None:
        listed = self.books.services[plan.service]
        return None if listed is None else listed * plan.quantity

    def _is_too_much(self, plan: Plan, paid: int) -> bool:
        """More than all weeks cost; what is paid beside the units of a chosen package has no limit."""
        listed = None if plan.package is not None else self._listed(plan)
        price = plan.price if plan.price is not None or listed is None else listed * len(plan.ids)
        return price is not None and paid > price

    def _pay_all(self, asking: Asking, plan: Plan, paid: int, made: list[Booking]) -> None:
        """A payment for all weeks: each gets its share, and points are given once, for the whole."""
        parts, before = shares(paid, [1] * len(made)), 0
        prices = None if plan.price is None else shares(plan.price, [1] * len(made))
        for n, (booking, part) in enumerate(zip(made, parts, strict=True)):
            if not part:
                continue
            booking.price = booking.price if prices is None else prices[n]
            booking.payments[plan.payments[n]] = [part, 0]
            if len(made) > 1:
                booking.shares[plan.payments[n]] = (plan.payments[0], paid, before)
            before += part
        self.books.accounts.gives(plan.customer, "payment", plan.payments[0], asking.now, paid)

    def _check_own(self, asking: Asking, customer: str) -> None:
        """Of what is not theirs customers do not even learn that it is there."""
        if asking.role == "customer" and self.books.called(asking.who) != customer:
            raise Refusal("not-found")

    def _check(self, asking: Asking, plan: Plan) -> tuple[str, list[int]]:
        """Who attends, and when; everything that speaks against all of the bookings."""
        books, why = self.books, Reasons()
        customer = books.customer(plan.customer)
        ids = [id for both in plan.ids for id in both]
        known = any(id in self.bookings or id in self.elsewhere for id, _ in plan.ids)
        known = known or any(redemption in books.redemptions for _, redemption in plan.ids)
        why.when(known or len(set(ids)) < len(ids), "id-taken")
        why.when(customer.blocked, "customer-blocked")
        why.when(not customer.active, "customer-inactive")
        why.when(plan.service not in books.services, "validation-failed")
        for_money = plan.paid is not None and plan.package is None
        why.when(plan.service in books.retired_services and for_money, "offer-retired")
        why.when(plan.staff is not None and not books.staff.get(plan.staff), "validation-failed")
        why.when(plan.location is not None and not books.locations.get(plan.location), "validation-failed")
        why.when(plan.paid == 0, "validation-failed")
        if plan.paid is not None:
            ids = list(plan.payments)
            known = any(books.knows_payment(id) for id in ids) or len(set(ids)) < len(ids)
            why.when(known, "id-taken")
        chosen = books.packages.get(plan.package or "")
        foreign = chosen is None or chosen.customer != plan.customer
        why.when(plan.package is not None and foreign, "not-found")
        person = plan.participant or in_person(plan.customer)
        if plan.participant is None and chosen is not None and len(chosen.beneficiaries) == 1:
            person = chosen.beneficiaries[0]
        why.when(person not in customer.people, "not-found")
        here = person in customer.people and customer.people[person].belongs(asking.now)
        why.when(person in customer.people and not here, "not-eligible")
        barred = here and plan.service in customer.people[person].barred
        why.when(barred, "not-eligible")
        zone = books.zone_at(plan.location)
        starts = weekly(plan.start, len(plan.ids), zone)
        ahead = Reasons()
        self._check_starts(ahead, asking, starts, zone)
        if ahead and not why:  # of a later week, perhaps
            use, _, short = self._at_its_time(plan, *plan.ids[0], starts[0], person, asking)
            ahead.when(bool(short) and self._waits_for_payment(plan, use), "payment-required")
        why |= ahead
        why.refuse()
        return person, starts

    def _check_starts(self, why: Reasons, asking: Asking, starts: Iterable[int], zone: str) -> None:
        for start in starts:
            why.when(start > asking.now + AHEAD_MAX, "validation-failed")
            if start < asking.now:
                why.when(asking.role == "customer", "validation-failed")
                self.books.check_moment(why, asking, start, self.books.earliest_in(zone), zone)

    def _waits_for_payment(self, plan: Plan, use: KnownUse) -> bool:
        """Whether it has to wait until packages that would do are paid; not what is paid otherwise."""
        left_to_us = plan.package is None and plan.paid is None
        return left_to_us and self.books.wait_for_payment(plan.customer, use)

    def _at_its_time(
        self, plan: Plan, id: str, redemption: str, start: int, person: str, asking: Asking
    ) -> tuple[KnownUse, list[Package], Reasons]:
        """Units are used now, or at the start of a session that has begun; where there were none then, and it was
        today, now."""
        use = self._use(plan, id, redemption, start, person, asking)
        usable, why = self._usable(plan, use)
        zone = self.books.zone_at(plan.location)
        today = day_at(start, zone) == day_at(asking.now, zone)
        if why and start < asking.now and today:
            use = replace(use, at=asking.now)
            usable, why = self._usable(plan, use)
        return use, usable, why

    def _use(self, plan: Plan, id: str, redemption: str, start: int, person: str, asking: Asking) -> KnownUse:
        wish = Wish(redemption, plan.service, plan.quantity, person, plan.staff, plan.location, booking=id)
        barred = self.books.customers[plan.customer].people[person].barred
        return KnownUse(wish, min(start, asking.now), start, person, barred)

    def _usable(self, plan: Plan, use: KnownUse) -> tuple[list[Package], Reasons]:
        """The packages that may pay; what speaks against paying with units."""
        if plan.package is not None:
            package = self.books.packages[plan.package]
            return [package], self.books.against_one(package, use)
        if plan.paid is not None:
            return [], Reasons(["paid otherwise"])
        return self.books.usable(plan.customer, use)

    def _booking(
        self,
        asking: Asking,
        plan: Plan,
        redemption: str,
        start: int,
        person: str,
        given: list[tuple[Package, int, int]],
    ) -> Booking:
        return Booking(
            customer=plan.customer,
            service=plan.service,
            participant=person,
            staff=plan.staff,
            location=plan.location,
            start=start,
            zone=self.books.zone_at(plan.location),
            quantity=plan.quantity,
            deduct=self.books.deduct,
            redemption=redemption,
            sources=[Source(package.id, n, units, package.terms, start) for package, n, units in given],
            terms=self.books.terms,
            measured_from=start,
            price=self._listed(plan),
            made_at=asking.now,
            money_at=asking.now,
            by="customer" if asking.role == "customer" else "business",
        )

    def _hold(self, id: str, given: list[tuple[Package, int, int]], use: KnownUse, asking: Asking) -> None:
        self.books.recordings += 1
        for package, n, quantity in given:
            moment = package.begin(asking) if use.at == asking.now else package.begin_then(asking, use.at)
            package.lines[n].holds[id] = Hold(quantity, use.participant, use.session, moment)
            package.lines[n].changes.append((moment, self.books.recordings, -quantity))

    # Money

    def pay(
        self,
        asking: Asking,
        id: str,
        payment: str,
        amount: int,
        price: int | None,
        effective: date | int | None,
    ) -> bool:
        booking, why = self.booking(id), Reasons()
        why.when(booking.refund_due, "booking-state")
        why.when(amount == 0, "validation-failed")
        cost = booking.price if price is None and not booking.sources else price
        why.when(cost is not None and amount > max(0, cost - booking.paid), "overpayment")
        why.when(booking.paid + amount > AMOUNT_MAX, "limit-reached")
        why.when(self.books.knows_payment(payment), "id-taken")
        earliest = min(booking.made_at, booking.start)
        zone = self.books.zone_at(booking.location, self.books.zone)
        given = self.books.moment_at(asking, effective, zone)
        if effective is not None:
            self.books.check_moment(why, asking, given, earliest, zone)
        why.refuse()
        moment = max(asking.now, earliest) if effective is None else given
        booking.payments[payment] = [amount, 0]
        booking.price = booking.price if price is None else price
        booking.money_at = max(booking.money_at, moment)
        self.books.accounts.gives(booking.customer, "payment", payment, moment, amount)
        return True

    def refund(self, asking: Asking, payment: str, amount: int) -> bool:
        paid = [booking for booking in self.bookings.values() if payment in booking.payments]
        if not paid:
            raise Refusal("not-found")
        (booking,), why = paid, Reasons()
        whole, before = booking.payments[payment]
        why.when(amount == 0, "validation-failed")
        why.when(amount > whole - before, "refund-exceeds-paid")
        why.refuse()
        booking.payments[payment][1] += amount
        booking.money_at = max(booking.money_at, asking.now)
        first, of, start = booking.shares.get(payment, (payment, whole, 0))
        place = start + before
        self.books.accounts.takes_back(
            booking.customer, "payment", first, booking.money_at, place + amount, of, place
        )
        return True

    # Paying later, and not any more

    def against_paying(self, wish: Wish, customer: str) -> Reasons:
        """What speaks against paying a booking with units now."""
        booking, why = self.bookings[wish.booking or ""], Reasons()
        why.when(booking.over or bool(booking.sources) or booking.paid > 0, "booking-state")
        session = wish.session not in (None, booking.start)
        person = wish.participant not in (None, booking.participant)
        other = (wish.service, wish.quantity) != (booking.service, booking.quantity)
        why.when(booking.customer != customer or session or person or other, "validation-failed")
        return why

    def as_booked(self, wish: Wish) -> Wish:
        booking = self.bookings[wish.booking or ""]
        return replace(
            wish,
            service=booking.service,
            quantity=booking.quantity,
            participant=booking.participant,
            session=booking.start,
            staff=wish.staff or booking.staff,
            location=wish.location or booking.location,
        )

    def pay_with(self, id: str | None, redemption: str, plan: Sequence[tuple[Package, int, int]]) -> None:
        """By the terms it was booked under."""
        booking = self.bookings[id or ""]
        booking.redemption = redemption
        at = booking.measured_from
        booking.sources = [Source(p.id, n, units, booking.terms, at) for p, n, units in plan]

    def leave(self, id: str | None, package: str, line: int, units: int, unusable: str | None = None) -> None:
        """What was given back by hand, or ended with its package, pays for a booking no more. If it was forfeited,
        it is no more."""
        booking = self.bookings.get(id or "")
        if booking is None:
            return
        if booking.over:
            self._brought_back(booking, package, line, units, unusable)
            return
        left = [
            replace(source, quantity=source.quantity - units)
            if (source.package, source.line) == (package, line)
            else source
            for source in booking.sources
        ]
        booking.sources = [source for source in left if source.quantity > 0]

    def _brought_back(
        self, booking: Booking, package: str, line: int, units: int, unusable: str | None
    ) -> None:
        terms = {(source.package, source.line): source.terms for source in booking.sources}
        told: list[Fate] = []
        for each in booking.outcomes:
            mine = (each.package, each.line) == (package, line) and each.fate == "forfeited"
            back = min(units, each.quantity) if mine else 0
            units -= back
            if each.quantity > back:
                told.append(replace(each, quantity=each.quantity - back))
            if back:
                against = terms[package, line][1] == "forfeit"
                restored = replace(each, fate="restored", overridden=against, unusable=unusable)
                told.append(replace(restored, quantity=back))
        booking.outcomes = told

    # Later

    def _open(self, asking: Asking, id: str) -> Booking:
        booking = self.booking(id)
        self._check_own(asking, booking.customer)
        if booking.status not in ("pending", "confirmed") or booking.attendance is not None:
            raise Refusal("booking-state")
        return booking

    def _check_ahead(self, why: Reasons, asking: Asking, booking: Booking) -> None:
        """What has begun is for the desk."""
        why.when(asking.role == "customer" and booking.start <= asking.now, "booking-state")

    def confirm(self, id: str) -> bool:
        booking = self.booking(id)
        if booking.status != "pending":
            raise Refusal("booking-state")
        booking.status = "confirmed"
        return True

    def move(self, asking: Asking, id: str, start: int) -> bool:
        booking, why = self._open(asking, id), Reasons()
        self._check_ahead(why, asking, booking)
        blocked = asking.role == "customer" and self.books.customers[booking.customer].blocked
        why.when(blocked, "customer-blocked")
        if start == booking.start:
            why.refuse()
            return False
        self._check_starts(why, asking, [start], booking.zone)
        packages = [self.books.packages[package] for package in booking.packages]
        for package in packages:
            then = deepcopy(package)
            self._move_uses(then, asking, id, start)
            why.when(then.cancelled, "package-cancelled")
            why.when(then.expired(max(start, asking.now)), "package-expired")
            why.when(then.was_frozen(start), "package-frozen")
        why.refuse()
        for package in packages:
            self._move_uses(package, asking, id, start)
            for line in package.lines:
                if id in line.holds:
                    moment = package.begin(asking)
                    hold = self.books.release(line, id, moment)
                    line.holds[id] = Hold(hold.quantity, hold.participant, start, moment)
                    self.books.recordings += 1
                    line.changes.append((moment, self.books.recordings, -hold.quantity))
        late = asking.now > booking.free_until
        booking.measured_from = min(booking.measured_from, start) if late else start
        booking.sources = [
            Source(s.package, s.line, s.quantity, s.terms, min(s.measured_from, start))
            if asking.now > s.free_until
            else Source(s.package, s.line, s.quantity, s.terms, start)
            for s in booking.sources
        ]
        booking.start = start
        return True

    def _move_uses(self, package: Package, asking: Asking, id: str, start: int) -> None:
        """What was used when it was booked is for another start now."""
        moving = [use for use in package.uses.values() if use.booking == id and use.in_use]
        if not moving:
            return
        expired = package.expired(package.moment(asking.now))
        package.begin(asking)
        for use in moving:
            use.session = start
        package.follow_first_session(expired)

    def mark(self, asking: Asking, id: str, attendance: str) -> bool:
        """The first mark, or another that corrects it: units, points and money are then as if it were the only one."""
        booking, why = self.booking(id), Reasons()
        before, opens = booking.attendance, booking.start - self.books.opens_minutes * MINUTE
        why.when(booking.status == "cancelled" or asking.now < opens, "booking-state")
        if before == attendance and not why:
            return False
        if before is not None:
            another_day = day_at(booking.marked_at, self.books.zone) != day_at(asking.now, self.books.zone)
            why.when(another_day and asking.role not in ("owner", "manager"), "forbidden")
        why.when(attendance == "no_show" and asking.now < booking.start, "validation-failed")
        why.refuse()
        booking.outcomes, booking.refund_due = [], False
        if attendance == "no_show":
            self._call_off(asking, id, lambda source: (False, False), None)
            if booking.visits:
                turn = booking.visits
                self.books.accounts.takes_back(booking.customer, "visit", id, asking.now, turn=turn)
            booking.refund_due = booking.terms[1] == "restore"
        elif before == "no_show":
            self._came_after_all(asking, id)
        else:
            self._attend(asking, id)
        booking.attendance, booking.marked_at = attendance, asking.now
        if attendance != "no_show":
            booking.visits += before in (None, "no_show")
            self._was_visit(asking, id)
        if booking.status != "completed":
            booking.status = "completed" if attendance == "no_show" else "confirmed"
        return True

    def _came_after_all(self, asking: Asking, id: str) -> None:
        """Its forfeited units are used, and others for those that went back, all of a source or none: from now on."""
        booking, sources, new = self.bookings[id], list[Source](), self._next_part(id)
        for name in booking.packages:
            package = self.books.packages[name]
            mine = [source for source in booking.sources if source.package == name]
            use = package.uses.get(booking.redemption)
            parts = [part for part in use.parts if part[2] and part[0] in use.forfeited] if use else []
            if use is None:
                moment = package.moment(asking.now)
                use = Use(moment, booking.participant, "", "", None, id, booking.service, booking.start, [])
            taken = [(number, n, sorted(units)) for number, n, units in parts]
            for source in mine:
                paying = sum(len(units) for _, n, units in parts if n == source.line)
                missing, line = source.quantity - paying, package.lines[source.line]
                if missing and not package.cancelled and missing <= line.free:
                    taken.append((new, source.line, line.indices("available")[:missing]))
                    new, paying = new + 1, source.quantity
                sources += [replace(source, quantity=paying)] if paying else []
            if taken and not package.cancelled:
                self._use_now(asking, package, use, taken)
        booking.sources = sources

    def _next_part(self, id: str) -> int:
        booking = self.bookings[id]
        uses = [self.books.packages[name].uses.get(booking.redemption) for name in booking.packages]
        return 1 + max((number for use in uses if use for number, _, _ in use.parts), default=0)

    def _use_now(
        self, asking: Asking, package: Package, use: Use, taken: Sequence[tuple[int, int, list[int]]]
    ) -> None:
        booking = self.bookings[use.booking or ""]
        expired, moment = package.expired(package.moment(asking.now)), package.begin(asking)
        use.at, use.staff, use.session = moment, booking.staff or asking.who, booking.start
        use.by, use.location = asking.who, booking.location
        package.uses[booking.redemption] = use
        self.books.recordings += 1
        for number, n, units in taken:
            back = len(units) if number in use.forfeited else 0
            use.parts = [part for part in use.parts if part[0] != number] + [(number, n, units)]
            use.forfeited.discard(number)
            package.move(n, units, "used", booking.redemption)
            package.lines[n].changes.append((moment, self.books.recordings, back - len(units)))
        package.follow_first_session(expired)

    def _was_visit(self, asking: Asking, id: str) -> None:
        """At its start, or now where that is still to come."""
        booking = self.bookings[id]
        at = min(booking.start, asking.now)
        self.books.accounts.gives(booking.customer, "visit", id, at, turn=booking.visits)

    def _attend(self, asking: Asking, id: str) -> None:
        """What it still holds is used, at its start or when it was held, whichever came later."""
        booking, first = self.bookings[id], 1
        for package in (self.books.packages[id] for id in booking.packages):
            lines = [n for n, line in enumerate(package.lines) if id in line.holds]
            lines.sort(key=[source.line for source in booking.sources if source.package == package.id].index)
            if not lines:
                continue
            package.settle(asking.now)
            since = max(package.lines[n].holds[id].since for n in lines)
            at = max(min(booking.start, asking.now), since)
            held = [(package, n, self.books.release(package.lines[n], id, at).quantity) for n in lines]
            by, place = booking.staff, booking.location
            wish = Wish(booking.redemption, booking.service, staff=by, location=place, booking=id)
            use = KnownUse(wish, at, booking.start, booking.participant, ())
            self.books.take(held, use, asking, first)
            first += len(held)

    def complete(self, asking: Asking, id: str) -> bool:
        booking = self.booking(id)
        if booking.attendance == "no_show":
            return False
        if booking.status != "confirmed":
            raise Refusal("booking-state")
        if booking.attendance is None:
            self.mark(asking, id, "attended")
        booking.status = "completed"
        return True

    def cancel(self, asking: Asking, id: str, by: str, override: str | None, reason: bool) -> bool:
        booking, why = self._open(asking, id), Reasons()
        self._check_ahead(why, asking, booking)
        nothing = not booking.sources and booking.paid == 0
        all_in_time = asking.now <= min(booking.free_until, booking.money_free_until)
        deciding = override is not None or by == "business"
        why.when(asking.role == "customer" and deciding, "forbidden")
        if override is not None:
            why.when(not reason or by == "business", "validation-failed")
            why.when(override == "forfeit" and (all_in_time or nothing), "validation-failed")
        why.refuse()
        booking.status = "cancelled"
        business = by == "business"
        self._call_off(asking, id, lambda s: (asking.now <= s.free_until, business), override)
        late = asking.now > booking.money_free_until and not business
        decided = booking.terms[1] if override is None else override
        booking.refund_due = not late or decided == "restore"
        return True

    def _call_off(self, asking: Asking, id: str, judged: Judge, override: str | None) -> None:
        """What becomes of the units, source by source: all of a package share one fate."""
        booking = self.bookings[id]
        fates: dict[str, str] = {}
        for source in booking.sources:
            in_time, business = judged(source)
            by_terms = "restored" if in_time or business or source.terms[1] == "restore" else "forfeited"
            fate = by_terms
            if override is not None and not in_time and not business:
                fate = "restored" if override == "restore" else "forfeited"
            if not self._left(booking, id, source):
                fate = by_terms = "none"
            else:
                fates[source.package] = fate
            package = self.books.packages[source.package]
            unusable = self._unusable(package, asking) if fate == "restored" else None
            booking.outcomes.append(
                Fate(source.package, source.line, source.quantity, in_time, fate, fate != by_terms, unusable)
            )
        first = 1
        for name, fate in fates.items():
            package = self.books.packages[name]
            first += self._settle(asking, id, package, fate, first)

    def _unusable(self, package: Package, asking: Asking) -> str | None:
        if package.cancelled:
            return "package-cancelled"
        return "package-expired" if package.expired(asking.now) else None

    def _left(self, booking: Booking, id: str, source: Source) -> bool:
        package = self.books.packages[source.package]
        use = package.uses.get(booking.redemption)
        used = use is not None and any(units for _, n, units in use.parts if n == source.line)
        return used or id in package.lines[source.line].holds

    def _settle(self, asking: Asking, id: str, package: Package, fate: str, first: int) -> int:
        """How many lines held units of it; `first` is the number of the first allocation of theirs."""
        booking, forfeited = self.bookings[id], []
        moment = package.moment(asking.now)
        held = [(n, line) for n, line in enumerate(package.lines) if id in line.holds]
        if held:
            moment = package.begin(asking)
            taken = [(n, self.books.release(line, id, moment).quantity) for n, line in held]
            forfeited = [
                (first + i, n, package.lines[n].indices("available")[:quantity])
                for i, (n, quantity) in enumerate(taken)
            ]
        elif fate == "restored" or not package.cancelled:
            use = package.uses[booking.redemption]
            forfeited = [(number, n, list(units)) for number, n, units in use.parts if units]
            self.books.give_back(asking, [package], booking.redemption, use.left)
        if fate != "forfeited":
            return len(held)
        self.books.recordings += 1
        new = Use(moment, booking.participant, "", "", None, id, booking.service, booking.start, [])
        use = package.uses.setdefault(booking.redemption, new) if forfeited else new
        for number, n, units in forfeited:
            package.move(n, units, "forfeited", booking.redemption)
            package.lines[n].changes.append((moment, self.books.recordings, -len(units)))
            use.parts = [part for part in use.parts if part[0] != number] + [(number, n, sorted(units))]
            use.forfeited.add(number)
        return len(held)
