"""Importing a package that another system kept: what was used and paid there, and what is left here."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from domain.package.commands import CorrectLine, ImportedLine, ImportPackage, ReinstatePackage, VoidPackage
from domain.package.facts import LineCorrected, PackageVoided
from domain.package.opening_facts import PackageImported
from domain.package.units import USED_BEFORE
from domain.refusals import DuplicateExternalRef, EffectiveAtOutOfRange, Invalid, NotEligible
from domain.values import ExternalRef, Money
from tests.domain.given import given
from tests.domain.words import NOW, because, day, euros, moment, redeem

REF = ExternalRef(source="old", ref="S-17")


def balance(*lines: tuple[int, int], **given: Any) -> ImportPackage:
    """Lines of massages: granted, used before."""
    told: dict[str, Any] = {
        "import_id": "imp_1",
        "package_id": "pkg_1",
        "customer_id": "cus_1",
        "external_ref": REF,
        "name": "Massage ×10",
        "lines": tuple(
            ImportedLine(services=("svc_massage",), quantity=granted, used_before=used)
            for granted, used in lines
        ),
        "price": euros(10_000),
        "paid": euros(4_000),
        "payment_id": "pay_old",
        "purchased_on": day("2026-01-05"),
        "expires_on": day("2027-01-05"),
    }
    return ImportPackage(**{**told, **given})


def test_what_was_used_there_is_used_here_and_what_is_left_keeps_its_value() -> None:
    outcome = given().when(balance((10, 4)))
    (fact,) = outcome.facts["pkg_1"]
    assert isinstance(fact, PackageImported)
    assert (fact.effective_at, fact.purchased_on) == (moment(NOW), date(2026, 1, 5))
    package = outcome.package
    assert tuple(package.lines[0].units(USED_BEFORE)) == (1, 2, 3, 4)
    assert (package.remaining, package.paid, package.owing) == (6, 4_000, 6_000)
    assert package.expiry.expires_on == date(2027, 1, 5)


def test_the_next_use_takes_the_first_unit_that_is_left() -> None:
    outcome = given().when(balance((10, 4))).and_when(redeem())
    assert [fact.units for fact in outcome.facts["pkg_1"] if hasattr(fact, "units")] == [(5,)]


def test_no_use_can_be_entered_for_a_day_before_the_import() -> None:
    outcome = given().when(balance((10, 4))).and_when(redeem(effective_at=day("2026-09-01")))
    outcome.refused_naming(EffectiveAtOutOfRange)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (balance((10, 11)), "/lines/0/used_before"),
        (balance((10, 0), paid=euros(10_001)), "/paid"),
        (balance((10, 0), purchased_on=day("2026-10-04")), "/purchased_on"),
        (balance((10, 0), expires_on=day("2026-01-04")), "/expires_on"),
        (balance((10, 0), price=Money(amount=1, currency="HUF")), "/price/currency"),
        (balance((10, 0), location_id="loc_none"), "/location_id"),
    ],
)
def test_a_balance_that_cannot_be_true_names_its_flaw(wrong: ImportPackage, pointer: str) -> None:
    given().when(wrong).refused_naming(Invalid, pointer=pointer)


def test_an_expired_or_used_up_package_is_imported_as_history() -> None:
    expired = given().when(balance((10, 4), expires_on=day("2026-02-01")))
    assert expired.package.status(moment(NOW)) == "expired"
    assert given().when(balance((3, 3))).package.status(moment(NOW)) == "fully_used"


def test_a_retired_service_is_imported_although_it_is_not_sold_any_more() -> None:
    line = ImportedLine(services=("svc_old",), quantity=2)
    assert given().when(balance(lines=(line,))).package.remaining == 2


def test_a_correction_gives_back_what_was_counted_as_used_there_before_it_adds_units() -> None:
    outcome = (
        given()
        .when(balance((10, 4)))
        .and_when(CorrectLine(package_id="pkg_1", line=1, change=6, reason=because()))
    )
    (fact,) = (made for made in outcome.facts["pkg_1"] if isinstance(made, LineCorrected))
    assert (fact.used_before, fact.added, fact.value) == ((4, 3, 2, 1), (11, 12), 4_000)


def test_an_import_is_voided_on_any_day_while_it_stands_as_it_came() -> None:
    outcome = given().when(balance((10, 4)), at="2026-10-03 12:00")
    void = VoidPackage(package_id="pkg_1", reason=because())
    voided = outcome.and_when(void, at="2026-11-20 12:00")
    assert isinstance(voided.facts["pkg_1"][-1], PackageVoided)
    assert voided.package.voided
    outcome.and_when(redeem(), at="2026-11-20 11:00").and_when(void).refused_naming(NotEligible)


@pytest.mark.parametrize("voided", [True, False])
def test_a_reference_comes_again_only_after_its_package_was_voided(voided: bool) -> None:
    outcome = given().when(balance((10, 4)))
    if voided:
        outcome = outcome.and_when(VoidPackage(package_id="pkg_1", reason=because()))
    again = outcome.and_when(balance((10, 5), package_id="pkg_2", payment_id="pay_new"))
    if voided:
        assert again.facts["pkg_2"]
    else:
        again.refused_naming(DuplicateExternalRef)


@examples(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), min_size=1, max_size=4), st.integers(0, 10**6)
)
def test_what_is_left_and_what_was_used_add_up_to_the_price(lines: list[tuple[int, int]], price: int) -> None:
    told = [(granted, min(granted, used)) for granted, used in lines]
    package = given().when(balance(*told, price=euros(price), paid=euros(0))).package
    assert package.remaining == sum(granted - used for granted, used in told)
    assert sum(sum(line.values) for line in package.lines) == price


def test_a_balance_that_was_voided_is_not_reinstated_but_imported_again() -> None:
    reinstating = ReinstatePackage(package_id="pkg_1", expires_on=day("2027-01-05"), reason=because("back"))
    voided = given().when(balance((10, 4))).and_when(VoidPackage(package_id="pkg_1", reason=because("twice")))
    voided.and_when(reinstating).refused_naming(NotEligible)
    again = voided.and_when(balance((10, 4), package_id="pkg_2", payment_id="pay_new"))
    assert again.facts["pkg_2"]
    again.and_when(reinstating).refused_naming(NotEligible)
