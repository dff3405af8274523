"""Making and moving bookings: which units pay for them, and from which start notice is measured."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.actor import Role
from domain.booking.commands import ConfirmBooking, RescheduleBooking
from domain.booking.facts import (
    BookingConfirmed,
    BookingMade,
    BookingRescheduled,
    BookingSource,
    Occurrence,
)
from domain.business.facts import Deduct
from domain.calendar_rules import ExpiryAfterFirstUse
from domain.package.commands import NewPayment
from domain.package.fact_parts import LineUnits, SoldService
from domain.package.facts import PackageFact, SessionMoved, UnitsHeld, UnitsRedeemed
from domain.refusals import (
    BackDatingNotAllowed,
    CustomerIsBlocked,
    CustomerIsInactive,
    InsufficientUnits,
    Invalid,
    NotEligible,
    NotFound,
    OfferIsRetired,
    PackageHasExpired,
    PackageIsCancelled,
    PackageIsFrozen,
    PaymentRequired,
    Refused,
    WrongBookingState,
)
from domain.values import CancellationTerms, Money, PaymentMethod
from tests.domain.appointments import (
    DEDUCTS,
    FORFEIT,
    IN_TIME,
    LATE,
    RESTORE,
    START,
    another,
    attend,
    book,
    booked,
    call_off,
    reschedule,
    salon,
    stamps,
)
from tests.domain.given import given
from tests.domain.words import FACIAL, HOUSEHOLD, NOW, cancelled, day, froze, line, moment, pay, sold, used

OLD = line(2, SoldService(id="svc_old", name="Mud bath", service_type="Massage"))
"""Two units of a service that was retired since."""


def source(
    package: str = "pkg_1", units: int = 1, measured_from: str = START, terms: CancellationTerms = FORFEIT
) -> BookingSource:
    return BookingSource(
        package_id=package, line=1, quantity=units, terms=terms, measured_from=moment(measured_from)
    )


# Made with units


@pytest.mark.covers("S59", "S102", "S104")
def test_a_booking_uses_units_when_it_is_made() -> None:
    world = given(sold(cancellation=FORFEIT)).under(cancellation=RESTORE)
    outcome = world.when(book(staff_id="stf_bob", location_id="loc_1", quantity=2))
    assert outcome.facts == {
        "pkg_1": [
            UnitsRedeemed(
                effective_at=moment(NOW),
                redemption_id="red_1",
                allocation=1,
                quantity=2,
                line=1,
                units=(1, 2),
                value=2_000,
                remaining=8,
                service_id="svc_massage",
                participant_id="par_ada",
                staff_id="stf_bob",
                location_id="loc_1",
                booking_id="bkg_1",
                session_at=moment(START),
            )
        ]
    }
    assert outcome.booked == {
        "bkg_1": [
            BookingMade(
                customer_id="cus_1",
                service_id="svc_massage",
                participant_id="par_ada",
                staff_id="stf_bob",
                location_id="loc_1",
                starts_at=moment(START),
                time_zone="Europe/Budapest",
                quantity=2,
                deduct="at_booking",
                redemption_id="red_1",
                sources=(source(units=2),),
                price=12_000,
                terms=RESTORE,
                policy_version=0,
                made_at=moment(NOW),
                by="business",
            )
        ]
    }
    assert outcome.booking.status == "pending"


@pytest.mark.covers("S59", "S102")
def test_a_booking_holds_units_until_it_is_attended() -> None:
    outcome = booked("at_attendance", quantity=2)
    assert outcome.facts == {
        "pkg_1": [
            UnitsHeld(
                effective_at=moment(NOW),
                booking_id="bkg_1",
                line=1,
                quantity=2,
                held=2,
                remaining=10,
                service_id="svc_massage",
                participant_id="par_ada",
                session_at=moment(START),
            )
        ]
    }
    assert stamps(outcome.package) == {"available": 8, "held": 2}
    assert outcome.booking.redemption_id == "red_1"
    assert outcome.booking.sources == (source(units=2),)


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_units_come_from_where_a_redemption_would_take_them(deduct: Deduct) -> None:
    world = given(
        pkg_late=[sold(units=3, expires_on="2026-12-31", cancellation=RESTORE)],
        pkg_soon=[sold(units=2, expires_on="2026-10-31", cancellation=FORFEIT)],
    ).under(deduct=deduct)
    outcome = world.when(book(quantity=4))
    assert outcome.booking.sources == (
        source("pkg_soon", 2),
        source("pkg_late", 2, terms=RESTORE),
    )
    assert [
        fact.line for facts in outcome.facts.values() for fact in facts if isinstance(fact, UnitsHeld)
    ] == ([1, 1] if deduct == "at_attendance" else [])


@pytest.mark.covers("S104")
@pytest.mark.parametrize("deduct", DEDUCTS)
def test_staff_may_choose_the_package(deduct: Deduct) -> None:
    world = given(pkg_soon=[sold(expires_on="2026-10-31")], pkg_1=[sold()]).under(deduct=deduct)
    outcome = world.when(book(package_id="pkg_1"))
    assert [each.package_id for each in outcome.booking.sources] == ["pkg_1"]


@pytest.mark.covers("S74")
def test_a_dog_is_booked_for_with_the_package_that_is_hers() -> None:
    outcome = given(sold(beneficiaries=("par_max",))).when(book(package_id="pkg_1"))
    assert outcome.booking.participant_id == "par_max"
    outcome = given(sold(sharing="household")).when(book(participant_id="par_bo"))
    assert outcome.booking.participant_id == "par_bo"
    assert len(outcome.booking.sources) == 1


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_units_must_be_valid_on_the_day_of_the_booking(deduct: Deduct) -> None:
    last_day = given(sold(expires_on="2026-10-07")).under(deduct=deduct)
    assert last_day.when(book(package_id="pkg_1")).booking.sources
    day_before = given(sold(expires_on="2026-10-06")).under(deduct=deduct)
    day_before.when(book(package_id="pkg_1")).refused(PackageHasExpired, expires_on=day("2026-10-06"))
    assert day_before.when(book()).booking.sources == ()


def test_validity_that_waits_for_the_first_use_begins_with_the_booking_not_with_a_hold() -> None:
    waits = sold(validity=ExpiryAfterFirstUse(count=10, unit="days"), cancellation=FORFEIT)
    outcome = booked("at_booking", waits)
    assert outcome.told()["pkg_1"] == ["package.validity_started", "package.redeemed"]
    assert outcome.package.expires_on == day("2026-10-17")
    outcome = booked("at_attendance", waits)
    assert outcome.told()["pkg_1"] == ["package.held"]
    outcome = outcome.and_when(attend(), "2026-10-08 10:00")
    assert outcome.told()["pkg_1"] == [
        "package.hold_released",
        "package.validity_started",
        "package.redeemed",
    ]
    assert outcome.package.expires_on == day("2026-10-17")


WAITS = sold(validity=ExpiryAfterFirstUse(count=10, unit="days"), cancellation=FORFEIT)


def test_validity_moves_with_the_first_session() -> None:
    outcome = booked("at_booking", WAITS).and_when(reschedule("2026-11-07 09:00"))
    assert outcome.refusal is None
    assert outcome.told()["pkg_1"] == ["package.session_moved", "package.validity_started"]
    assert outcome.package.expires_on == day("2026-11-17")


def test_a_session_that_is_not_the_first_cannot_leave_the_validity() -> None:
    outcome = booked("at_booking", WAITS).and_when(another("2026-10-12 09:00"))
    later = RescheduleBooking(booking_id="bkg_2", starts_at=moment("2026-11-07 09:00"))
    outcome.and_when(later).refused(PackageHasExpired, expires_on=day("2026-10-17"))


def test_validity_waits_again_when_the_first_session_is_cancelled_in_time() -> None:
    outcome = booked("at_booking", WAITS).and_when(call_off(), IN_TIME)
    assert outcome.told()["pkg_1"] == ["package.restored", "package.validity_reset"]
    assert (outcome.package.started_on, outcome.package.expires_on) == (None, None)


# Refused for what the chosen package says


@pytest.mark.parametrize("deduct", DEDUCTS)
@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ([sold(units=1), used(1, remaining=0, redemption="red_0")], InsufficientUnits),
        ([sold(units=1), cancelled()], PackageIsCancelled),
        ([sold(), froze("2026-10-10")], PackageIsFrozen),
        ([sold(line(5, FACIAL))], NotEligible),
        ([sold(beneficiaries=("par_max", "par_bo"))], NotEligible),
        ([sold(locations=("loc_2",))], NotEligible),
    ],
)
def test_a_chosen_package_that_cannot_pay_refuses_the_booking(
    deduct: Deduct, facts: list[PackageFact], refusal: type[Refused]
) -> None:
    world = given(*facts).under(deduct=deduct)
    world.when(book(package_id="pkg_1")).refused_naming(refusal)
    unpaid = world.when(book())
    assert unpaid.told() == {"bkg_1": ["booking.made"]}, "by the rule it is booked without units"


def test_a_package_that_must_be_paid_first_does_not_pay_before() -> None:
    world = given(sold()).under(payment_required=True)
    for asked in (book(package_id="pkg_1"), book()):
        world.when(asked).refused(PaymentRequired, owing=10_000)
    assert world.when(book(service_id="svc_talk")).booking.sources == (), (
        "it is good for nothing but massages"
    )


def test_an_unpaid_package_with_nothing_left_stands_in_nobodys_way() -> None:
    world = given(sold(units=1), used(1, remaining=0)).under(payment_required=True)
    assert world.when(book()).booking.sources == ()


# Made without units


@pytest.mark.covers("S59")
def test_without_units_it_is_booked_all_the_same() -> None:
    outcome = given(sold(units=1)).under(cancellation=FORFEIT).when(book(quantity=2))
    assert outcome.told() == {"bkg_1": ["booking.made"]}
    assert outcome.booking.redemption_id is None
    assert outcome.booking.free_until == moment(IN_TIME)


def test_what_is_paid_otherwise_takes_no_units() -> None:
    outcome = given(sold()).when(book(payment=pay(6_000)))
    assert outcome.told() == {"bkg_1": ["booking.made", "booking.payment_recorded"]}
    assert (outcome.booking.sources, outcome.facts) == ((), {})
    both = given(sold()).when(book(payment=pay(6_000), package_id="pkg_1"))
    assert (len(both.booking.sources), both.booking.paid) == (1, 6_000)


# Who, what, where and when


@pytest.mark.covers("S137")
def test_blocked_and_inactive_customers_cannot_book() -> None:
    for world in (given(sold()), given()):
        world.where(customer=replace(HOUSEHOLD, blocked=True)).when(book()).refused_naming(CustomerIsBlocked)
        world.where(customer=replace(HOUSEHOLD, active=False)).when(book()).refused_naming(CustomerIsInactive)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"service_id": "svc_nothing"}, "/service_id"),
        ({"staff_id": "stf_nobody"}, "/staff_id"),
        ({"staff_id": "stf_gone"}, "/staff_id"),
        ({"location_id": "loc_nowhere"}, "/location_id"),
        ({"starts_at": moment(NOW) + timedelta(days=731, minutes=1)}, "/starts_at"),
    ],
)
def test_what_the_business_does_not_have_cannot_be_booked(fields: dict[str, object], pointer: str) -> None:
    command = book().model_copy(update=fields)
    refusal = given(sold()).when(command).refusal
    assert isinstance(refusal, Invalid)
    assert refusal.pointer == pointer


def test_two_years_ahead_is_the_limit() -> None:
    latest = book().model_copy(update={"starts_at": moment(NOW) + timedelta(days=731)})
    assert given(sold()).when(latest).booking.sources


def test_a_retired_service_cannot_be_booked_without_units() -> None:
    given(sold()).when(book(service_id="svc_old")).refused_naming(OfferIsRetired)
    money = Money(amount=6_000, currency="EUR")
    payment = NewPayment(payment_id="pay_1", amount=money, method=PaymentMethod.CARD)
    at_the_till = book(service_id="svc_old", payment=payment)
    given(sold(OLD)).when(at_the_till).refused_naming(OfferIsRetired)
    given(sold(OLD)).when(book(service_id="svc_old", quantity=3)).refused_naming(OfferIsRetired)


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_retired_service_is_booked_with_units_that_were_sold_of_it(deduct: Deduct) -> None:
    world = given(sold(OLD)).under(deduct=deduct)
    assert world.when(book(service_id="svc_old", quantity=2)).booking.sources
    assert world.when(book(service_id="svc_old", package_id="pkg_1")).booking.sources
    series = world.when(book(service_id="svc_old", weeks=3))
    assert list(series.booked) == ["bkg_1", "bkg_2"]
    assert [type(each.refused) for each in series.left_out] == [InsufficientUnits]


def test_a_retired_service_whose_units_wait_for_payment_says_so() -> None:
    world = given(sold(OLD, price=100)).under(payment_required=True)
    world.when(book(service_id="svc_old")).refused_naming(PaymentRequired)


def test_only_the_household_attends() -> None:
    given(sold()).when(book(participant_id="par_nobody")).refused_naming(NotFound)
    given(sold()).when(book(participant_id="par_old")).refused_naming(NotEligible)


@pytest.mark.parametrize(
    ("role", "earliest", "too_early"),
    [
        (Role.STAFF, "2026-10-03 00:00", "2026-10-02 23:59"),
        (Role.MANAGER, "2026-09-03 00:00", "2026-09-02 23:59"),
        (Role.OWNER, "1971-01-01 00:00", None),
    ],
)
def test_a_booking_may_be_entered_afterwards_as_a_redemption_may(
    role: Role, earliest: str, too_early: str | None
) -> None:
    assert given(sold()).when(book(earliest), role=role).told()
    if too_early is not None:
        given(sold()).when(book(too_early), role=role).refused_naming(BackDatingNotAllowed)


def test_a_customer_books_ahead() -> None:
    past = given(sold()).when(book("2026-10-03 11:59"), role=Role.CUSTOMER, who="cus_1").refusal
    assert isinstance(past, Invalid)
    (made,) = given(sold()).when(book(), role=Role.CUSTOMER, who="cus_1").booked["bkg_1"]
    assert isinstance(made, BookingMade)
    assert made.by == "customer"


# A series


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_series_has_the_same_local_time_each_week_and_units_of_its_own(deduct: Deduct) -> None:
    outcome = salon(deduct).when(book("2026-10-14 09:00", weeks=3))
    starts = [moment("2026-10-14 09:00"), moment("2026-10-21 09:00"), moment("2026-10-28 09:00")]
    assert starts[2] - starts[1] == timedelta(days=7, hours=1), "the clocks change in between"
    made = [fact for facts in outcome.booked.values() for fact in facts]
    assert [fact.starts_at for fact in made if isinstance(fact, BookingMade)] == starts
    assert [fact.occurrence for fact in made if isinstance(fact, BookingMade)] == [
        Occurrence(series_id="bkg_1", number=n, count=3) for n in (1, 2, 3)
    ]
    assert [fact.redemption_id for fact in made if isinstance(fact, BookingMade)] == [
        "red_1",
        "red_2",
        "red_3",
    ]
    taken = {"available": 7, "used": 3} if deduct == "at_booking" else {"available": 7, "held": 3}
    assert stamps(outcome.package) == taken


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_series_is_made_as_far_as_there_are_units(deduct: Deduct) -> None:
    outcome = salon(deduct, sold(units=2)).when(book(weeks=4))
    assert list(outcome.booked) == ["bkg_1", "bkg_2"]
    assert [(each.starts_at, type(each.refused)) for each in outcome.left_out] == [
        (moment("2026-10-21 09:00"), InsufficientUnits),
        (moment("2026-10-28 09:00"), InsufficientUnits),
    ]


def test_a_week_in_which_the_package_cannot_be_used_is_left_out() -> None:
    world = given(sold(expires_on="2026-10-20"))
    outcome = world.when(book(weeks=3, package_id="pkg_1"))
    assert list(outcome.booked) == ["bkg_1", "bkg_2"]
    assert [type(each.refused) for each in outcome.left_out] == [PackageHasExpired]


def test_a_series_of_which_no_week_can_be_booked_is_refused_for_the_first_reason() -> None:
    world = given(sold(units=1), used(1, remaining=0, redemption="red_0"))
    world.when(book(weeks=3, package_id="pkg_1")).refused(
        InsufficientUnits, requested=1, available=0, remaining=0
    )


def test_a_series_without_units_is_booked_whole() -> None:
    outcome = given().when(book(weeks=3))
    assert (list(outcome.booked), outcome.left_out) == (["bkg_1", "bkg_2", "bkg_3"], [])


def test_a_series_that_reaches_too_far_ahead_and_a_reference_for_many_are_refused() -> None:
    given(sold()).when(book("2028-09-30 09:00", weeks=2)).refused_naming(Invalid)
    ref = {"source": "mindbody", "ref": "991"}
    command = book(weeks=2).model_validate({**book(weeks=2).model_dump(), "external_ref": ref})
    given(sold()).when(command).refused_naming(Invalid)


def test_bookings_of_a_location_follow_its_clock() -> None:
    world = given(sold())
    there = replace(world.business.locations["loc_2"], time_zone="America/New_York")
    business = replace(world.business, locations={**world.business.locations, "loc_2": there})
    outcome = world.where(business=business).when(book("2026-10-21 15:00", weeks=3, location_id="loc_2"))
    made = [fact for facts in outcome.booked.values() for fact in facts if isinstance(fact, BookingMade)]
    assert {fact.time_zone for fact in made} == {"America/New_York"}
    assert [fact.starts_at - made[0].starts_at for fact in made[1:]] == [
        timedelta(days=7),
        timedelta(days=14, hours=1),
    ], "summer time ends there on 1 November"


# Confirmed


def test_a_pending_booking_is_confirmed_once() -> None:
    outcome = booked().and_when(ConfirmBooking(booking_id="bkg_1"), role=Role.STAFF, who="stf_bob")
    assert outcome.booked == {"bkg_1": [BookingConfirmed()]}
    assert outcome.booking.status == "confirmed"
    outcome.and_when(ConfirmBooking(booking_id="bkg_1")).refused(
        WrongBookingState, booking_status="confirmed", wanted="confirmed"
    )


# Rescheduled


def test_outside_the_notice_period_notice_is_measured_from_the_new_start() -> None:
    outcome = booked().and_when(reschedule("2026-10-09 10:00"), IN_TIME)
    assert outcome.facts == {
        "pkg_1": [
            SessionMoved(
                effective_at=moment(IN_TIME),
                redemption_id="red_1",
                booking_id="bkg_1",
                units=(LineUnits(line=1, units=(1,), value=1_000),),
                session_at=moment("2026-10-09 10:00"),
                previous=moment(START),
            )
        ]
    }
    assert outcome.booked["bkg_1"] == [
        BookingRescheduled(
            starts_at=moment("2026-10-09 10:00"),
            previous=moment(START),
            sources=(source(measured_from="2026-10-09 10:00"),),
            measured_from=moment("2026-10-09 10:00"),
        )
    ]
    assert outcome.booking.free_until == moment("2026-10-08 10:00")


def test_inside_the_notice_period_the_earlier_start_stays_the_measure() -> None:
    outcome = booked().and_when(reschedule("2026-10-20 10:00"), LATE)
    assert outcome.booking.starts_at == moment("2026-10-20 10:00")
    assert outcome.booking.sources == (source(),)
    assert outcome.booking.free_until == moment(IN_TIME)
    again = outcome.and_when(reschedule("2026-11-20 10:00"), "2026-10-10 10:00")
    assert again.booking.free_until == moment(IN_TIME), "moving it again wins no notice"
    earlier = booked().and_when(reschedule("2026-10-06 18:00"), LATE)
    assert earlier.booking.free_until == moment("2026-10-05 18:00")


def test_each_source_measures_by_its_own_terms() -> None:
    world = given(
        pkg_1=[sold(units=1, cancellation=CancellationTerms(notice_hours=72, late="forfeit"))],
        pkg_2=[sold(units=1, cancellation=CancellationTerms(notice_hours=2, late="forfeit"))],
    )
    outcome = world.when(book(quantity=2)).and_when(reschedule("2026-10-12 09:00"), "2026-10-06 09:00")
    measured = {each.package_id: each.measured_from for each in outcome.booking.sources}
    assert measured == {"pkg_1": moment(START), "pkg_2": moment("2026-10-12 09:00")}


def test_a_hold_moves_with_its_booking() -> None:
    outcome = booked("at_attendance", quantity=3).and_when(reschedule("2026-10-09 10:00"), IN_TIME)
    assert outcome.told() == {
        "pkg_1": ["package.hold_released", "package.held"],
        "bkg_1": ["booking.rescheduled"],
    }
    assert stamps(outcome.package) == {"available": 7, "held": 3}
    (held,) = outcome.package.holds["bkg_1"]
    assert held.session_at == moment("2026-10-09 10:00")


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_units_must_be_valid_at_the_new_start_too(deduct: Deduct) -> None:
    outcome = booked(deduct, sold(expires_on="2026-10-31"))
    assert outcome.and_when(reschedule("2026-10-31 23:59")).booking.starts_at == moment("2026-10-31 23:59")
    outcome.and_when(reschedule("2026-11-01 00:00")).refused(PackageHasExpired, expires_on=day("2026-10-31"))


def test_a_frozen_or_cancelled_package_does_not_move_with_its_booking() -> None:
    made = booked().world
    frozen = made.with_facts({"pkg_1": [froze("2026-10-20")]})
    frozen.when(reschedule("2026-10-20 10:00")).refused(PackageIsFrozen, frozen_until=day("2026-10-20"))
    assert frozen.when(reschedule("2026-10-21 10:00")).told()
    ended = made.with_facts({"pkg_1": [cancelled()]})
    ended.when(reschedule("2026-10-20 10:00")).refused(PackageIsCancelled)


def test_a_booking_moves_within_the_same_bounds_as_it_is_made() -> None:
    for start, role, who in (
        ("2028-10-04 09:00", Role.OWNER, "stf_ann"),
        ("2026-10-03 11:00", Role.CUSTOMER, "cus_1"),
    ):
        booked().and_when(reschedule(start), role=role, who=who).refused_naming(Invalid)
    booked().and_when(reschedule("2026-10-02 11:00"), role=Role.STAFF).refused_naming(BackDatingNotAllowed)


def test_the_same_start_again_is_nothing_new() -> None:
    booked("at_attendance").and_when(reschedule(START)).then_nothing()


def test_what_took_place_or_was_called_off_does_not_move() -> None:
    outcome = booked().and_when(attend(), START)
    outcome.and_when(reschedule("2026-10-09 10:00")).refused(
        WrongBookingState, booking_status="attended", wanted="rescheduled"
    )


def test_a_booking_made_twice_has_units_twice() -> None:
    """Each its own; the second finds what the first left."""
    outcome = booked("at_attendance", sold(units=3), quantity=2).and_when(
        another(package_id="pkg_1", quantity=2)
    )
    outcome.refused(InsufficientUnits, requested=2, available=1, remaining=3)
