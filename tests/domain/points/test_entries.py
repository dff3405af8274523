"""Points by hand: added, redeemed, adjusted and reversed; the balance after each."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.actor import Actor, Circumstances, Role
from domain.package.checks import FACTS_KEPT, FACTS_MAX
from domain.points.commands import AddPoints, AdjustPoints, RedeemPoints, ReversePoints
from domain.points.facts import (
    POINTS_EVER_MAX,
    POINTS_MAX,
    PointsAdded,
    PointsAdjusted,
    PointsFact,
    PointsRedeemed,
    PointsSource,
)
from domain.points.state import PointsAccount, account_id, change_of, customer_of, entry_of
from domain.points.state import evolve as evolve_points
from domain.refusals import (
    AlreadyReversed,
    Invalid,
    LimitReached,
    NotEligible,
    NotFound,
    PointsInsufficient,
    Refused,
)
from domain.updated import updated
from domain.values import Value
from tests.domain.paper import PaperBooks
from tests.domain.streams import Aggregate
from tests.domain.words import HOUSEHOLD, NOW, because, circumstances, moment
from tests.use_cases import use_case_of

MANUAL = PointsSource(kind="manual")


CUSTOMER = PaperBooks({"cus_1": HOUSEHOLD})
account = Aggregate(evolve_points, account_id("cus_1"), CUSTOMER)


def decide(
    state: PointsAccount | None, command: Value, at: Circumstances | None = None
) -> Sequence[PointsFact]:
    books = CUSTOMER if state is None else PaperBooks({"cus_1": HOUSEHOLD, account_id("cus_1"): state})
    decision = use_case_of(command).decide(command, books, at or circumstances())
    return decision.facts_of("points")[account_id("cus_1")]


def add(points: int, entry: str = "pts_new", **fields: Any) -> AddPoints:
    return AddPoints(customer_id="cus_1", entry_id=entry, points=points, **fields)


def redeem(points: int, entry: str = "pts_new", **fields: Any) -> RedeemPoints:
    return RedeemPoints(customer_id="cus_1", entry_id=entry, points=points, **fields)


def adjust(points: int, entry: str = "pts_new", **fields: Any) -> AdjustPoints:
    return AdjustPoints(customer_id="cus_1", entry_id=entry, points=points, **fields)


def reverse(addition: str, entry: str = "pts_new", **fields: Any) -> ReversePoints:
    return ReversePoints(addition_id=addition, entry_id=entry, **fields)


def added(points: int, balance: int, entry: str = "pts_1", at: str = NOW, **fields: Any) -> PointsAdded:
    standard: dict[str, Any] = {"source": MANUAL, "by": "staff"}
    when = moment(at)
    return PointsAdded(effective_at=when, entry_id=entry, points=points, balance=balance, **standard | fields)


def redeemed(points: int, balance: int, entry: str = "pts_2", **fields: Any) -> PointsRedeemed:
    standard: dict[str, Any] = {"by": "staff"}
    return PointsRedeemed(
        effective_at=moment(NOW), entry_id=entry, points=points, balance=balance, **standard | fields
    )


def adjusted(points: int, balance: int, entry: str = "pts_3", **fields: Any) -> PointsAdjusted:
    standard: dict[str, Any] = {"by": "staff"}
    return PointsAdjusted(
        effective_at=moment(NOW), entry_id=entry, points=points, balance=balance, **standard | fields
    )


# Adding, redeeming, adjusting


@pytest.mark.covers("S145", "S148")
def test_points_are_added_for_a_reason_and_with_a_source() -> None:
    campaign = PointsSource(kind="manual", id="Summer campaign")
    command = add(50, source=campaign, reason=because())
    account.given(added(100, 100)).when(command).then(
        added(50, 150, "pts_new", source=campaign, reason=because().ref)
    )


@pytest.mark.covers("S146", "S148")
def test_points_are_redeemed_down_to_zero_and_no_further() -> None:
    held = account.given(added(100, 100))
    held.when(redeem(100)).then(redeemed(100, 0, "pts_new"))
    held.when(redeem(101)).refused(PointsInsufficient, balance=100, requested=101)
    account.given().when(redeem(1)).refused(PointsInsufficient, balance=0, requested=1)


@pytest.mark.covers("S146", "S150")
def test_a_balance_is_adjusted_both_ways_but_not_below_zero() -> None:
    held = account.given(added(100, 100))
    held.when(adjust(-100, reason=because())).then(adjusted(-100, 0, "pts_new", reason=because().ref))
    held.when(adjust(7)).then(adjusted(7, 107, "pts_new"))
    held.when(adjust(-101)).refused(PointsInsufficient, balance=100, requested=101)
    held.when(adjust(0)).refused_naming(Invalid, pointer="/points", problem="zero")


@pytest.mark.covers("S149")
def test_another_program_is_the_system_and_names_nobody() -> None:
    at = Circumstances(moment(NOW), Actor(id="key_till", role=Role.INTEGRATION))
    (fact,) = decide(None, add(5), at)
    assert fact.by == "system"


@pytest.mark.parametrize("points", [0, -1, POINTS_MAX + 1])
def test_a_command_adds_or_redeems_one_to_a_million_points(points: int) -> None:
    for make in (add, redeem):
        with pytest.raises(ValidationError):
            make(points)


def test_an_entry_takes_effect_after_everything_that_counts() -> None:
    ahead = added(10, 10, at="2026-10-03 12:04")
    account.given(ahead).when(redeem(10)).then(
        redeemed(10, 0, "pts_new").model_copy(update={"effective_at": moment("2026-10-03 12:04")})
    )


# Reversing


@pytest.mark.covers("S150")
def test_reversing_an_addition_may_leave_less_than_nothing() -> None:
    spent = account.given(added(100, 100), redeemed(80, 20))
    answer = spent.when(reverse("pts_1", reason=because()))
    answer.then(adjusted(-100, -80, "pts_new", reverses="pts_1", source=MANUAL, reason=because().ref))
    answer.stream.when(add(30, "pts_4")).then(added(30, -50, "pts_4"))
    answer.stream.when(redeem(1, "pts_4")).refused(PointsInsufficient, balance=-80, requested=1)


def test_an_addition_is_reversed_once_and_only_as_far_as_it_was_not() -> None:
    part = adjusted(-40, 60, reverses="pts_1", source=MANUAL)
    answer = account.given(added(100, 100), part).when(reverse("pts_1"))
    answer.then(adjusted(-60, 0, "pts_new", reverses="pts_1", source=MANUAL))
    answer.stream.when(reverse("pts_1", "pts_5")).refused(AlreadyReversed, entry_id="pts_1")


@pytest.mark.parametrize("entry", ["pts_2", "pts_3"])
def test_only_an_addition_is_reversed(entry: str) -> None:
    held = account.given(added(100, 100), redeemed(10, 90), adjusted(5, 95))
    held.when(reverse(entry)).refused_naming(NotEligible)


def test_an_unknown_entry_is_not_found() -> None:
    account.given(added(1, 1)).when(reverse("pts_9")).refused(NotFound, kind="addition of points", id="pts_9")


# Limits


def test_all_that_is_ever_given_stays_within_what_every_reader_holds() -> None:
    nearly = added(POINTS_EVER_MAX - 10, POINTS_EVER_MAX - 10)
    spent = account.given(nearly, redeemed(POINTS_EVER_MAX - 10, 0))
    spent.when(add(10)).then(added(10, 10, "pts_new"))
    for command in (add(11), adjust(11)):
        spent.when(command).refused(LimitReached, rule="points-ever", limit=POINTS_EVER_MAX)


@pytest.mark.parametrize(
    ("version", "command", "limit"),
    [
        (FACTS_MAX - FACTS_KEPT, add(1), FACTS_MAX - FACTS_KEPT),
        (FACTS_MAX - FACTS_KEPT, adjust(1), FACTS_MAX - FACTS_KEPT),
        (FACTS_MAX, redeem(1), FACTS_MAX),
        (FACTS_MAX, adjust(-1), FACTS_MAX),
        (FACTS_MAX, reverse("pts_1"), FACTS_MAX),
    ],
)
def test_the_last_thousand_facts_are_kept_for_taking_points(version: int, command: Value, limit: int) -> None:
    state = account.given(added(5, 5)).state
    assert state is not None
    full = updated(state, version=version)
    with pytest.raises(LimitReached) as refusal:
        decide(full, command)
    assert refusal.value.explanation() == LimitReached("points-facts", limit).explanation()
    assert decide(updated(state, version=version - 1), command)


# Ids


def test_the_stream_of_a_customer_is_found_both_ways() -> None:
    assert customer_of(account_id("cus_abc")) == "cus_abc"


def test_an_id_that_follows_from_its_cause_is_none_that_a_caller_may_choose() -> None:
    assert entry_of("pay_1") == entry_of("pay_1") != entry_of("pay_2")
    assert len(entry_of("pay_1")) == len("pts_") + 40
    assert add(1, entry_of("pay_1"))


# The law

COMMANDS = st.lists(
    st.one_of(
        st.builds(lambda p: ("add", p), st.integers(1, 200)),
        st.builds(lambda p: ("redeem", p), st.integers(1, 200)),
        st.builds(lambda p: ("adjust", p), st.integers(-200, 200)),
        st.builds(lambda n: ("reverse", n), st.integers(0, 30)),
    ),
    max_size=30,
)


@pytest.mark.covers("S148", "S150")
@drawn(COMMANDS)
def test_the_balance_is_the_sum_and_falls_below_zero_only_by_reversals(asked: list[tuple[str, int]]) -> None:
    state: PointsAccount | None = None
    facts: list[PointsFact] = []
    for n, (what, number) in enumerate(asked):
        makes: dict[str, Any] = {"add": add, "redeem": redeem, "adjust": adjust}
        command = makes[what](number, f"pts_{n}") if what in makes else reverse(f"pts_{number}", f"pts_{n}")
        before = state
        try:
            (fact,) = decide(state, command)
        except Refused:
            assert state == before
            continue
        facts.append(fact)
        state = evolve_points(state, fact)
        assert fact.balance == state.balance == sum(map(change_of, facts))
        assert state.version == len(facts)
        if change_of(fact) < 0 and not (isinstance(fact, PointsAdjusted) and fact.reverses):
            assert fact.balance >= 0
    given = {fact.entry_id: fact.points for fact in facts if isinstance(fact, PointsAdded)}
    back: Counter[str] = Counter()
    for fact in facts:
        if isinstance(fact, PointsAdjusted) and fact.reverses:
            back[fact.reverses] -= fact.points
    assert all(0 < back[id] <= given[id] for id in back), "no addition is taken back more than once"
