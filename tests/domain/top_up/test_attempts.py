"""When an attempt to top up opens, and what answers and the clock make of it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue.facts import OfferLine, OfferTerms
from domain.catalogue.state import Offer
from domain.fact import fold
from domain.package.facts import PackageFact
from domain.people.state import Customer
from domain.refusals import Refused, WrongTopUpState
from domain.top_up.attempts import ANSWERED_WITHIN, RETRY_AFTER, Standing, failed, opened, settled
from domain.top_up.commands import FailTopUp, SettleTopUp
from domain.top_up.facts import (
    FAILURES_MAX,
    TopUpFact,
    TopUpFailed,
    TopUpLapsed,
    TopUpRemoved,
    TopUpSet,
    TopUpSettled,
    TopUpTriggered,
)
from domain.top_up.payment_reference import is_card_number
from domain.top_up.standing import paused, removed, resumed, withdrawn
from domain.top_up.state import TopUp, attempt_of, evolve
from tests.domain.given import fold as fold_package
from tests.domain.words import HOUSEHOLD, NOW, ZONE, because, moment, sold, used

RULE = "top_1"
FIRST = attempt_of(RULE, 1)
TERMS = OfferTerms(
    name="Massage ×10", price=10_000, lines=(OfferLine(quantity=10, services=("svc_massage",)),)
)
WHEN = moment(NOW)


def rule_set(**change: Any) -> TopUpSet:
    given: dict[str, Any] = {
        "threshold": 2,
        "monthly_cap": 3,
        "payment_method_ref": "pm_1",
        "currency": "EUR",
    }
    offer = {"offer_id": "off_ten", "offer_version": 1, "offer": TERMS}
    return TopUpSet(**{"customer_id": "cus_1", **offer, **given, **change})


def rule(*facts: TopUpFact, **change: Any) -> TopUp:
    return fold(evolve, None, [rule_set(**change), *facts])


def standing(
    left: int, now: datetime = WHEN, customer: Customer = HOUSEHOLD, *, retired: bool = False
) -> Standing:
    """A customer with one package of ten units, of which so many are left."""
    facts: list[PackageFact] = [sold(units=10, offer_id="off_ten")]
    if left < 10:
        facts.append(used(*range(1, 11 - left), remaining=left))
    return Standing(customer, Offer(TERMS, 1, retired), (fold_package(facts),), now, ZONE)


def settle(attempt_id: str = FIRST) -> SettleTopUp:
    return SettleTopUp(top_up_id=RULE, attempt_id=attempt_id, package_id="pkg_2", payment_id="pay_1")


def fail(attempt_id: str = FIRST) -> FailTopUp:
    return FailTopUp(top_up_id=RULE, attempt_id=attempt_id, reason=because("card declined"))


def triggered(before: TopUp | None = None, now: datetime = WHEN) -> TopUpTriggered:
    *_, fact = opened(before or rule(), RULE, 3, standing(2, now))
    assert isinstance(fact, TopUpTriggered)
    return fact


def then(facts: Iterable[TopUpFact]) -> list[str]:
    return [fact.stored_name for fact in facts]


@pytest.mark.covers("S88")
@pytest.mark.parametrize(
    ("before", "left", "opens"), [(3, 2, True), (10, 0, True), (4, 3, False), (2, 1, False), (1, 2, False)]
)
def test_an_attempt_opens_on_crossing_the_threshold(before: int, left: int, opens: bool) -> None:
    assert bool(opened(rule(), RULE, before, standing(left))) == opens


def test_an_attempt_tells_all_that_the_payment_system_needs() -> None:
    assert triggered() == TopUpTriggered(
        attempt_id=FIRST,
        number=1,
        customer_id="cus_1",
        offer_id="off_ten",
        offer_version=1,
        name="Massage ×10",
        price=10_000,
        currency="EUR",
        payment_method_ref="pm_1",
        threshold=2,
        available=2,
        month=WHEN.date().replace(day=1),
        of_month=1,
        due_at=WHEN,
        expires_at=WHEN + ANSWERED_WITHIN,
    )


def test_no_second_attempt_opens_while_one_is_open() -> None:
    assert opened(rule(triggered()), RULE, 3, standing(2)) == []


def test_an_attempt_that_nobody_answered_ends_with_the_next_one() -> None:
    later = WHEN + ANSWERED_WITHIN
    facts = opened(rule(triggered(), monthly_cap=1), RULE, 3, standing(2, later))
    assert then(facts) == ["top_up.lapsed", "top_up.triggered"]
    assert facts[0] == TopUpLapsed(attempt_id=FIRST, customer_id="cus_1", why="expired")
    assert facts[1].number == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "hindered",
    [
        standing(2, customer=Customer(HOUSEHOLD.participants, blocked=True)),
        standing(2, customer=Customer(HOUSEHOLD.participants, active=False)),
        standing(2, retired=True),
    ],
    ids=["blocked", "inactive", "retired"],
)
def test_nothing_is_bought_for_who_may_not_buy_nor_of_what_is_not_sold(hindered: Standing) -> None:
    assert opened(rule(), RULE, 3, hindered) == []


def test_a_paused_rule_opens_nothing_until_it_is_resumed() -> None:
    stopped = rule(*paused(rule(), WHEN))
    assert (stopped.status, opened(stopped, RULE, 3, standing(2))) == ("paused", [])
    assert opened(fold(evolve, stopped, resumed(stopped)), RULE, 3, standing(2))


def test_pausing_and_removing_withdraw_the_open_attempt_once() -> None:
    waiting = rule(triggered())
    assert then(paused(waiting, WHEN)) == ["top_up.lapsed", "top_up.paused"]
    assert then(removed(waiting, WHEN)) == ["top_up.lapsed", "top_up.removed"]
    gone = fold(evolve, waiting, removed(waiting, WHEN))
    assert (removed(gone, WHEN), withdrawn(gone, WHEN, "blocked")) == ([], [])
    with pytest.raises(WrongTopUpState, match="removed"):
        resumed(gone)


def test_a_payment_settles_an_open_attempt_however_early() -> None:
    waiting = rule(triggered())
    after = fold(evolve, waiting, failed(waiting, fail(), WHEN, ZONE))
    fact = settled(after, settle(), WHEN)
    assert (fact.package_id, fact.price, fact.customer_id) == ("pkg_2", 10_000, "cus_1")


def test_a_failure_told_twice_counts_once() -> None:
    waiting = rule(triggered())
    (first,) = failed(waiting, fail(), WHEN, ZONE)
    assert isinstance(first, TopUpFailed)
    assert (first.failures, first.retry_at) == (1, WHEN + RETRY_AFTER)
    with pytest.raises(WrongTopUpState) as early:
        failed(fold(evolve, waiting, [first]), fail(), WHEN + timedelta(hours=23), ZONE)
    assert early.value.due_at == WHEN + RETRY_AFTER


def test_the_third_failure_removes_the_rule() -> None:
    state, now = rule(triggered()), WHEN
    for _ in range(FAILURES_MAX - 1):
        state = fold(evolve, state, failed(state, fail(), now, ZONE))
        now += RETRY_AFTER
    facts = failed(state, fail(), now, ZONE)
    assert facts[1] == TopUpRemoved(why="failures")
    assert fold(evolve, state, facts).counted == 0


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["fall", "paid", "failed", "pause", "resume", "block", "remove"]),
            st.integers(0, 30 * 24),
        ),
        max_size=60,
    ),
    cap=st.integers(1, 4),
)
def test_there_are_never_two_open_attempts_and_never_more_in_a_month_than_the_cap(
    steps: list[tuple[str, int]], cap: int
) -> None:
    facts: list[TopUpFact] = [rule_set(monthly_cap=cap)]
    now = WHEN
    for step, hours in steps:
        now += timedelta(hours=hours)
        state = fold(evolve, None, facts)
        facts += _step(step, state, now)
        _check(facts, now, cap)


def _step(step: str, state: TopUp, now: datetime) -> list[TopUpFact]:
    latest = "" if state.latest is None else state.latest.id
    try:
        match step:
            case "fall":
                return opened(state, RULE, 3, standing(2, now))
            case "paid":
                return [settled(state, settle(latest), now)] if latest else []
            case "failed":
                return failed(state, fail(latest), now, ZONE) if latest else []
            case "pause":
                return paused(state, now)
            case "resume":
                return resumed(state)
            case "block":
                return withdrawn(state, now, "blocked")
            case _:
                return removed(state, now)
    except Refused:
        return []


def _check(facts: list[TopUpFact], now: datetime, cap: int) -> None:
    """Read the facts by themselves: each attempt opens once and ends once, and the months add up."""
    waiting: set[str] = set()
    months: dict[str, Any] = {}
    for fact in facts:
        match fact:
            case TopUpTriggered():
                assert fact.attempt_id not in months
                assert not waiting, "an attempt is open already"
                waiting.add(fact.attempt_id)
                months[fact.attempt_id] = fact.month
            case TopUpSettled():
                waiting.remove(fact.attempt_id)
            case TopUpLapsed():
                waiting.remove(fact.attempt_id)
                months[fact.attempt_id] = None
            case TopUpFailed(retry_at=None):
                waiting.remove(fact.attempt_id)
                months[fact.attempt_id] = None
            case _:
                pass
    counted = [month for month in months.values() if month is not None]
    assert all(counted.count(month) <= cap for month in counted)
    state = fold(evolve, None, facts)
    if state.month is not None:
        assert state.counted == counted.count(state.month)


@pytest.mark.covers("S89")
@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("4111111111111111", True),
        ("4111111111111112", False),
        ("378282246310005", True),
        ("6011000990139424", True),
    ],
)
def test_a_card_is_known_by_its_check_digit(text: str, is_one: bool) -> None:
    assert is_card_number(text) == is_one
