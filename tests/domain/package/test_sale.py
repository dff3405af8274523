"""Selling a package: what the sale fixes, what may be adjusted, and every way it is refused."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from domain.actor import Role
from domain.calendar_rules import ExpiryAfterFirstUse, ExpiryAfterPurchase, ExpiryOnDate, NoExpiry
from domain.catalogue.facts import OfferLine, OfferTerms
from domain.package.commands import SellPackage
from domain.package.fact_parts import SoldLine, SoldService
from domain.package.facts import NoteAdded
from domain.package.money_facts import PaymentRecorded
from domain.package.opening_facts import PackagePurchased
from domain.refusals import (
    BackDatingNotAllowed,
    CustomerIsBlocked,
    CustomerIsInactive,
    EffectiveAtOutOfRange,
    Invalid,
    LimitReached,
    NotFound,
    OfferIsRetired,
    Overpayment,
)
from domain.values import CancellationTerms, ExternalRef, Money, PaymentMethod
from tests.domain.given import World, selling
from tests.domain.words import HOUSEHOLD, NOW, SERVICES, ZONE, because, day, euros, moment, pay

TEN_MASSAGES = OfferTerms(
    name="Massage ×10 💆", price=45_000, lines=(OfferLine(quantity=10, services=("svc_massage",)),)
)


def offer(**changes: Any) -> OfferTerms:
    return TEN_MASSAGES.model_copy(update=changes)


def sell(**fields: Any) -> SellPackage:
    standard: dict[str, Any] = {"package_id": "pkg_1", "customer_id": "cus_1", "offer_id": "off_1"}
    return SellPackage(**(standard | fields))


def custom(**fields: Any) -> SellPackage:
    standard: dict[str, Any] = {
        "offer_id": None,
        "name": "Only for you",
        "lines": (OfferLine(quantity=3, services=("svc_massage",)),),
        "price": euros(10_000),
    }
    return sell(**(standard | fields))


def purchase(world: World, command: SellPackage, at: str = NOW, role: Role = Role.OWNER) -> PackagePurchased:
    fact = world.when(command, at, role).facts["pkg_1"][0]
    assert isinstance(fact, PackagePurchased)
    return fact


@pytest.mark.covers("S3", "S7", "S63", "S65", "S76", "S97", "S105")
def test_a_sale_from_an_offer_fixes_everything_the_offer_says() -> None:
    terms = offer(
        lines=(
            OfferLine(quantity=2, services=("svc_massage",)),
            OfferLine(quantity=3, services=("svc_massage", "svc_facial"), label="Any treatment"),
        ),
        price=21_000,
        validity=ExpiryAfterPurchase(count=6, unit="months"),
        sharing="household",
        cap_per_participant=4,
        cancellation=CancellationTerms(notice_hours=48, late="forfeit"),
        locations=("loc_1",),
    )
    massage = SoldService(id="svc_massage", name="Massage 60", service_type="Massage")
    facial = SoldService(id="svc_facial", name="Facial", service_type="Beauty")
    reference = ExternalRef(source="mindbody", ref="991")
    selling(terms, purchase_number=2).when(
        sell(location_id="loc_2", external_ref=reference, purchased_by="cus_2"), "2026-08-31 12:00"
    ).then(
        PackagePurchased(
            effective_at=moment("2026-08-31 12:00"),
            customer_id="cus_1",
            purchased_by="cus_2",
            offer_id="off_1",
            offer_version=3,
            name="Massage ×10 💆",
            purchase_number=2,
            currency="EUR",
            price=21_000,
            list_price=21_000,
            lines=(
                SoldLine(
                    label="Massage 60", services=(massage,), quantity=2, values=((6_000, 2),), weight=6_000
                ),
                SoldLine(
                    label="Any treatment",
                    services=(massage, facial),
                    quantity=3,
                    values=((3_000, 3),),
                    weight=3_000,
                ),
            ),
            validity=ExpiryAfterPurchase(count=6, unit="months"),
            expires_on=day("2027-02-28"),
            time_zone=ZONE,
            entered_on=day("2026-08-31"),
            sharing="household",
            beneficiaries=("par_ada",),
            cap_per_participant=4,
            cancellation=CancellationTerms(notice_hours=48, late="forfeit"),
            locations=("loc_1",),
            location_id="loc_2",
            external_ref=reference,
        )
    )


@pytest.mark.covers("S95")
def test_a_custom_package_has_its_own_name_lines_and_price() -> None:
    sold = purchase(World(), custom(expires_on=day("2026-12-31")))
    assert (sold.name, sold.price, sold.list_price, sold.offer_id) == ("Only for you", 10_000, 10_000, None)
    assert sold.lines[0].values == ((3_334, 1), (3_333, 2))
    assert sold.expires_on == day("2026-12-31")


@pytest.mark.covers("S6", "S98")
def test_the_price_is_prefilled_and_a_special_one_is_kept_beside_the_original() -> None:
    sold = purchase(selling(offer()), sell(price=euros(40_000)))
    assert (sold.price, sold.list_price) == (40_000, 45_000)
    assert sold.lines[0].values == ((4_000, 10),)


@pytest.mark.covers("S8", "S98")
def test_the_expiry_is_prefilled_by_the_rule() -> None:
    sold = purchase(selling(offer(validity=ExpiryAfterPurchase(count=1, unit="years"))), sell())
    assert sold.expires_on == day("2027-10-03")


@pytest.mark.covers("S98")
def test_the_expiry_may_be_another_date() -> None:
    world = selling(offer(validity=ExpiryAfterPurchase(count=1, unit="years")))
    sold = purchase(world, sell(expires_on=day("2027-01-31")))
    assert (sold.validity, sold.expires_on) == (ExpiryOnDate(date=day("2027-01-31")), day("2027-01-31"))


@pytest.mark.covers("S98")
def test_the_expiry_may_be_none_whatever_the_rule() -> None:
    sold = purchase(
        selling(offer(validity=ExpiryAfterPurchase(count=1, unit="years"))), sell(expires_on=None)
    )
    assert (sold.validity, sold.expires_on) == (NoExpiry(), None)


def test_after_first_use_has_no_expiry_at_sale() -> None:
    rule = ExpiryAfterFirstUse(count=90, unit="days")
    sold = purchase(selling(offer(validity=rule)), sell())
    assert (sold.validity, sold.expires_on) == (rule, None)


@pytest.mark.covers("S99")
def test_a_payment_at_the_sale_is_a_fact_of_its_own() -> None:
    outcome = selling(offer()).when(sell(payment=pay(20_000, method=PaymentMethod.CARD)))
    assert outcome.facts["pkg_1"][1:] == [
        PaymentRecorded(
            effective_at=moment(NOW),
            payment_id="pay_new",
            amount=20_000,
            method=PaymentMethod.CARD,
            paid=20_000,
        )
    ]
    assert outcome.package.owing == 25_000


@pytest.mark.covers("S76")
def test_the_sale_itself_says_how_it_was_paid() -> None:
    world = selling(offer())
    assert purchase(world, sell(payment=pay(1, method=PaymentMethod.CARD))).paid_with == PaymentMethod.CARD
    assert purchase(world, sell()).paid_with is None


@pytest.mark.covers("S35", "S99")
def test_a_sale_needs_no_payment() -> None:
    outcome = selling(offer()).when(sell())
    assert len(outcome.facts["pkg_1"]) == 1
    assert outcome.package.owing == 45_000


@pytest.mark.covers("S31", "S38")
def test_a_note_at_the_sale_is_a_fact_of_its_own() -> None:
    note = because("agreed to pay 5k Ft per visit")
    facts = selling(offer()).when(sell(note=note)).facts["pkg_1"]
    assert facts[1:] == [NoteAdded(effective_at=moment(NOW), note=note.ref)]


def test_the_business_says_the_terms_when_the_offer_does_not() -> None:
    world = selling(offer()).under(cancellation=CancellationTerms(notice_hours=12, late="forfeit"))
    assert purchase(world, sell()).cancellation == CancellationTerms(notice_hours=12, late="forfeit")


@pytest.mark.covers("S85")
def test_the_participants_named_at_the_sale_are_its_beneficiaries() -> None:
    assert purchase(selling(offer()), sell(beneficiaries=("par_max", "par_bo"))).beneficiaries == (
        "par_max",
        "par_bo",
    )


def test_a_label_of_many_services_is_cut_to_what_a_name_may_hold() -> None:
    long = {f"svc_{n}": SERVICES["svc_massage"] for n in range(50)}
    terms = offer(lines=(OfferLine(quantity=1, services=tuple(long)),))
    assert len(purchase(selling(terms, services=long), sell()).lines[0].label) == 200


@pytest.mark.covers("S80")
def test_a_sale_may_be_a_free_package() -> None:
    outcome = selling(offer()).when(sell(price=euros(0)))
    assert outcome.package.owing == 0
    assert outcome.package.lines[0].values == (0,) * 10


def test_a_service_that_was_retired_since_is_still_sold_with_its_offer() -> None:
    terms = offer(lines=(OfferLine(quantity=1, services=("svc_old",)),))
    assert purchase(selling(terms), sell()).lines[0].services[0].name == "Mud bath"


# When it counts from


def test_a_date_means_the_start_of_that_day_in_the_zone_of_the_business() -> None:
    sold = purchase(selling(offer()), sell(effective_at=day("2026-09-20")), role=Role.MANAGER)
    assert sold.effective_at == moment("2026-09-20 00:00")
    assert sold.entered_on == day("2026-10-03")


def test_a_validity_counts_from_the_effective_day() -> None:
    world = selling(offer(validity=ExpiryAfterPurchase(count=1, unit="months")))
    assert purchase(world, sell(effective_at=day("2026-01-31"))).expires_on == day("2026-02-28")


@pytest.mark.parametrize(
    ("role", "earliest"),
    [
        (Role.STAFF, "2026-10-03 00:00"),
        (Role.MANAGER, "2026-09-03 00:00"),
        (Role.OWNER, "1970-01-01 00:00"),
        (Role.INTEGRATION, "2026-10-03 00:00"),
    ],
)
def test_each_role_may_back_date_a_sale_so_far(role: Role, earliest: str) -> None:
    assert purchase(selling(offer()), sell(effective_at=moment(earliest)), role=role)


@pytest.mark.parametrize(
    ("role", "too_early", "allowed"),
    [
        (Role.STAFF, "2026-10-02 23:59", "2026-10-03 00:00"),
        (Role.MANAGER, "2026-09-02 23:59", "2026-09-03 00:00"),
    ],
)
def test_no_role_may_back_date_a_sale_further(role: Role, too_early: str, allowed: str) -> None:
    selling(offer()).when(sell(effective_at=moment(too_early)), role=role).refused(
        BackDatingNotAllowed, role=role.value, earliest=moment(allowed)
    )


def test_a_sale_may_lie_five_minutes_ahead() -> None:
    sold = purchase(selling(offer()), sell(effective_at=moment("2026-10-03 12:05")), role=Role.STAFF)
    assert sold.effective_at == moment("2026-10-03 12:05")


def test_a_sale_may_not_lie_further_ahead() -> None:
    selling(offer()).when(sell(effective_at=moment("2026-10-03 12:05:01"))).refused(
        EffectiveAtOutOfRange,
        earliest=moment("1970-01-01 00:00"),
        latest=moment("2026-10-03 12:05"),
    )


def test_a_sale_does_not_lie_before_1970() -> None:
    assert purchase(selling(offer()), sell(effective_at=date(1970, 1, 1)))
    selling(offer()).when(sell(effective_at=moment("1969-12-31 23:59:59.999"))).refused_naming(
        EffectiveAtOutOfRange
    )


# Refusals


@pytest.mark.covers("S137")
def test_a_blocked_customer_cannot_buy() -> None:
    selling(offer(), customer=replace(HOUSEHOLD, blocked=True)).when(sell()).refused(
        CustomerIsBlocked, customer_id="cus_1"
    )


def test_an_inactive_customer_cannot_buy() -> None:
    selling(offer(), customer=replace(HOUSEHOLD, active=False)).when(sell()).refused(
        CustomerIsInactive, customer_id="cus_1"
    )


def test_an_unknown_offer_is_not_sold() -> None:
    World().when(sell()).refused(NotFound, kind="offer", id="off_1")


def test_a_retired_offer_is_not_sold() -> None:
    world = selling(offer())
    assert world.offer is not None
    world.where(offer=replace(world.offer, retired=True)).when(sell()).refused(OfferIsRetired, id="off_1")


def test_an_offer_is_sold_to_one_customer_so_often() -> None:
    world = selling(offer(max_per_customer=2))
    assert purchase(world.where(bought_before=1), sell())
    world.where(bought_before=2).when(sell()).refused(LimitReached, rule="offer-packages", limit=2)


def test_a_custom_package_holds_at_most_5000_units() -> None:
    thousand = OfferLine(quantity=1_000, services=("svc_massage",))
    most = World().when(custom(lines=(thousand,) * 5))
    assert most.package.remaining == 5_000
    one_more = (*[thousand] * 5, OfferLine(quantity=1, services=("svc_massage",)))
    World().when(custom(lines=one_more)).refused(LimitReached, rule="package-units", limit=5_000)


@pytest.mark.parametrize(
    ("services", "pointer", "problem"),
    [
        (("svc_massage", "svc_none"), "/lines/0/services/1", "unknown-service"),
        (("svc_old",), "/lines/0/services/0", "retired-service"),
        (("svc_massage", "svc_massage"), "/lines/0/services", "duplicate"),
    ],
)
def test_a_custom_line_is_for_known_services_still_performed(
    services: tuple[str, ...], pointer: str, problem: str
) -> None:
    command = custom(lines=(OfferLine(quantity=1, services=services),))
    World().when(command).refused_naming(Invalid, pointer=pointer, problem=problem)


@pytest.mark.parametrize("command", [sell, custom])
def test_a_price_is_in_the_currency_of_the_books(command: Any) -> None:
    selling(offer()).when(command(price=Money(amount=1, currency="USD"))).refused_naming(
        Invalid, pointer="/price/currency", problem="wrong-currency"
    )


def test_a_package_does_not_expire_before_it_is_bought() -> None:
    world = selling(offer())
    assert purchase(world, sell(expires_on=day("2026-10-03")))
    world.when(sell(expires_on=day("2026-10-02"))).refused_naming(
        Invalid, pointer="/expires_on", problem="before-purchase"
    )


def test_an_offer_whose_last_day_has_passed_is_not_sold() -> None:
    selling(offer(validity=ExpiryOnDate(date=day("2026-10-02")))).when(sell()).refused_naming(
        Invalid, pointer="/expires_on", problem="before-purchase"
    )


def test_a_sale_happens_at_a_location_of_the_business() -> None:
    selling(offer()).when(sell(location_id="loc_9")).refused_naming(
        Invalid, pointer="/location_id", problem="unknown-location"
    )


@pytest.mark.parametrize(
    ("beneficiaries", "pointer", "problem"),
    [
        (("par_max", "par_none"), "/beneficiaries/1", "unknown-participant"),
        (("par_old",), "/beneficiaries/0", "unknown-participant"),
        (("par_max", "par_max"), "/beneficiaries", "duplicate"),
    ],
)
def test_beneficiaries_are_participants_of_the_customer(
    beneficiaries: tuple[str, ...], pointer: str, problem: str
) -> None:
    selling(offer()).when(sell(beneficiaries=beneficiaries)).refused_naming(
        Invalid, pointer=pointer, problem=problem
    )


def test_who_has_left_the_household_may_be_the_beneficiary_of_an_earlier_sale() -> None:
    command = sell(beneficiaries=("par_old",), effective_at=moment("2026-10-02 08:59"))
    assert purchase(selling(offer()), command).beneficiaries == ("par_old",)


def test_a_payment_at_the_sale_is_not_above_the_price() -> None:
    world = selling(offer())
    assert world.when(sell(payment=pay(45_000))).package.owing == 0
    world.when(sell(payment=pay(45_001))).refused(Overpayment, requested=45_001, owing=45_000)


def test_a_payment_at_the_sale_is_at_least_1() -> None:
    selling(offer()).when(sell(payment=pay(0))).refused_naming(Invalid, problem="zero")


def test_a_payment_at_the_sale_is_in_the_currency_of_the_books() -> None:
    payment = pay(1).model_copy(update={"amount": Money(amount=1, currency="USD")})
    selling(offer()).when(sell(payment=payment)).refused_naming(Invalid, problem="wrong-currency")
