"""Whose days count: a business in Budapest with a location in New York, six hours behind."""

from dataclasses import replace
from datetime import date

from domain.actor import Actor, Circumstances, Role
from domain.business.state import Location
from domain.business.zones import desk_zone
from domain.calendar_rules import ExpiryAfterPurchase
from domain.catalogue.facts import OfferLine, OfferTerms
from domain.package.commands import RecordPayment, SellPackage, VoidPackage
from domain.package.opening_facts import PackagePurchased
from domain.refusals import BackDatingNotAllowed, NotEligible, PackageHasExpired
from tests.domain.appointments import book, reschedule
from tests.domain.given import World, given, selling
from tests.domain.words import BUSINESS, because, day, euros, moment, pay, redeem, sold

NEW_YORK = "America/New_York"
ABROAD = replace(BUSINESS, locations={**BUSINESS.locations, "loc_ny": Location("5th Avenue", NEW_YORK)})
EVENING = "2026-07-01 00:30"
"""In Budapest; in New York it is 18:30 on 30 June."""


def abroad(*facts: PackagePurchased) -> World:
    return given(*facts).where(business=ABROAD)


def sell(**fields: object) -> SellPackage:
    standard = {"package_id": "pkg_1", "customer_id": "cus_1", "name": "Ten", "price": euros(10_000)}
    lines = [{"quantity": 10, "services": ("svc_massage",)}]
    return SellPackage.model_validate({**standard, "lines": tuple(lines), **fields})


def test_the_zone_fixed_at_sale_is_that_of_the_selling_location() -> None:
    outcome = abroad().when(sell(location_id="loc_ny", expires_on=day("2026-06-30")), EVENING)
    assert (outcome.package.time_zone, outcome.package.entered_on) == (NEW_YORK, date(2026, 6, 30))
    assert outcome.and_when(redeem(), moment("2026-06-30 23:59", NEW_YORK)).facts
    outcome.and_when(redeem(), moment("2026-07-01 00:00", NEW_YORK)).refused_naming(PackageHasExpired)
    at_home = abroad().when(sell(), EVENING)
    assert (at_home.package.time_zone, at_home.package.entered_on) == ("Europe/Budapest", date(2026, 7, 1))


def test_days_after_the_purchase_are_counted_where_it_was_sold() -> None:
    line = OfferLine(quantity=10, services=("svc_massage",))
    monthly = OfferTerms(
        name="Ten", price=10_000, lines=(line,), validity=ExpiryAfterPurchase(count=1, unit="months")
    )
    sale = SellPackage(package_id="pkg_1", customer_id="cus_1", offer_id="off_1", location_id="loc_ny")
    outcome = selling(monthly, business=ABROAD).when(sale, EVENING)
    assert outcome.package.expires_on == date(2026, 7, 30)


def test_a_date_means_its_first_moment_where_the_desk_is() -> None:
    sale = sell(location_id="loc_ny", effective_at=date(2026, 6, 30))
    assert abroad().when(sale, EVENING).package.purchased_at == moment("2026-06-30 00:00", NEW_YORK)
    used = redeem(location_id="loc_ny", effective_at=date(2026, 6, 30))
    outcome = abroad(sold(at="2026-06-01 09:00")).when(used, EVENING)
    assert outcome.facts["pkg_1"][0].effective_at == moment("2026-06-30 00:00", NEW_YORK)


def test_the_same_day_is_that_of_the_desk() -> None:
    """Noon of 30 June is the same day in New York, and the day before in Budapest."""
    noon = moment("2026-06-30 12:00", NEW_YORK)
    world = abroad(sold(at="2026-06-01 09:00"))
    assert world.when(redeem(location_id="loc_ny", effective_at=noon), EVENING, Role.STAFF).facts
    world.when(redeem(location_id="loc_1", effective_at=noon), EVENING, Role.STAFF).refused_naming(
        BackDatingNotAllowed
    )
    paid_then = RecordPayment(package_id="pkg_1", payment=pay(100), effective_at=noon)
    world.when(paid_then, EVENING, Role.STAFF).refused_naming(BackDatingNotAllowed)
    assert abroad(sold(at="2026-06-01 09:00", time_zone=NEW_YORK)).when(paid_then, EVENING, Role.STAFF).facts
    assert abroad().when(sell(location_id="loc_ny", effective_at=noon), EVENING, Role.STAFF).facts
    abroad().when(sell(effective_at=noon), EVENING, Role.STAFF).refused_naming(BackDatingNotAllowed)


def test_a_booking_is_judged_by_its_own_days() -> None:
    world = abroad(sold(at="2026-06-01 09:00"))
    noon = moment("2026-06-30 12:00", NEW_YORK)
    there = book().model_copy(update={"location_id": "loc_ny", "starts_at": noon})
    outcome = world.when(there, EVENING, Role.STAFF)
    assert outcome.booking.time_zone == NEW_YORK
    here = there.model_copy(update={"location_id": None})
    world.when(here, EVENING, Role.STAFF).refused_naming(BackDatingNotAllowed)
    earlier = reschedule(EVENING).model_copy(update={"starts_at": moment("2026-06-30 11:00", NEW_YORK)})
    assert outcome.and_when(earlier, EVENING, Role.STAFF).booked


def test_a_sale_is_undone_on_the_day_of_the_location_that_sold_it() -> None:
    void = VoidPackage(package_id="pkg_1", reason=because())
    outcome = abroad().when(sell(location_id="loc_ny"), EVENING)
    assert outcome.and_when(void, moment("2026-06-30 23:59", NEW_YORK)).package.voided
    outcome.and_when(void, moment("2026-07-01 00:00", NEW_YORK)).refused_naming(NotEligible)


def test_the_location_named_goes_before_that_of_the_actor_and_that_before_the_thing_itself() -> None:
    at = Circumstances(moment(EVENING), Actor(id="stf_ann", role=Role.STAFF, location_id="loc_ny"))
    nowhere = Circumstances(moment(EVENING), Actor(id="stf_ann", role=Role.STAFF))
    assert desk_zone(ABROAD, at, "loc_1", otherwise="Asia/Tokyo") == "Europe/Budapest"
    assert desk_zone(ABROAD, at, otherwise="Asia/Tokyo") == NEW_YORK
    assert desk_zone(ABROAD, nowhere, otherwise="Asia/Tokyo") == "Asia/Tokyo"
    assert desk_zone(ABROAD, nowhere, "loc_unknown") == "Europe/Budapest"
