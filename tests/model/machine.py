"""The machine: real books of two businesses, driven by every command, legal and illegal, under clocks that
jump, workers that crash, rebuilds and restarts, and held against the reference after every step.

The invariants of `domain.md` are named by their numbers, in `books.py` and here.
"""

import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from api.server.clock.tick import tick
from domain.business.commands import ChangePolicies
from domain.business.facts import Deduct
from domain.decision import Reads
from domain.ledger.errors import ClockSkew, UnknownBusiness
from domain.ledger.mapper import Recorded
from domain.ledger.orders import Done, Order, Preview, RequestKey
from domain.membership.commands import RenewMembership
from domain.membership.facts import MembershipRenewed
from domain.package.commands import CancelPackage, SetExpiry, UndoTransfer, VoidPackage
from domain.package.facts import PackageExpired, ReminderDue
from domain.people.commands import UnmergeCustomers
from domain.people.facts import CustomerErased
from domain.refusals import Refused
from projections.engine.freshness import FreshReads
from tests.model import asking, booking, imports, memberships, points, top_ups
from tests.model.almanac import first_moment, moved
from tests.model.desk import FRONT_DESK, STAFF, Asked, Desk, Draw
from tests.model.installation import Business, Installation, Known
from tests.model.places import Places
from tests.model.plain import Asking, Refusal
from tests.model.reference import Reference
from tests.proved import assert_proved

ZONES = ("Europe/Budapest", "America/New_York", "Africa/Cairo", "Pacific/Auckland", "UTC")
"""Clocks change at 1, 2 and 3 o'clock, and in Cairo at midnight: some of its days begin at 01:00."""
STARTS = ("2026-10-24 20:00", "2026-03-28 12:00", "2027-04-29 12:00", "2028-02-28 23:30", "2026-12-31 12:00")
STEPS = (1, 1_000, 60_000, 3_600_000, 6 * 3_600_000, 86_400_000, 7 * 86_400_000, 31 * 86_400_000)
LONG_STEPS = (366 * 86_400_000, 3_653 * 86_400_000)
LATEST_START = datetime(2150, 1, 1, tzinfo=UTC)
"""The clock goes no further: what is entered may count fifty years ahead, and the books end in 2200."""

MANNERS = (
    ("plain",) * 8 + ("keyed",) * 4 + ("matching", "stale", "previewed", "grouped", "previewed and keyed")
)
CLOCKS_APART_MS = 5 * 60_000
BY_THE_CLOCK = (MembershipRenewed, PackageExpired, ReminderDue)
"""The fact of each command that the clock asks for."""
ENDS_WITHOUT_USE = (CancelPackage, VoidPackage, SetExpiry, UndoTransfer, UnmergeCustomers)
"""Commands that leave less to use, and use nothing up."""
REPEATS = ("same", "other body")


@dataclass(frozen=True)
class Expected:
    """What must come of an order: facts or none, one of these refusals, or the answer given before."""

    changed: bool = False
    refusals: frozenset[str] = frozenset()
    replay: Known | None = None


@dataclass(frozen=True)
class Sent:
    order: Order
    expected: Expected


