"""Laws of whole histories: whatever commands come, in whatever order, these hold after every one of them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import Phase, assume, event, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from domain.calendar_rules import expires_at
from domain.fact_registry import FACTS
from domain.moments import local_day
from domain.package.commands import (
    AdjustPrice,
    CancelPackage,
    ChangeSharing,
    FreezePackage,
    RedeemUnits,
    ReinstatePackage,
    RestoreUnits,
    SetExpiry,
    UnfreezePackage,
    VoidPackage,
)
from domain.package.eligibility import Candidate
from domain.package.evolution import evolve
from domain.package.fact_parts import PackageOpened
from domain.package.facts import PackageFact, PackageFrozen, PackageUnfrozen, UnitsRedeemed, UnitsRestored
from domain.package.state import Package
from domain.package.unit_change import unit_change
from domain.refusals import AlreadyRestored, InsufficientUnits
from tests.domain.books import check_line_facts, lowest_from, remainders
from tests.domain.given import World, fold
from tests.domain.words import ZONE, because, euros, redeem_any
from tests.strategies import START, History, Step, histories, sales

SOME = settings(max_examples=40)
"""A history has up to 15 commands, and every law here looks after each of them."""

NAMES = {b"a": "available", b"u": "used", b"c": "corrected", b"l": "lapsed"}


@SOME
@given(histories())
def test_every_unit_is_in_one_state_after_every_fact_and_values_add_up_to_the_price(history: History) -> None:
    """Invariant 1: the book of `books.py`, kept from the facts alone, agrees with the fold unit by unit."""
    for id, facts in history.world.packages.items():
        for n in range(1, len(facts) + 1):
            book, package = check_line_facts(facts[:n]), fold(facts[:n])
            assert package.price == book.price
            for number, line in enumerate(package.lines, 1):
                assert dict(enumerate(line.values, 1)) == book.values[number]
                states = {
                    unit: NAMES[line.states[unit - 1 : unit]] for unit in range(1, len(line.states) + 1)
                }
                assert states == book.states[number], id
                assert line.remaining == book.count(number, "available")


@SOME
@given(histories())
def test_what_is_left_is_the_sum_of_what_each_fact_moves(history: History) -> None:
    for facts in history.world.packages.values():
        opening, left = facts[0], 0
        assert isinstance(opening, PackageOpened)
        granted = sum(line.quantity for line in opening.lines)
        for n, fact in enumerate(facts, 1):
            left += unit_change(fact, granted)
            package = fold(facts[:n])
            assert package.remaining == left
            assert package.is_spent == (left == 0)


@SOME
@given(histories())
def test_a_fold_of_the_stored_bytes_is_the_state_that_was_decided_on(history: History) -> None:
    for facts in history.world.packages.values():
        state: Package | None = None
        for n, fact in enumerate(facts, 1):
            state = evolve(state, fact)
            assert state.version == n
            assert state.latest_at == max(earlier.effective_at for earlier in facts[:n])
        assert state is not None
        stored = [FACTS.read(fact.stored_name, 1, fact.to_bytes()) for fact in facts]
        assert fold(stored) == state  # type: ignore[arg-type]


@SOME
@given(histories())
def test_no_remainder_was_ever_below_zero_in_business_time(history: History) -> None:
    for facts in history.world.packages.values():
        for number in range(1, len(fold(facts).lines) + 1):
            assert min(left for _, left in remainders(facts, number)) >= 0


@SOME
@given(histories())
def test_a_refusal_changes_nothing_and_explains_itself(history: History) -> None:
    for step in history.steps:
        if (refusal := step.outcome.refusal) is None:
            continue
        event(refusal.code)
        assert step.outcome.facts == {}
        assert step.outcome.world.packages == step.before.packages
        assert str(refusal)
        assert set(refusal.explanation()) <= {field.name for field in fields(refusal)}  # type: ignore[arg-type]


@SOME
@given(histories())
def test_nothing_more_is_paid_back_than_was_paid(history: History) -> None:
    for package in history.world.states.values():
        assert all(0 <= payment.refunded <= payment.amount for payment in package.payments.values())
        assert package.paid >= 0
        assert package.owing == max(0, package.price - package.paid)


@SOME
@given(histories())
def test_what_is_so_already_is_no_fact(history: History) -> None:
    """The same wish again, the moment after it was granted."""
    for step in history.steps:
        again = isinstance(
            step.command, SetExpiry | FreezePackage | UnfreezePackage | AdjustPrice | ChangeSharing
        )
        if again and step.outcome.refusal is None:
            repeated = step.outcome.world.when(step.command, step.now)
            assert repeated.refusal is None or isinstance(step.command, SetExpiry), repeated.refusal
            assert not any(repeated.facts.values())


@SOME
@given(histories())
def test_no_use_falls_into_a_freeze_that_was_known(history: History) -> None:
    for facts in history.world.packages.values():
        for n, fact in enumerate(facts):
            if isinstance(fact, UnitsRedeemed):
                assert not any(begin <= fact.effective_at < end for begin, end in freezes(facts[:n]))


def freezes(facts: Sequence[PackageFact]) -> list[tuple[datetime, datetime]]:
    """The freezes that facts tell of, each with the moment it ended or will end by the clock."""
    found: list[tuple[datetime, datetime]] = []
    for fact in facts:
        if isinstance(fact, PackageFrozen):
            found.append((fact.effective_at, expires_at(fact.until, ZONE)))
        elif isinstance(fact, PackageUnfrozen):
            begin, end = found.pop()
            found.append((begin, min(end, fact.effective_at)))
    return found


@SOME
@given(histories(packages_max=1))
def test_each_restoration_gives_back_units_of_its_own_use_and_never_more(history: History) -> None:
    in_use: dict[tuple[str, int, int], set[int]] = {}
    for fact in history.world.packages["pkg_1"]:
        if isinstance(fact, UnitsRedeemed):
            in_use[fact.redemption_id, fact.allocation, fact.line] = set(fact.units)
        elif isinstance(fact, UnitsRestored):
            left = in_use[fact.redemption_id, fact.allocation, fact.line]
            assert set(fact.units) <= left
            left -= set(fact.units)


# Cancelling, reinstating, voiding


def states(world: World, id: str = "pkg_1") -> list[bytes]:
    return [line.states for line in world.states[id].lines]


@pytest.mark.covers("S14", "S39")
@SOME
@given(histories(packages_max=1))
def test_reinstating_brings_back_exactly_what_cancelling_lapsed(history: History) -> None:
    before = history.world.states["pkg_1"]
    assume(not before.cancelled)
    cancelled = history.world.when(CancelPackage(package_id="pkg_1", reason=because()), history.now)
    assert cancelled.package.remaining == 0
    back = ReinstatePackage(
        package_id="pkg_1", expires_on=local_day(history.now, ZONE) + timedelta(days=30), reason=because()
    )
    again = cancelled.and_when(back, history.now)
    assert states(again.world) == states(history.world)
    assert again.package.status(history.now) in ("active", "fully_used")
    assert again.package.paid == before.paid


@SOME
@given(histories(packages_max=1, steps_max=6))
def test_a_void_package_was_whole_and_owes_nobody_anything(history: History) -> None:
    outcome = history.world.when(VoidPackage(package_id="pkg_1", reason=because()), history.now)
    if outcome.refusal is None:
        assert all(set(line.states) <= set(b"al") for line in history.world.states["pkg_1"].lines)
        assert outcome.package.paid == 0
        assert outcome.package.remaining == 0


# Which units a use takes: against the rule of domain.md, written down a second time


def before(one: tuple[Candidate, int], other: tuple[Candidate, int], now: date) -> bool:
    """Whether a line is used up before another, one rule after the other."""
    (first, n), (second, m) = one, other
    mine, theirs = first.package.lines[n - 1], second.package.lines[m - 1]
    if (len(mine.services) == 1) != (len(theirs.services) == 1):
        return len(mine.services) == 1
    ends = [candidate.package.expiry.on(now) or date.max for candidate in (first, second)]
    if ends[0] != ends[1]:
        return ends[0] < ends[1]
    following = [line.values[line.states.index(b"a")] for line in (mine, theirs)]
    if following[0] != following[1]:
        return following[0] < following[1]
    if first.package.purchased_at != second.package.purchased_at:
        return first.package.purchased_at < second.package.purchased_at
    return (first.position, n) < (second.position, m)


def expected_units(world: World, service: str, quantity: int, now: datetime) -> list[tuple[str, int, int]]:
    """Package, line and unit, one by one, in the order in which a use today must take them."""
    lines = [
        (Candidate(id, package, position), number)
        for position, (id, package) in enumerate(world.states.items(), 1)
        if package.status(now) == "active" and not package.expiry.is_frozen(local_day(now, ZONE))
        for number, line in enumerate(package.lines, 1)
        if line.remaining and any(good.id == service for good in line.services)
    ]
    ranked: list[tuple[Candidate, int]] = []
    for one in lines:
        place = sum(before(other, one, local_day(now, ZONE)) for other in ranked)
        ranked.insert(place, one)
    units = [
        (candidate.id, number, unit)
        for candidate, number in ranked
        for unit in range(1, len(candidate.package.lines[number - 1].states) + 1)
        if candidate.package.lines[number - 1].states[unit - 1 : unit] == b"a"
    ]
    return units[:quantity]


@pytest.mark.covers("S60", "S102")
@given(
    st.lists(sales(capped=False), min_size=2, max_size=5),
    st.sampled_from(("svc_massage", "svc_facial")),
    st.data(),
)
def test_units_are_taken_in_the_order_of_the_rule(
    found: list[PackageFact], service: str, data: st.DataObject
) -> None:
    world = World({f"pkg_{n}": (sale,) for n, sale in enumerate(found, 1)})
    for n in range(4):
        quantity = data.draw(st.integers(1, 6), label="quantity")
        expected = expected_units(world, service, quantity, START)
        outcome = world.when(redeem_any(quantity, service_id=service, redemption=f"red_{n}"), START)
        if len(expected) < quantity:
            outcome.refused(
                InsufficientUnits, requested=quantity, available=len(expected), remaining=len(expected)
            )
            return
        taken = [
            (fact.allocation, id, fact.line, fact.units)
            for id, facts in outcome.facts.items()
            for fact in facts
            if isinstance(fact, UnitsRedeemed)
        ]
        assert [allocation for allocation, *_ in sorted(taken)] == list(range(1, len(taken) + 1))
        assert [(id, line, unit) for _, id, line, units in sorted(taken) for unit in units] == expected
        world = outcome.world


# Capacity: what a back-dated use may take


@SOME
@given(histories(packages_max=1, capped=False), st.integers(1, 6), st.integers(0, 15 * 24 * 60))
def test_a_back_dated_use_takes_what_was_left_from_then_on(
    history: History, quantity: int, minutes: int
) -> None:
    package, facts = history.world.states["pkg_1"], history.world.packages["pkg_1"]
    moment = max(package.purchased_at, history.now - timedelta(minutes=minutes))
    command = RedeemUnits(
        package_id="pkg_1",
        redemption_id="red_new",
        service_id="svc_massage",
        quantity=quantity,
        effective_at=moment,
        participant_id="par_ada",
    )
    outcome = history.world.when(command, history.now)
    served = [n for n, line in enumerate(package.lines, 1) if line.serves("svc_massage")]
    left = sum(package.lines[n - 1].remaining for n in served)
    lowest = sum(min(package.lines[n - 1].remaining, lowest_from(facts, n, moment)) for n in served)
    if outcome.refusal is None:
        assert quantity <= lowest
    elif isinstance(outcome.refusal, InsufficientUnits):
        assert quantity > lowest
        assert outcome.refusal.available == left
        assert outcome.refusal.lowest == (lowest if left >= quantity else None)
        event("in the past" if left >= quantity else "now")


# Restoring in parts


@SOME
@given(st.lists(sales(), min_size=1, max_size=3), st.integers(1, 9), st.data())
def test_in_whatever_parts_a_use_goes_back_it_ends_as_it_was(
    found: list[PackageFact], quantity: int, data: st.DataObject
) -> None:
    world = World({f"pkg_{n}": (sale,) for n, sale in enumerate(found, 1)})
    used = world.when(redeem_any(quantity, redemption="red_1"), START)
    assume(used.refusal is None)
    outcome, back = used, 0
    while back < quantity:
        package = data.draw(st.none() | st.sampled_from(sorted(used.facts)), label="package")
        part = RestoreUnits(
            redemption_id="red_1",
            quantity=data.draw(st.none() | st.integers(1, quantity), label="quantity"),
            package_id=package,
        )
        step = outcome.and_when(part, START)
        if step.refusal is not None:
            assert isinstance(step.refusal, AlreadyRestored | InsufficientUnits)
            continue
        back += sum(
            len(fact.units)
            for facts in step.facts.values()
            for fact in facts
            if isinstance(fact, UnitsRestored)
        )
        outcome = step
    assert back == quantity
    assert [states(outcome.world, id) for id in world.packages] == [
        states(world, id) for id in world.packages
    ]
    outcome.and_when(RestoreUnits(redemption_id="red_1"), START).refused(
        AlreadyRestored, redemption_id="red_1"
    )


# The price


@SOME
@given(histories(packages_max=1), st.integers(0, 10**6))
def test_a_new_price_is_spread_and_leaves_the_gone_units_alone(history: History, price: int) -> None:
    outcome = history.world.when(
        AdjustPrice(package_id="pkg_1", price=euros(price), reason=because()), history.now
    )
    if outcome.refusal is None:
        lines = outcome.package.lines
        assert sum(value for line in lines for value in line.values) == price
        for one, other in zip(lines, history.world.states["pkg_1"].lines, strict=True):
            gone = [n for n, state in enumerate(one.states) if bytes([state]) != b"a"]
            assert [one.values[n] for n in gone] == [other.values[n] for n in gone]


def test_histories_reach_every_outcome() -> None:
    """The laws above would say nothing of what never happens in the histories they are held against."""
    missing = {
        "package.redeemed",
        "package.restored",
        "package.corrected",
        "package.cancelled",
        "package.reinstated",
        "package.frozen",
        "package.unfrozen",
        "package.validity_started",
        "package.payment_recorded",
        "package.price_adjusted",
        "insufficient-units",
        "package-expired",
        "package-cancelled",
        "package-frozen",
        "already-restored",
        "not-eligible",
    }

    def all_reached(history: History) -> bool:
        for step in history.steps:
            missing.difference_update(outcomes_of(step))
        return not missing

    generous = settings(max_examples=2_000, phases=[Phase.generate], database=None)
    with suppress(NoSuchExample):
        find(histories(), all_reached, settings=generous, random=Random(1))
    assert missing == set()


def outcomes_of(step: Step) -> set[str]:
    """The code of a refusal, or the stored names of the facts that were made."""
    if step.outcome.refusal is not None:
        return {step.outcome.refusal.code}
    return {fact.stored_name for facts in step.outcome.facts.values() for fact in facts}
