"""The real books of one business as the machine has come to know them: every fact, and what they fold into.

`learn()` takes in what was recorded since the last time and checks each fact's place, moment and seal on the
way; the other methods hold tables, streams and the reference against it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from itertools import product
from struct import pack
from typing import Any, get_args

from sqlalchemy import select

from api.resources.packages.card import render
from domain.booking.facts import BookingMade
from domain.booking.state import Booking
from domain.booking.state import evolve as evolve_booking
from domain.business.facts import Policies
from domain.ledger.carnet import Ledger
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.mapper import Recorded, recorded
from domain.membership.state import Membership
from domain.membership.state import evolve as evolve_membership
from domain.moments import beyond, start_of
from domain.package.evolution import evolve
from domain.package.state import Package as PackageState
from domain.package.units import AVAILABLE, CORRECTED, FORFEITED, LAPSED, TRANSFERRED, USED, USED_BEFORE
from domain.points.state import PointsAccount
from domain.points.state import evolve as evolve_points
from domain.top_up.state import TopUp
from domain.top_up.state import evolve as evolve_top_up
from projections.engine.definition import Key, Projection, Row, changed_rows, fold
from projections.engine.tables import ReadTables
from projections.models.card_columns import card_status, is_inconsistent
from projections.models.packages import CARDS
from projections.models.points import POINTS, entry
from projections.models.units import UNITS
from replay.all_packages import PackagesThen, packages_then
from replay.as_of import asked
from replay.reports.entries import corrections, late_entries, page_of, recorded_period
from replay.reports.kept_form import Keeping
from replay.reports.kept_movements import KeptMovements
from replay.reports.kept_sums import KeptSums
from replay.reports.liability import liability
from replay.reports.movements import (
    CAUSES,
    Clock,
    Movement,
    Owed,
    Period,
    closing_of,
    lines,
    movements,
    period_of,
)
from replay.reports.reasons import reasons
from replay.reports.sales import sales
from tests.domain.books import check_line_facts, remainders
from tests.model.accounts import Entry
from tests.model.almanac import moment_of
from tests.model.plain import Booking as ExpectedBooking
from tests.model.plain import Fate, Package, account_of
from tests.model.reference import Reference
from tests.replay import second_opinion
from tests.replay.kept_entries import KeptEntries

STATES = {
    "available": AVAILABLE,
    "used": USED,
    "forfeited": FORFEITED,
    "corrected": CORRECTED,
    "lapsed": LAPSED,
    "transferred": TRANSFERRED,
    "used before": USED_BEFORE,
}
PAGE = 7
"""Facts read at a time: small, so that pages end everywhere."""

Rows = dict[Key, Row]


def sealed(previous: bytes, fact: StoredFact) -> bytes:
    """The hash that design.md (The store) asks for, computed from what is stored."""
    fields = (
        fact.business_id.encode(),
        pack(">q", fact.position),
        fact.kind.encode(),
        fact.stream_id.encode(),
        pack(">i", fact.version),
        fact.name.encode(),
        pack(">i", fact.name_version),
        fact.data,
        fact.meta,
        pack(">q", fact.recorded_at),
    )
    return sha256(previous + b"".join(pack(">i", len(part)) + part for part in fields)).digest()


@dataclass
class Books:
    """What is known of one business. `reference` is the second opinion on it."""

    business_id: str
    reference: Reference
    facts: list[Recorded] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    packages: dict[str, PackageState | None] = field(default_factory=dict)
    bookings: dict[str, Booking | None] = field(default_factory=dict)
    """What became of the units of bookings that did not take place."""
    made_by: dict[str, str] = field(default_factory=dict)
    """Who made a booking: its customer, or the business."""
    accounts: dict[str, PointsAccount] = field(default_factory=dict)
    rules: dict[str, TopUp] = field(default_factory=dict)
    """Rules that top up."""
    members: dict[str, Membership] = field(default_factory=dict)
    entries: dict[str, list[Recorded]] = field(default_factory=dict)
    """The facts of an account."""
    balances: dict[Key, Row | None] = field(default_factory=dict)
    """The read table of points, by customer."""
    cards: dict[Key, Row | None] = field(default_factory=dict)
    units: dict[Key, Row | None] = field(default_factory=dict)
    sums: KeptSums = field(default_factory=lambda: KeptSums("UTC"))
    """Of the reports, brought on as the books grow."""
    kept: KeptEntries = field(default_factory=lambda: KeptEntries("UTC"))
    """Late entries, corrections and reasons of the reports, brought on as well."""
    places: KeptMovements = field(default_factory=lambda: KeptMovements("UTC"))
    """Of single movements, likewise."""
    remembered: list[tuple[str, int, Row]] = field(default_factory=list)
    """(package, version, its card then): what the past must go on saying."""
    past: list[tuple[int, Rows]] = field(default_factory=list)
    """(moment, all cards made of the facts recorded before it)."""

    # What was recorded

    @property
    def head(self) -> Head:
        if not self.facts:
            return Head(0, sha256(b"carnet/1" + self.business_id.encode()).digest(), 0)
        last = self.facts[-1].stored
        return Head(last.position, last.hash, last.recorded_at)

    def learn(self, recorder: LedgerRecorder) -> list[Recorded]:
        """Read and check what is new (invariants 2, 3 and 12); the facts of it."""
        new: list[Recorded] = []
        while page := recorder.facts(after=self.head.position, limit=PAGE):
            for stored in page:
                self._enter(recorded(stored))
                new.append(self.facts[-1])
        assert recorder.head() == self.head
        return new

    def _enter(self, fact: Recorded) -> None:
        stored, head = fact.stored, self.head
        assert stored.business_id == self.business_id
        assert stored.position == head.position + 1
        assert stored.version == self.versions.get(stored.stream_id, 0) + 1
        assert stored.recorded_at >= head.recorded_at
        assert stored.hash == sealed(head.hash, stored)
        assert fact.fact.to_bytes() == stored.data
        self.facts.append(fact)
        self.versions[stored.stream_id] = stored.version
        if stored.kind == "booking":
            self._enter_booking(stored.stream_id, fact.fact)
        if stored.kind == "top_up":
            made: Any = fact.fact
            self.rules[stored.stream_id] = evolve_top_up(self.rules.get(stored.stream_id), made)
        if stored.kind == "membership":
            told: Any = fact.fact
            self.members[stored.stream_id] = evolve_membership(self.members.get(stored.stream_id), told)
        if stored.kind == "points":
            self._enter_points(stored.stream_id, fact)
        if stored.kind != "package":
            return
        self.packages[stored.stream_id] = evolve(self.packages.get(stored.stream_id), fact.fact)  # type: ignore[arg-type]
        for projection, rows in ((CARDS, self.cards), (UNITS, self.units)):
            if type(fact.fact) in projection.handles:
                rows.update(changed_rows(projection, rows, fact, projection.keys(fact)))
        self.remembered.append((stored.stream_id, stored.version, self._card(stored.stream_id)))

    def positions_of(self, customer_id: str) -> set[int]:
        """The positions of all facts about a customer, and about what was theirs."""
        return {fact.position for fact in self.facts if self._owner(fact.stored) == customer_id}

    def _owner(self, stored: StoredFact) -> str | None:
        id = stored.stream_id
        if stored.kind == "points":
            return "cus_" + id.removeprefix("acc_")
        state = self.packages.get(id) or self.bookings.get(id) or self.rules.get(id)
        return id if state is None else state.customer_id

    def _enter_booking(self, booking_id: str, fact: Any) -> None:
        self.bookings[booking_id] = evolve_booking(self.bookings.get(booking_id), fact)
        if isinstance(fact, BookingMade):
            self.made_by[booking_id] = fact.by

    def _enter_points(self, account_id: str, fact: Recorded) -> None:
        made: Any = fact.fact
        self.accounts[account_id] = evolve_points(self.accounts.get(account_id), made)
        self.entries.setdefault(account_id, []).append(fact)
        self.balances.update(changed_rows(POINTS, self.balances, fact, POINTS.keys(fact)))

    def _card(self, package_id: str) -> Row:
        card = self.cards[package_id,]
        assert card is not None
        return card

    def check_chain(self, recorder: LedgerRecorder) -> None:
        """Read all of it again: what was seen once is still there, byte for byte, and nothing else is."""
        stored = recorder.facts(limit=len(self.facts) + 10)
        assert list(stored) == [fact.stored for fact in self.facts]

    # Against the reference

    def check_package(self, package_id: str, now: int) -> None:
        """One package: state, card and stamps against each other and against the reference."""
        expected, card = self.reference.packages[package_id], self._card(package_id)
        state = self.packages[package_id]
        assert state is not None
        required = self.reference.payment_required
        terms = Policies(payment_required=required, reminder_lead_days=self.reference.reminder_lead)
        shown = render(card, moment_of(now), {}, recorded_at="", terms=terms)
        wrong = differing(picture(shown), expected_picture(expected, now, payment_required=required))
        reminder = (shown["reminder"]["status"], shown["reminder"]["due_on"], shown["reminder"]["sent_at"])
        assert reminder == expected.reminder_at(now, self.reference.reminder_lead)
        assert state.lapse_recorded == expected.lapse
        assert card["lapse_recorded"] == (expected.lapse and str(expected.lapse))
        assert not wrong, f"{package_id}, shown and expected: {wrong}"
        assert not is_inconsistent(card)
        _check_equations(shown)
        self._check_units(expected, state)
        moment = moment_of(now)
        assert state.status(moment) == card_status(card, moment) == expected.status(now)
        assert (state.remaining, state.paid, state.owing) == (
            expected.remaining,
            expected.paid,
            expected.owing,
        )
        assert state.version == card["version"] == self.versions[package_id]

    def _check_units(self, expected: Package, state: PackageState) -> None:
        for number, line in enumerate(expected.lines, 1):
            assert state.lines[number - 1].held == line.held
            assert state.lines[number - 1].values == tuple(unit.value for unit in line.units)
            assert state.lines[number - 1].states == b"".join(STATES[unit.state] for unit in line.units)
            stamps = [self.units[expected.id, number, n] for n in range(1, len(line.units) + 1)]
            assert (expected.id, number, len(line.units) + 1) not in self.units
            for stamp, unit in zip(stamps, line.units, strict=True):
                assert stamp is not None
                assert (stamp["state"], stamp["value"]) == (unit.state.replace(" ", "_"), unit.value)
                assert unit.state != "used" or stamp["redemption_id"] == unit.redemption
        assert sum(unit.value for line in expected.lines for unit in line.units) == expected.price

    def check_booking(self, booking_id: str) -> None:
        """One booking against the reference."""
        expected, state = self.reference.diary.bookings[booking_id], self.bookings[booking_id]
        assert state is not None
        wrong = differing(picture_of_booking(state), expected_booking(expected))
        assert not wrong, f"{booking_id}, shown and expected: {wrong}"
        assert [
            Fate(o.package_id, o.line - 1, o.quantity, o.in_time, o.outcome, o.overridden, o.unusable)
            for o in state.outcomes
        ] == expected.outcomes
        assert self.made_by[booking_id] == expected.by

    def check_rules(self, now: int) -> None:
        """Every rule that tops up, and all its attempts, against the reference: none was opened twice or forgotten."""
        expected = self.reference.top_ups.rules
        assert set(self.rules) == set(expected)
        for id, rule in self.rules.items():
            assert rule.status == expected[id].status, id
            found = [
                (each.status(moment_of(now)), each.failures, each.package_id, each.month)
                for each in rule.attempts.values()
            ]
            wanted = [
                (each.status(now), each.failures, each.package, each.month) for each in expected[id].tries
            ]
            assert found == wanted, f"{id}, found and expected: {found}, {wanted}"

    def check_members(self, now: int) -> None:
        """Every membership, its present period and when the next one begins, against the reference."""
        expected = self.reference.members.members
        assert set(self.members) == set(expected)
        for id, state in self.members.items():
            wanted = expected[id]
            paused = None if state.paused_on is None else (state.paused_on, state.paused_until)
            found = (state.period, state.package_id, state.period_starts_on, state.ends_on, state.ending)
            assert (*found, paused) == (
                wanted.period,
                wanted.package,
                wanted.first,
                wanted.ends_on,
                wanted.ending,
                wanted.pause,
            ), id
            next_at = None if wanted.next_at is None else moment_of(wanted.next_at)
            assert (state.next_at, state.status(moment_of(now))) == (next_at, wanted.status(now)), id

    def check_accounts(self, touched: Collection[str]) -> None:
        """All accounts are there with all their entries; those that were touched are as they must be."""
        expected = self.reference.accounts.accounts
        found = {id: len(facts) for id, facts in self.entries.items()}
        wanted = {account_of(customer): len(account.entries) for customer, account in expected.items()}
        assert found == wanted, f"entries of points, found and expected: {found}, {wanted}"
        for customer in expected:
            if account_of(customer) in touched:
                self.check_account(customer)

    def check_account(self, customer: str) -> None:
        """Every entry, the balance and the additions of one customer, and the row that lists show of them."""
        account, id = self.reference.accounts.of(customer), account_of(customer)
        for made, expected in zip(self.entries[id], account.entries, strict=True):
            told: Any = made.fact
            expected.id = expected.id or told.entry_id
            wrong = differing(picture_of_entry(made), expected_entry(expected))
            assert not wrong, f"{id} at {made.version}, shown and expected: {wrong}"
        state, additions = self.accounts[id], account.additions()
        assert {added: (its.points, its.reversed) for added, its in state.additions.items()} == {
            addition.id: (addition.points, account.taken_back(addition)) for addition in additions
        }
        assert len(state.others) + len(additions) == len(account.entries), "an id came twice"
        assert (state.balance, state.granted) == (account.balance, account.given)
        row = self.balances[customer,]
        assert row is not None
        assert (row["balance"], row["version"]) == (account.balance, len(account.entries))

    def check_all(self, now: int) -> None:
        """Every package, booking and account, and the liability (invariants 1 and 10)."""
        self.check_accounts(self.entries)
        assert set(self.bookings) == set(self.reference.diary.bookings)
        for booking_id in self.bookings:
            self.check_booking(booking_id)
        assert set(self.packages) == set(self.reference.packages)
        for package_id in self.packages:
            self.check_package(package_id, now)
            facts: list[Any] = [fact.fact for fact in self.facts if fact.stream_id == package_id]
            for line in check_line_facts(facts).states:
                free = [left for _, left in remainders(facts, line)]
                assert min(free) >= 0, "run in business time, more was used or held than there was"
        live = {
            package_id
            for package_id in self.packages
            if card_status(self._card(package_id), moment_of(now)) not in ("expired", "cancelled")
        }
        of_units = sum(
            row["value"]
            for key, row in self.units.items()
            if row is not None and key[0] in live and row["state"] == "available"
        )
        of_cards = sum(self._card(package_id)["unused_value"] for package_id in live)
        assert of_units == of_cards == self.reference.liability(now)

    # Against the reports

    def check_liability(self, ledger: Ledger, now: int, which: int) -> None:
        """The report says what plain sums over the stored rows say, at some moment on either clock or both."""
        rows = [fact.stored for fact in self.facts]
        moments = [moment_of(rows[(which * 7919 + n * 104_729) % len(rows)].recorded_at) for n in (0, 1)]
        known, happened = (None if (which >> n) % 3 == 0 else moments[n] for n in (0, 1))
        past = asked("UTC", as_of=known, effective_as_of=happened)
        books = packages_then(ledger.recorder, past, moment_of(now))
        told = liability(books, "EUR", "UTC")
        assert self.sums.liability(books, "EUR") in (None, told)
        judged = happened or known or moment_of(now)
        expected = second_opinion.liability(rows, judged, known, past.effective_before)
        figures = {name: value for name, value in vars(told).items() if isinstance(value, int)}
        del figures["position"]
        assert figures == dict.fromkeys(figures, 0) | expected, f"as of {known}, effective as of {happened}"
        if known is None and happened is None:
            self._check_origins(figures)

    def _check_origins(self, figures: dict[str, int]) -> None:
        """What was imported is no sale: neither its units nor its price."""
        kept = [package for package in self.reference.packages.values() if not package.voided]
        imported = sum(package.came_with[0] for package in kept)
        sold = sum(package.price - package.not_sold for package in kept)
        assert (figures["units_imported"], figures["amount_sold"]) == (imported, sold)

    def _begin_with_kept_sums(self, recorder: LedgerRecorder) -> None:
        """Go on with the sums of a process that begins with the row that the one before kept."""
        row = self.sums.stored(recorder)
        if row is not None:
            self.sums = KeptSums("UTC", Keeping(lambda: row))
            self.sums.begin(recorder)
            assert self.sums.found_at == row.position

    def check_movements(self, ledger: Ledger, now: int, which: int) -> None:
        """A roll-forward begins and ends with the liability report, on either clock (invariant 10)."""
        self._begin_with_kept_sums(ledger.recorder)
        places = [(which * 7919 + n * 104_729) % len(self.facts) for n in (0, 1)]
        before, last = sorted(moment_of(self.facts[place].stored.recorded_at).date() for place in places)
        clocks: tuple[Clock, ...] = get_args(Clock)
        ends: list[date | None] = [last]
        if before < moment_of(now).date():  # the clock may have been put back
            ends.append(None)
        for clock, end in product(clocks, ends):
            opening, closing = (
                packages_then(ledger.recorder, closing_of("UTC", clock, day), moment_of(now))
                for day in (before, end)
            )
            period = period_of("UTC", clock, first=before + timedelta(days=1))
            told = movements(closing, period)
            assert self.sums.movements(closing, period) in (None, told)
            assert self.sums.sales(closing, period) in (None, sales(closing, period))
            assert self.kept.reasons.reasons(closing, period) == reasons(closing, period)
            owed = [liability(books, "EUR", "UTC") for books in (opening, closing)]
            assert [told.opening, told.closing] == [
                Owed(each.units_valid, each.liability) for each in owed
            ], f"{clock}, from {before} to {end}: {told}"
            assert sum(told.changes.values(), told.opening) == told.closing
            of_cause = dict.fromkeys(told.changes, Owed())
            found = lines(closing, period)
            assert self.places.lines(closing, period, None, None, len(found) + 1) == found
            self._compare_lines(closing, period, found, which)
            for line in found:
                of_cause[line.cause] += line.change
            assert of_cause == told.changes
            places_of = [line.place for line in found]
            assert places_of == sorted(set(places_of)), f"a page ends where the next begins, {clock}, {end}"
            if clock == "effective" and end is not None:
                assert told.changes["imported"] == self._imported(before, last)

    def _compare_lines(
        self, books: PackagesThen, period: Period, found: Sequence[Movement], which: int
    ) -> None:
        """Of one cause, behind one of them, and as they were known at some moment."""
        cause = CAUSES[which % len(CAUSES)]
        of_cause = [line for line in found if line.cause == cause]
        after = None if not found else found[which % len(found)].place
        behind = [line for line in of_cause if after is None or line.place > after]
        assert self.places.lines(books, period, cause, after, 3) == behind[:3]
        if period.clock == "effective":
            known = moment_of(self.facts[which * 31 % len(self.facts)].stored.recorded_at)
            past = replace(books.past, recorded_before=known, judged_at=books.past.judged_at or known)
            then = packages_then(books.recorder, past, books.moment)
            told = lines(then, period)
            assert self.places.lines(then, period, None, None, len(told) + 1) == told

    def check_entries(self, ledger: Ledger, which: int) -> None:
        """What was entered late and corrected in a period is what a walk through all its facts finds."""
        places = [(which * 7919 + n * 104_729) % len(self.facts) for n in (0, 1)]
        first, last = sorted(moment_of(self.facts[place].stored.recorded_at).date() for place in places)
        period = recorded_period(ledger.recorder, start_of(first, "UTC"), beyond(last, "UTC"))
        for walk, ask in (
            (late_entries, self.kept.late.late_entries),
            (corrections, self.kept.reasons.corrections),
        ):
            told = page_of(walk(ledger.recorder, period), period.last, 0, 20)
            assert ask(ledger.recorder, first, last, 0, 20) == told, f"from {first} to {last}"

    def _imported(self, before: date, last: date) -> Owed:
        """What was left of balances when they were imported, from the day after `before` to `last`."""
        came = [
            Owed(*package.came_with)
            for package in self.reference.packages.values()
            if package.batch is not None
            and before < moment_of(package.bought_at).date() <= last
            and not package.was_over_when_opened
        ]
        return sum(came, Owed())

    # Against the read tables

    def check_tables(self, views: ReadTables) -> None:
        """Every read table holds the fold of the facts up to its checkpoint, nothing else (invariant 8)."""
        for projection, position, rows in read_tables(views, self.business_id):
            assert position <= len(self.facts)
            assert rows == fold(projection, self.facts[:position]), f"{projection.name} at {position}"

    # Against the past

    def remember(self) -> None:
        """Ask about a moment that is over, to ask again later."""
        moment = self.head.recorded_at
        self.past.append((moment, fold(CARDS, [f for f in self.facts if f.stored.recorded_at < moment])))

    def check_past(self, ledger: Ledger, which: int) -> None:
        """The past says what it said: at a version of a package, and as of a moment (invariant 9)."""
        if self.remembered:
            package_id, version, card = self.remembered[which % len(self.remembered)]
            facts = ledger.stream(package_id, version)
            assert [fact.version for fact in facts] == list(range(1, version + 1))
            assert fold(CARDS, facts) == {(package_id,): card}
        if self.past:
            moment, cards = self.past[which % len(self.past)]
            known = [recorded(fact) for fact in ledger.recorder.facts(limit=len(self.facts))]
            assert fold(CARDS, [fact for fact in known if fact.stored.recorded_at < moment]) == cards


def read_tables(views: ReadTables, business_id: str) -> Iterator[tuple[Projection, int, Rows]]:
    """Every live table, the position that it has come to, and its rows; all of one moment."""
    with views.snapshot(business_id, list(views.projections)) as snapshot:
        for name, table in snapshot.tables.items():
            checkpoint = snapshot.checkpoints[name]
            assert checkpoint.stop is None, checkpoint
            columns = [column.name for column in table.columns]
            keys = [column.name for column in table.primary_key][1:]
            found = snapshot.connection.execute(select(table).where(table.c.business_id == business_id))
            rows = [dict(zip(columns, values, strict=True)) for values in found]
            by_key = {tuple(row[key] for key in keys): row for row in rows}
            yield views.projections[name], checkpoint.position, by_key


def _check_equations(shown: Row) -> None:
    """domain.md, Units, on the card as it is shown."""
    for counts in (shown, *shown["lines"]):
        assert counts["total"] == counts["used"] + counts["remaining"]
        assert (
            counts["used"]
            == counts["used_before"] + counts["redeemed"] + counts["forfeited"] + counts["corrected"]
        )
        assert 0 <= counts["held"] <= counts["remaining"]
        assert 0 <= counts["available"] <= counts["remaining"]


def differing(shown: dict[str, Any], expected: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (shown[name], value) for name, value in expected.items() if shown[name] != value}


def picture(shown: Row) -> dict[str, Any]:
    """What a card shows, in the words of the reference."""
    counted = (
        "total",
        "used",
        "remaining",
        "held",
        "available",
        "redeemed",
        "forfeited",
        "corrected",
        "transferred",
        "lapsed",
        "used_before",
    )
    money = ("price", "paid", "refunded", "owing", "unused_value")
    plain = (
        *("customer", "offer_id", "name", "purchase_number", "status", "payment_status", "sharing"),
        *("time_zone", "purchased_on"),
    )
    origin = (shown["origin"]["kind"], shown["origin"]["id"])
    return {
        **{name: shown[name] for name in (*plain, "expires_on", "frozen_until", "notes_count", *counted)},
        **{name: shown[name]["amount"] for name in money},
        "customer": shown["customer"]["id"],
        "origin": origin,
        "beneficiaries": tuple(person["id"] for person in shown["beneficiaries"]),
        "locations": tuple(shown["locations"]),
        "lines": [{name: line[name] for name in counted} for line in shown["lines"]],
    }


def picture_of_booking(state: Booking) -> dict[str, Any]:
    """What a booking says, in the words of the reference."""
    same = ("status", "attendance", "quantity", "deduct")
    return {
        **{name: getattr(state, name) for name in same},
        **{name: getattr(state, f"{name}_id") for name in ("customer", "service", "participant")},
        "redemption": state.redemption_id if state.sources else None,
        "start": state.starts_at,
        "zone": state.time_zone,
        "free_until": state.free_until,
        "terms": (state.terms.notice_hours, state.terms.late),
        "payments": {id: [paid.amount, paid.refunded] for id, paid in state.payments.items()},
        **{name: getattr(state, name) for name in ("price", "paid", "owing", "refund_due")},
        "sources": [
            (s.package_id, s.line - 1, s.quantity, (s.terms.notice_hours, s.terms.late), s.measured_from)
            for s in state.sources
        ],
    }


def expected_booking(expected: ExpectedBooking) -> dict[str, Any]:
    booked = ("status", "attendance", "quantity", "deduct", "customer", "service", "participant", "terms")
    same = (*booked, "payments", "price", "paid", "owing", "refund_due")
    customer, participant = expected.made_for or (expected.customer, expected.participant)
    return {
        **{name: getattr(expected, name) for name in same},
        "customer": customer,
        "participant": participant,
        "redemption": expected.redemption if expected.sources else None,
        "start": moment_of(expected.start),
        "zone": expected.zone,
        "free_until": moment_of(expected.free_until),
        "sources": [
            (s.package, s.line, s.quantity, s.terms, moment_of(s.measured_from)) for s in expected.sources
        ],
    }


def picture_of_entry(made: Recorded) -> dict[str, Any]:
    """What the history shows of an entry, and what else its fact keeps, in the words of the reference."""
    fact: Any = made.fact
    shown, rule = entry(made), getattr(fact, "rule", None)
    same = ("id", "action", "points", "total", "by")
    return {
        **{name: shown[name] for name in same},
        "at": shown["effective_at"],
        "who": shown["actor_id"],
        "source": shown["source"] and (shown["source"]["kind"], shown["source"]["id"]),
        "rule": rule and (rule.on, rule.points, getattr(rule, "per_amount", None)),
        "policies": getattr(fact, "policy_version", None),
        "reverses": getattr(fact, "reverses", None),
    }


def expected_entry(expected: Entry) -> dict[str, Any]:
    same = ("id", "action", "points", "total", "by", "who", "source", "policies")
    rule = expected.rule
    return {
        **{name: getattr(expected, name) for name in same},
        "at": moment_of(expected.at),
        "rule": rule and (rule.on, rule.points, rule.per_amount),
        "reverses": expected.reverses and expected.reverses.id,
    }


def _origin(package: Package) -> tuple[str, str | None]:
    if package.transfer is not None:
        return "transfer", package.transfer
    if package.batch is not None:
        return "import", package.batch
    if package.membership is not None:
        return "membership", package.membership
    return ("sale", None) if package.top_up is None else ("top_up", package.top_up)


def expected_picture(package: Package, now: int, *, payment_required: bool) -> dict[str, Any]:
    """What the card of a package must show."""
    day = package.day(now)
    withheld = payment_required and package.owing > 0
    usable = package.status(now) == "active" and not package.frozen_on(day) and not withheld
    lines = []
    for line in package.lines:
        used, corrected, left = line.count("used"), line.count("corrected"), line.count("available")
        forfeited, before = line.count("forfeited"), line.count("used before")
        gone = before + used + forfeited + corrected
        lines.append(
            {
                "total": gone + left,
                "used": gone,
                "used_before": before,
                "remaining": left,
                "held": line.held,
                "available": line.free if usable else 0,
                "redeemed": used,
                "forfeited": forfeited,
                "corrected": corrected,
                "transferred": line.count("transferred"),
                "lapsed": line.count("lapsed"),
            }
        )
    last = package.last_day(day)
    return {
        "customer": package.sold_to or package.customer,
        "offer_id": package.offer,
        "origin": _origin(package),
        "name": package.name,
        "purchase_number": package.number,
        "status": package.status(now),
        "payment_status": package.payment_status(),
        "sharing": package.sharing,
        "time_zone": package.zone,
        "purchased_on": str(package.day(package.first_bought_at)),
        "expires_on": None if last is None else str(last),
        "frozen_until": str(package.freezes[-1].until) if package.frozen_on(day) else None,
        "notes_count": package.notes,
        **{name: sum(line[name] for line in lines) for name in lines[0]},
        "price": package.price,
        "paid": package.paid,
        "refunded": sum(refunded for _, refunded in package.payments.values()),
        "owing": 0 if package.cancelled else package.owing,
        "unused_value": package.unused_value,
        "beneficiaries": package.named or package.beneficiaries,
        "locations": package.locations,
        "lines": lines,
    }
