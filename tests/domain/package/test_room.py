"""The room in a stream: 20,000 facts, the last 1,000 kept for restoring, refunding and cancelling."""

from typing import Any

import pytest

from domain.package.allocation import allocate
from domain.package.commands import (
    AddNote,
    CancelPackage,
    CorrectLine,
    Refund,
    RefundPayment,
    RestoreUnits,
    SetExpiry,
    UnfreezePackage,
)
from domain.package.eligibility import Candidate
from domain.package.facts import PackageFact
from domain.package.restoration import restore as decide_restoration
from domain.package.state import Package
from domain.package.use import use as facts_of_use
from domain.refusals import LimitReached
from domain.updated import updated
from domain.values import Value
from tests.domain.given import fold
from tests.domain.paper import PaperBooks
from tests.domain.words import (
    BUSINESS,
    HOUSEHOLD,
    ZONE,
    because,
    circumstances,
    day,
    euros,
    froze,
    paid,
    redeem,
    sold,
    used,
)
from tests.use_cases import use_case_of


def after(facts: int, *more: PackageFact) -> Package:
    """A package with so many facts behind it, as far as anybody can tell."""
    return updated(fold([sold(), paid(1_000, total=1_000), used(1, remaining=9), *more]), version=facts)


def answer(package: Package, command: Value, at: str = "2026-10-03 12:00") -> list[PackageFact]:
    books = PaperBooks({"cus_1": HOUSEHOLD, "pkg_1": package})
    return list(use_case_of(command).decide(command, books, circumstances(at)).facts_of("package")["pkg_1"])


def use(package: Package, at: str = "2026-10-03 12:00") -> Any:
    candidate = Candidate("pkg_1", package, 1)
    now = circumstances(at)
    taken, wish = allocate([candidate], redeem(), now, BUSINESS, HOUSEHOLD, chosen=True, zone=ZONE)
    return facts_of_use(taken, wish, now)


def restore(package: Package) -> Any:
    command = RestoreUnits(redemption_id="red_1")
    return decide_restoration({"pkg_1": package}, command, circumstances(), BUSINESS, None)


def check_full(limit: int, refused: pytest.ExceptionInfo[LimitReached]) -> None:
    assert refused.value.explanation() == LimitReached("package-facts", limit).explanation()


@pytest.mark.parametrize(
    "command",
    [
        AddNote(package_id="pkg_1", note=because()),
        CorrectLine(package_id="pkg_1", line=1, change=-1),
        SetExpiry(package_id="pkg_1", expires_on=day("2026-12-31")),
    ],
)
def test_most_commands_leave_the_last_1000_facts_alone(command: Value) -> None:
    assert len(answer(after(18_999), command)) == 1
    with pytest.raises(LimitReached) as refused:
        answer(after(19_000), command)
    check_full(19_000, refused)


def test_so_does_a_use() -> None:
    assert use(after(18_999))
    with pytest.raises(LimitReached) as refused:
        use(after(19_000))
    check_full(19_000, refused)


def test_the_end_of_a_freeze_that_is_recorded_with_a_use_needs_room_too() -> None:
    frozen = froze("2026-10-05")
    assert len(use(after(18_998, frozen), "2026-10-07 09:00")["pkg_1"]) == 2
    with pytest.raises(LimitReached) as refused:
        use(after(18_999, frozen), "2026-10-07 09:00")
    check_full(19_000, refused)


@pytest.mark.parametrize(
    "command",
    [
        RefundPayment(payment_id="pay_1", amount=euros(1), reason=because()),
        CancelPackage(package_id="pkg_1", reason=because()),
    ],
)
def test_refunding_and_cancelling_may_use_them_to_the_last(command: Value) -> None:
    assert len(answer(after(19_999), command)) == 1
    with pytest.raises(LimitReached) as refused:
        answer(after(20_000), command)
    check_full(20_000, refused)


def test_a_cancellation_with_its_refund_needs_room_for_both() -> None:
    both = CancelPackage(
        package_id="pkg_1", reason=because(), refund=Refund(amount=euros(1), payment_id="pay_1")
    )
    assert len(answer(after(19_998), both)) == 2
    with pytest.raises(LimitReached) as refused:
        answer(after(19_999), both)
    check_full(20_000, refused)


def test_restoring_may_use_them_to_the_last() -> None:
    assert restore(after(19_999))
    with pytest.raises(LimitReached) as refused:
        restore(after(20_000))
    check_full(20_000, refused)


def test_what_changes_nothing_needs_no_room() -> None:
    assert answer(after(20_000), UnfreezePackage(package_id="pkg_1")) == []