class Machine(RuleBasedStateMachine):
    """Needs places to keep its books in. With a wrong `reference` it must fail: that is tested too."""

    steps_done = 0
    """Of all machines of this process."""

    def __init__(self, places: Places, reference: type[Reference] = Reference) -> None:
        super().__init__()
        self._places = places
        self._reference = reference
        self.here: Installation

    @initialize(
        zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)), start=st.sampled_from(STARTS)
    )
    def open_two_businesses(self, zones: tuple[str, str], start: str) -> None:
        moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
        self.here = Installation(self._places(), moment, zones, self._reference)
        deducts: tuple[Deduct, Deduct] = ("at_booking", "at_attendance")
        for business, deduct in zip(self.here.businesses, deducts, strict=True):
            for asked in asking.furniture(deduct, self.here.clocks.now_ms):
                self._carry_out(business, [self._sent(business, asked, "stf_olga")])

    def teardown(self) -> None:
        if not hasattr(self, "here"):
            return
        try:
            if sys.exc_info()[0] is None:
                self._look_at_everything()
        finally:
            self.here.close()
            self.here.place.remove()

    # Commands

    @rule(data=st.data())
    def change_what_is_sold(self, data: st.DataObject) -> None:
        policies = (asking.policies, asking.policies)
        self._ask(data, *policies, asking.location, asking.service, asking.offer)

    @rule(data=st.data())
    def change_who_buys(self, data: st.DataObject) -> None:
        self._ask(data, asking.register, asking.standing, asking.household, asking.household)

    @rule(data=st.data())
    def merge_or_unmerge(self, data: st.DataObject) -> None:
        self._ask(data, asking.merge, asking.merge, asking.unmerge)

    @rule(data=st.data())
    def close_or_open_or_let_go(self, data: st.DataObject) -> None:
        self._ask(data, asking.staff, asking.staff, asking.location)

    @rule(data=st.data())
    def sell(self, data: st.DataObject) -> None:
        self._ask(data, asking.sell)

    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        self._ask(data, asking.pay)

    @rule(data=st.data())
    def refund_or_reprice(self, data: st.DataObject) -> None:
        self._ask(data, asking.refund, asking.price)

    @rule(data=st.data())
    def redeem(self, data: st.DataObject) -> None:
        self._ask(data, asking.redeem)

    @rule(data=st.data())
    def redeem_from_a_customer(self, data: st.DataObject) -> None:
        self._ask(data, asking.redeem_any)

    @rule(data=st.data())
    def use_and_give_back(self, data: st.DataObject) -> None:
        """As `redeem` and `restore`, so that they come more often."""
        self._ask(data, asking.redeem, asking.redeem_any, asking.restore)

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self._ask(data, asking.restore)

    @rule(data=st.data())
    def book(self, data: st.DataObject) -> None:
        self._ask(data, booking.make)

    @rule(data=st.data())
    def book_or_change_a_booking(self, data: st.DataObject) -> None:
        self._ask(data, booking.make, booking.later)

    @rule(data=st.data())
    def change_a_booking(self, data: st.DataObject) -> None:
        self._ask(data, booking.later)

    @rule(data=st.data())
    def change_another_booking(self, data: st.DataObject) -> None:
        """As `change_a_booking`, so that it comes more often."""
        self._ask(data, booking.later, booking.later, booking.make)

    @rule(data=st.data())
    def mark_a_booking(self, data: st.DataObject) -> None:
        """As `change_a_booking`, so that marks come often enough to be corrected."""
        self._ask(data, booking.mark)

    @rule(data=st.data())
    def top_up(self, data: st.DataObject) -> None:
        self._ask(data, top_ups.set_up, top_ups.answer, top_ups.answer, top_ups.turn)

    @rule(data=st.data())
    def join_or_leave(self, data: st.DataObject) -> None:
        self._ask(data, memberships.start, memberships.start, memberships.plan, memberships.end)

    @rule(data=st.data())
    def pause_or_go_on(self, data: st.DataObject) -> None:
        self._ask(data, memberships.pause, memberships.pause, memberships.resume)

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        self._ask(data, memberships.renew, memberships.renew, memberships.start)

    @rule(data=st.data())
    def bring_in_a_balance(self, data: st.DataObject) -> None:
        self._ask(data, imports.receive, imports.receive, imports.void)

    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        """Nobody is left of whom anything is known, and every total stays (invariant 13)."""
        if data.draw(st.integers(0, 2)) == 0:
            self._ask(data, asking.erase)

    @rule(data=st.data())
    def move_points(self, data: st.DataObject) -> None:
        self._ask(data, points.move)

    @rule(data=st.data())
    def move_more_points(self, data: st.DataObject) -> None:
        """As `move_points`, so that it comes more often."""
        self._ask(data, points.move)

    @rule(data=st.data())
    def correct(self, data: st.DataObject) -> None:
        self._ask(data, asking.correct)

    @rule(data=st.data())
    def change_how_long_it_lasts(self, data: st.DataObject) -> None:
        self._ask(data, asking.expiry, asking.expiry, asking.reinstate)

    @rule(data=st.data())
    def freeze_or_unfreeze(self, data: st.DataObject) -> None:
        self._ask(data, asking.freeze, asking.unfreeze)

    @rule(data=st.data())
    def share_or_note(self, data: st.DataObject) -> None:
        self._ask(data, asking.share, asking.places, asking.note)

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        self._ask(data, asking.cancel, asking.void)

    @rule(data=st.data(), number=st.integers(2, 8))
    def ask_for_several_at_once(self, data: st.DataObject, number: int) -> None:
        """A batch: decided in order, each on what those before it left; keys may come twice in it."""
        business = self._business(data)
        self._renew_what_is_due(business)
        members = business.reference.members.members.values()
        if any(member.is_due(self.here.moment(business)) for member in members):
            return  # a customer who may buy again within the batch would be granted it first
        batch: list[Sent] = []
        answered = {known.key.key: known for known in business.requests}
        fresh: dict[str, RequestKey] = {}
        for _ in range(number):
            key = data.draw(st.sampled_from([None, "new"] * 4 + [*fresh, *list(answered)[-1:]]))
            request = None
            if key is not None:
                repeated = fresh.get(key) or (answered[key].key if key in answered else None)
                request = repeated or self._new_key(business)
                fresh.setdefault(request.key, request)
            what = data.draw(st.sampled_from(asking.ANYTHING))
            batch.append(self._prepare(data, business, what, request, "plain", batch))
        self._carry_out(business, batch)

    @rule(data=st.data(), repeat=st.sampled_from(REPEATS))
    def repeat_a_request(self, data: st.DataObject, repeat: str) -> None:
        """The same key again: the same answer for ever; with another body it is refused (invariant 7)."""
        business = self._business(data)
        self._renew_what_is_due(business)
        if not business.requests:
            return
        known = data.draw(st.sampled_from(business.requests))
        what = data.draw(st.sampled_from(asking.ANYTHING))
        key = known.key
        if repeat == "other body":
            key = self.here.ledger(business).request(key.key, b"another body")
        self._carry_out(business, [self._prepare(data, business, what, key)])

    @rule(data=st.data())
    def try_a_refused_request_again(self, data: st.DataObject) -> None:
        """A refusal is not remembered: the same key is decided anew."""
        business = self._business(data)
        self._renew_what_is_due(business)
        if business.refused_keys:
            key = data.draw(st.sampled_from(business.refused_keys))
            what = data.draw(st.sampled_from(asking.ANYTHING))
            self._carry_out(business, [self._prepare(data, business, what, key)])

    # Time

    @rule(by=st.sampled_from(STEPS * 3 + LONG_STEPS), microseconds=st.sampled_from([0, 0, 1, 999]))
    def time_passes(self, by: int, microseconds: int) -> None:
        self._count()
        if self.here.clocks.process < LATEST_START:
            self.here.clocks.step(timedelta(milliseconds=by, microseconds=microseconds))

    @rule(
        which=st.integers(0, 1),
        days=st.sampled_from([1, 1, 2, 8, 32]),
        ms=st.sampled_from([-1, 0, 1]),
        where=st.sampled_from([None, None, "loc_pier"]),
    )
    def midnight_comes(self, which: int, days: int, ms: int, where: str | None) -> None:
        """To one side of the first moment of a day, or to that moment."""
        self._count()
        here, clocks = self.here, self.here.clocks
        zone = here.businesses[which].reference.zone_at(where)
        day = moved(clocks.process.date(), days)
        goal = timedelta(milliseconds=first_moment(day, zone) + ms - clocks.now_ms)
        if clocks.process < LATEST_START:
            clocks.step(goal)

    @rule(data=st.data(), ms=st.sampled_from([-1, 0, 0, 0, 1, 3_600_000, 40 * 86_400_000]))
    def a_period_begins(self, data: st.DataObject, ms: int) -> None:
        """Of some membership: to one side of that moment, to that moment, or long after it; often it is renewed."""
        here, clocks = self.here, self.here.clocks
        members = [m for each in here.businesses for m in each.reference.members.members.values()]
        moments = sorted({m.next_at for m in members if m.next_at is not None and m.next_at > clocks.now_ms})
        if moments and clocks.process < LATEST_START:
            goal = data.draw(st.sampled_from(moments[:2])) + ms - clocks.now_ms
            clocks.step(timedelta(milliseconds=max(goal, 0)))
        self._ask(data, memberships.renew)

    @rule(
        by=st.sampled_from([1, 1_000, 60_000, 300_000, 300_000, 3_600_000, 25 * 3_600_000]),
        whose=st.sampled_from(["process", "store", "both"]),
    )
    def a_clock_is_put_back(self, by: int, whose: str) -> None:
        self._count()
        back = timedelta(milliseconds=-by)
        self.here.clocks.step(back, process=whose != "store", store=whose != "process")

    @rule(data=st.data())
    def something_is_due(self, data: st.DataObject) -> None:
        self._ask(data, asking.by_the_clock)

    @rule(again=st.booleans())
    def the_clock_ticks(self, again: bool) -> None:
        """It finds all that is due, and nothing else; a second tick has nothing left."""
        self._count()
        self._set_the_clock_right(apart_ms=0)
        here, now = self.here, self.here.clocks.now_ms
        reads = FreshReads(here.carnet.store, here.views, here.runner, patience_s=None)
        for business in here.businesses:
            recorded = [done.recorded for done in tick(here.carnet, reads, [business.id])]
            new = business.books.learn(here.ledger(business).recorder)
            asked = [fact for fact in new if isinstance(fact.fact, BY_THE_CLOCK)]
            assert sum(recorded) == len(asked)
            self._judge_renewals(business, asked, now)
            self._judge_tick(business, {(fact.stream_id, type(fact.fact)) for fact in asked}, now)
            if again:
                done = list(tick(here.carnet, reads, [business.id]))
                assert not any(each.recorded or each.error for each in done)
            self._check_still_erased(business)
            self._check_after(business, {fact.stream_id for fact in new})

    def _judge_renewals(self, business: Business, made: Sequence[Recorded], now: int) -> None:
        """Every period that was missed is granted, and nothing is due after it but of who may not buy."""
        members, asking = business.reference.members, Asking(now, "clock", "integration")
        for fact in made:
            if isinstance(fact.fact, MembershipRenewed):
                assert members.renew(asking, fact.stream_id, fact.fact.period)
        for id, member in members.members.items():
            assert not member.is_due(now) or not members.may_renew(member), id

    def _judge_tick(self, business: Business, made: set[tuple[str, type[Any]]], now: int) -> None:
        """Where a package knows of later moments than the clock, the clock may find it later."""
        reference, asking = business.reference, Asking(now, "clock", "integration")
        for id, package in reference.packages.items():
            for kind, ask in ((PackageExpired, reference.record_expiry), (ReminderDue, reference.remind)):
                was_made = (id, kind) in made
                if package.latest > now and not was_made:
                    continue
                try:
                    due = ask(asking, id)
                except Refusal:
                    due = False
                assert due == was_made, (id, kind)

    # Read tables, workers and processes

    @rule(facts_per_page=st.sampled_from([1, 2, 3, 5, 1_000]), pages=st.sampled_from([1, 2, 50]))
    def a_worker_works(self, facts_per_page: int, pages: int) -> None:
        self._count()
        self.here.runner = self.here.new_runner(facts_per_page)
        for _ in range(pages):
            if not self.here.runner.step():
                break
        self._check_tables()

    @rule(after=st.integers(0, 12), facts_per_page=st.sampled_from([1, 3, 1_000]))
    def a_worker_crashes_and_the_other_goes_on(self, after: int, facts_per_page: int) -> None:
        self._count()
        self.here.crash_a_worker(after, facts_per_page)
        self._check_tables()
        self.here.runner.step()
        self._check_tables()

    @rule(which=st.integers(0, 20), whole=st.booleans())
    def a_read_table_is_made_anew(self, which: int, whole: bool) -> None:
        """In one go, or the rest of it another time."""
        self._count()
        if whole:
            self.here.finish_rebuild(which)
            self._check_tables()
        else:
            self.here.begin_rebuild(which)

    @rule()
    def the_process_ends_and_another_starts(self) -> None:
        self._count()
        self.here.reopen()
        for business in self.here.businesses:
            assert self.here.ledger(business).recorder.head() == business.books.head

    # Looking

    @rule(which=st.integers(0, 10_000))
    def ask_about_the_past(self, which: int) -> None:
        self._count()
        for business in self.here.businesses:
            business.books.check_past(self.here.ledger(business), which)
            business.books.remember()

    @rule(which=st.integers(0, 10_000))
    def ask_what_is_owed(self, which: int) -> None:
        self._count()
        for business in self.here.businesses:
            business.books.check_liability(self.here.ledger(business), self.here.clocks.now_ms, which)
            business.books.check_movements(self.here.ledger(business), self.here.clocks.now_ms, which)
            business.books.check_entries(self.here.ledger(business), which)

    @rule()
    def look_at_every_package(self) -> None:
        self._count()
        for business in self.here.businesses:
            business.books.check_all(self.here.clocks.now_ms)

    @rule(id=st.sampled_from(["biz_unknown", "pkg_1"]))
    def ask_about_a_business_that_does_not_exist(self, id: str) -> None:
        self._count()
        try:
            self.here.carnet.ledger(id).recorder.head()
        except UnknownBusiness:
            return
        raise AssertionError("there is no such ledger")

    def _look_at_everything(self) -> None:
        """The end of a run: every check there is."""
        here = self.here
        for business in here.businesses:
            business.books.check_all(here.clocks.now_ms)
            business.books.check_chain(here.ledger(business).recorder)
            self._check_still_erased(business)
            for which in range(0, len(business.books.remembered), 7):
                business.books.check_past(here.ledger(business), which)
            for which in range(9):
                business.books.check_liability(here.ledger(business), here.clocks.now_ms, which)
            business.books.check_movements(here.ledger(business), here.clocks.now_ms, 5)
            business.books.check_entries(here.ledger(business), 5)
        while here.new_runner().step():
            pass
        self._check_tables()
        heads = {business.id: business.books.head.position for business in here.businesses}
        assert dict(here.carnet.store.heads()) == heads
        assert_proved(here.carnet.store)

    def _check_tables(self) -> None:
        for business in self.here.businesses:
            business.books.check_tables(self.here.views)

    # How a command is asked and its answer judged

    def _count(self) -> None:
        Machine.steps_done += 1

    def _set_the_clock_right(self, apart_ms: int = CLOCKS_APART_MS) -> None:
        """Of a process whose clock is behind what a ledger has recorded. Further behind than hosts may be apart,
        nothing could be decided."""
        clocks = self.here.clocks
        for business in self.here.businesses:
            behind_ms = business.books.head.recorded_at - clocks.now_ms
            if behind_ms > CLOCKS_APART_MS:
                ledger = self.here.ledger(business)
                with pytest.raises(ClockSkew):
                    ledger.execute([self.here.order(ChangePolicies(payment_required=False), "stf_olga")])
                assert ledger.recorder.head() == business.books.head
            if behind_ms > apart_ms:
                clocks.step(timedelta(milliseconds=behind_ms), store=False)

    def _business(self, data: st.DataObject) -> Business:
        self._count()
        self._set_the_clock_right()
        business: Business = data.draw(st.sampled_from(self.here.businesses).map(_unprinted)).it
        return business

    def _renew_what_is_due(self, business: Business) -> None:
        """What would come before most commands comes on its own, so that each answer has its own facts."""
        members, now = business.reference.members, self.here.moment(business)
        for id, member in members.members.items():
            while member.is_due(now) and members.may_renew(member):
                period = member.period + 1
                renewing = RenewMembership(membership_id=id, period=period)
                asked = Asked(renewing, partial(_renewed, id=id, period=period), id)
                self._carry_out(business, [self._sent(business, asked, "stf_olga")])

    def _new_key(self, business: Business) -> RequestKey:
        number = next(self.here.numbers)
        return self.here.ledger(business).request(f"key-{number}", b"body %d" % number)

    def _ask(self, data: st.DataObject, *choices: Callable[[Desk], Asked]) -> None:
        """One command, asked for in one of many manners."""
        what = choices[0] if len(choices) == 1 else data.draw(st.sampled_from(choices))
        business, manner = self._business(data), data.draw(st.sampled_from(MANNERS))
        if what is not memberships.renew:
            self._renew_what_is_due(business)
        key = self._new_key(business) if "keyed" in manner else None
        sent = self._prepare(data, business, what, key, manner)
        if "previewed" in manner:
            self._preview(business, sent)
        self._carry_out(business, [sent], grouped=manner == "grouped")

    def _prepare(
        self,
        data: st.DataObject,
        business: Business,
        what: Callable[[Desk], Asked],
        key: RequestKey | None = None,
        manner: str = "plain",
        before: Sequence[Sent] = (),
    ) -> Sent:
        """Draw a command and who asks for it."""
        who = data.draw(st.sampled_from([*STAFF, FRONT_DESK, *["stf_olga"] * 4]))
        asked = data.draw(_asked(what, business.reference, self.here))
        return self._sent(business, asked, asked.who or who, key, manner, before)

    def _sent(
        self,
        business: Business,
        asked: Asked,
        who: str,
        key: RequestKey | None = None,
        manner: str = "plain",
        before: Sequence[Sent] = (),
    ) -> Sent:
        """Let the reference say what must come of a command, after those `before` it in its batch."""
        if_match = self._version(business, asked, manner)
        order = self.here.order(asked.command, who, key, if_match)
        return Sent(order, self._expected(business, asked, order, before))

    def _version(self, business: Business, asked: Asked, manner: str) -> tuple[int, ...] | None:
        if asked.target is None or manner not in ("matching", "stale"):
            return None
        target = business.books.reference.called(asked.target)
        return (business.books.versions.get(target, 0) + (manner == "stale"),)

    def _expected(self, business: Business, asked: Asked, order: Order, before: Sequence[Sent]) -> Expected:
        if order.request is not None:
            for known in business.requests:
                if known.key.key == order.request.key:
                    if known.key.fingerprint != order.request.fingerprint:
                        return Expected(refusals=frozenset(["idempotency-key-reused"]))
                    if known.erased and known.changed:
                        return Expected(refusals=frozenset(["erased"]))
                    return Expected(replay=known, refusals=frozenset(["erased"] if known.erased else []))
            for sent in before:
                if sent.order.request == order.request and not sent.expected.refusals:
                    return sent.expected
        version = business.books.versions.get(business.books.reference.called(asked.target or ""), 0)
        stale = order.if_match is not None and version not in order.if_match
        if stale and version:
            return Expected(refusals=frozenset(["version-mismatch"]))
        who = self.here.asking(business, order.actor.id)
        books = deepcopy(business.reference) if stale else business.reference
        rules = books.top_ups
        if books.erasures.customers and (judged := self._judged_by_erasures(books, asked, order, who)):
            return judged
        try:
            left = rules.left(who.now)
            changed = asked.by_reference(books, who)
        except Refusal as refusal:
            return Expected(refusals=refusal.codes)
        if stale:
            return Expected(refusals=frozenset(["version-mismatch"]))
        rules.react(left, who, uses=not isinstance(order.command, ENDS_WITHOUT_USE))
        return Expected(changed)

    def _judged_by_erasures(
        self, books: Reference, asked: Asked, order: Order, who: Asking
    ) -> Expected | None:
        """What an erasure has to say to a command; None: nothing."""
        if books.erasures.names(order.command):
            # Whatever else speaks against it may be told first.
            others = self._refusals(deepcopy(books), asked, who)
            return Expected(refusals=frozenset(["erased"]) | others)
        after = deepcopy(books)
        others = self._refusals(after, asked, who)
        if others:
            return Expected(refusals=others | {"erased"})
        return (
            Expected(refusals=frozenset(["erased"])) if books.erasures.changes(after, order.command) else None
        )

    def _refusals(self, books: Reference, asked: Asked, who: Asking) -> frozenset[str]:
        try:
            left = books.top_ups.left(who.now)
            asked.by_reference(books, who)
        except Refusal as refusal:
            return refusal.codes
        books.top_ups.react(left, who, uses=False)
        return frozenset()

    def _preview(self, business: Business, sent: Sent) -> None:
        """A dry run tells what would happen, and nothing happens (invariant 5)."""
        ledger, head = self.here.ledger(business), business.books.head
        seen: Preview | Refused
        try:
            seen = ledger.preview(sent.order)
        except Refused as refusal:
            seen = refusal
        if isinstance(seen, Refused):
            assert seen.code in sent.expected.refusals, (seen.code, sent)
        else:
            assert not sent.expected.refusals
            assert bool(seen.facts) == sent.expected.changed
            assert seen.position == head.position
        assert ledger.recorder.head() == head

    def _carry_out(self, business: Business, batch: list[Sent], *, grouped: bool = False) -> None:
        """Send orders, judge every answer, learn what was recorded, and look at what it touched."""
        ledger, before = self.here.ledger(business), business.books.head
        orders = [sent.order for sent in batch]
        results = [ledger.execute_grouped(orders[0])] if grouped else ledger.execute(orders)
        new = business.books.learn(ledger.recorder)
        free = {fact.position for fact in new}
        for sent, result in zip(batch, results, strict=True):
            note(
                f"{business.id} {self.here.clocks.process} {sent.order.actor.id} "
                f"{sent.order.command!r} -> {result!r}"
            )
        for sent, result in zip(batch, results, strict=True):
            self._judge(business, sent, result, before.recorded_at, free)
        assert not free, f"facts that belong to no answer: {free}"
        self._remember_refused(business, batch)
        for fact in new:
            if isinstance(fact.fact, CustomerErased):
                self._check_erased(business, fact)
        self._check_after(business, {fact.stream_id for fact in new})

    def _check_erased(self, business: Business, erased: Recorded) -> None:
        """Nothing is left, and no answer about the customer is given again but that of the erasure itself."""
        customer_id = erased.stream_id
        assert set(self.here.ledger(business).recorder.personal_data(customer_id).values()) == {0}
        theirs = business.books.positions_of(customer_id)
        for n, known in enumerate(business.requests):
            mine = set(range(known.done.first, known.done.last + 1)) if known.changed else set()
            if erased.position not in mine and (theirs & mine or not known.changed):
                business.requests[n] = replace(known, erased=True)

    def _check_still_erased(self, business: Business) -> None:
        """Whatever was recorded since, nothing is about who was erased."""
        for customer_id in business.reference.erasures.customers:
            assert set(self.here.ledger(business).recorder.personal_data(customer_id).values()) == {0}

    def _judge(
        self, business: Business, sent: Sent, result: Done | Refused, head_ms: int, free: set[int]
    ) -> None:
        order, expected = sent.order, sent.expected
        if isinstance(result, Refused):
            assert result.code in expected.refusals, f"refused: {result.code} {result}; expected {expected}"
            return
        assert expected.replay or not expected.refusals, f"done, but expected {expected.refusals}"
        known = expected.replay or self._answered(business, order)
        if known is not None:
            assert result.replayed
            assert (result.body, result.first, result.last) == (
                known.done.body,
                known.done.first,
                known.done.last,
            )
            assert result.recorded_at == known.done.recorded_at
            return
        self.here.check_answer(business, result, head_ms)
        mine = set(range(result.first, result.last + 1)) if expected.changed else set()
        assert mine <= free, "an answer names facts that were there before"
        assert mine or not expected.changed
        assert expected.changed or result.first == result.last
        free -= mine
        if order.request is not None:
            business.requests.append(Known(order.request, result, expected.changed))

    def _answered(self, business: Business, order: Order) -> Known | None:
        if order.request is None:
            return None
        return next((known for known in business.requests if known.key == order.request), None)

    def _remember_refused(self, business: Business, batch: list[Sent]) -> None:
        """What was refused left no trace, not even of its key."""
        keys = {known.key.key for known in business.requests}
        refused = [
            sent.order.request for sent in batch if sent.order.request and sent.order.request.key not in keys
        ]
        if refused:
            loaded = self.here.ledger(business).recorder.load(Reads(), [key.key for key in refused])
            assert not loaded.answered
            business.refused_keys += refused

    def _check_after(self, business: Business, touched: set[str]) -> None:
        for package_id in touched & set(business.books.packages):
            business.books.check_package(package_id, self.here.clocks.now_ms)
        for booking_id in touched & set(business.books.bookings):
            business.books.check_booking(booking_id)
        business.books.check_accounts(touched)
        business.books.check_rules(self.here.clocks.now_ms)
        business.books.check_members(self.here.clocks.now_ms)
        for other in self.here.businesses:
            assert self.here.ledger(other).recorder.head() == other.books.head


class _unprinted:
    """Keeps a whole business out of the printed example; its id is enough."""

    def __init__(self, it: Any) -> None:
        self.it = it

    def __repr__(self) -> str:
        return str(self.it.id)


def _renewed(books: Reference, asking: Asking, *, id: str, period: int) -> bool:
    return books.members.renew(asking, id, period)


@st.composite
def _asked(draw: Draw, what: Callable[[Desk], Asked], books: Reference, here: Installation) -> Asked:
    return what(Desk(draw, books, here.clocks.now_ms, lambda: next(here.numbers)))
