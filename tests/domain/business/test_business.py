"""A business with its policies and locations, and its members of staff."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from domain.actor import Role
from domain.business.commands import ChangePolicies, CloseLocation, OpenBusiness, OpenLocation, ReopenLocation
from domain.business.facts import (
    FIRST_POLICIES,
    BusinessOpened,
    LocationClosed,
    LocationOpened,
    LocationReopened,
    Policies,
    PolicyChanged,
    PurchaseRule,
    VisitRule,
)
from domain.business.state import evolve as evolve_business
from domain.fact_registry import FACTS
from domain.people.photos import photo_claims
from domain.people.profile import NameAndPhoto, NameOrPhoto, row
from domain.refusals import IdTaken, Invalid, NotFound
from domain.staff.commands import ChangeStaff, DeactivateStaff, ReactivateStaff, RegisterStaff
from domain.staff.facts import StaffDeactivated, StaffProfileChanged, StaffReactivated, StaffRegistered
from domain.staff.state import evolve as evolve_staff
from domain.values import CancellationTerms
from tests.domain.paper import PaperBooks
from tests.domain.streams import Aggregate

business = Aggregate(evolve_business, "biz_1")
staff = Aggregate(
    evolve_staff,
    "stf_1",
    PaperBooks(
        rows={"stf_1": row("stf_1", "stf_1", NameAndPhoto(name="Ann"))},
        counts={photo_claims("pho_1"): 1},
    ),
)

OPENED = BusinessOpened(name="Silk Salon", currency="EUR", time_zone="Europe/Budapest")
OPEN = OpenBusiness(business_id="biz_1", name="Silk Salon", currency="EUR", time_zone="Europe/Budapest")
MAIN = LocationOpened(location_id="loc_1", name="Main street", time_zone="Europe/Budapest")
CLOSE = CloseLocation(location_id="loc_1")
REOPEN = ReopenLocation(location_id="loc_1")
STRICT = CancellationTerms(notice_hours=48, late="forfeit", text="Two days, please")


def test_a_business_opens_with_its_currency_and_zone() -> None:
    business.given().when(OPEN).then(OPENED)


def test_a_business_opens_once() -> None:
    business.given(OPENED).when(OPEN).refused(IdTaken, id="biz_1")


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "europe/budapest", "", "../etc/passwd"])
def test_a_zone_is_one_of_the_iana_database(zone: str) -> None:
    with pytest.raises(ValidationError):
        OpenBusiness(business_id="biz_1", name="x", currency="EUR", time_zone=zone)


# Policies


def policies(**changed: Any) -> Policies:
    """The first ones but for these."""
    return FIRST_POLICIES.model_copy(update=changed)


def test_a_policy_change_carries_all_of_them_and_their_version() -> None:
    answer = business.given(OPENED).when(ChangePolicies(cancellation=STRICT))
    answer.then(PolicyChanged(policies=policies(cancellation=STRICT), policy_version=1))
    again = answer.stream.when(ChangePolicies(payment_required=True, correction_max=5))
    again.then(
        PolicyChanged(
            policies=policies(cancellation=STRICT, payment_required=True, correction_max=5),
            policy_version=2,
        )
    )
    assert again.state.policy_version == 2


def test_reminders_are_14_days_ahead_at_first_and_are_taken_away_with_null() -> None:
    first = business.given(OPENED)
    first.when(ChangePolicies(reminder_lead_days=14)).then_nothing()
    answer = first.when(ChangePolicies(reminder_lead_days=None))
    answer.then(PolicyChanged(policies=policies(reminder_lead_days=None), policy_version=1))
    stored = answer.state.policies.model_dump_json(exclude_none=True)
    assert Policies.model_validate_json(stored).reminder_lead_days is None


def test_policies_of_before_there_were_reminders_have_them() -> None:
    golden = Path(__file__).parent.parent / "golden"
    for version, lead in ((1, 14), (2, 14), (3, 7)):
        data = (golden / f"business.policy_changed.v{version}.json").read_bytes()
        read = FACTS.read("business.policy_changed", version, data)
        assert isinstance(read, PolicyChanged)
        assert read.policies.reminder_lead_days == lead


def test_the_limit_of_corrections_is_taken_away_with_null() -> None:
    limited = PolicyChanged(policies=policies(correction_max=5), policy_version=1)
    answer = business.given(OPENED, limited).when(ChangePolicies(correction_max=None))
    assert answer.state.policies == FIRST_POLICIES


@pytest.mark.parametrize(
    "command",
    [ChangePolicies(), ChangePolicies(payment_required=False), ChangePolicies(payment_required=None)],
)
def test_the_same_policies_again_are_no_fact(command: ChangePolicies) -> None:
    business.given(OPENED).when(command).then_nothing()


def test_earn_rules_are_replaced_as_a_whole_and_what_they_gave_can_still_be_taken_back() -> None:
    visit = VisitRule(on="visit", points=5)
    answer = business.given(OPENED).when(ChangePolicies(earn=(visit,)))
    answer.then(PolicyChanged(policies=policies(earn=(visit,)), policy_version=1))
    again = answer.stream.when(ChangePolicies(earn=()))
    again.then(PolicyChanged(policies=FIRST_POLICIES, policy_version=2))
    assert (answer.state.earns, again.state.earns) == (True, True)
    assert not business.given(OPENED).when(ChangePolicies(payment_required=True)).state.earns


def test_a_cause_has_one_earn_rule() -> None:
    twice = (PurchaseRule(on="purchase", points=1), PurchaseRule(on="purchase", points=2))
    business.given(OPENED).when(ChangePolicies(earn=twice)).refused_naming(
        Invalid, pointer="/earn/1/on", problem="duplicate"
    )


def test_policies_of_the_first_version_have_what_was_added_since_by_default() -> None:
    data = b'{"policies":{"cancellation":{"notice_hours":1,"late":"forfeit"}},"policy_version":1}'
    read = FACTS.read("business.policy_changed", 1, data)
    assert isinstance(read, PolicyChanged)
    assert read.policies == policies(cancellation=CancellationTerms(notice_hours=1, late="forfeit"))


@pytest.mark.covers("S108")
def test_customers_are_sorted_into_categories_of_the_business() -> None:
    opened = business.given(OPENED).state
    assert opened is not None
    assert opened.policies.categories == ("VIP", "Regular", "New")
    answer = business.given(OPENED).when(ChangePolicies(categories=("VIP", "Press")))
    answer.then(PolicyChanged(policies=policies(categories=("VIP", "Press")), policy_version=1))
    for known in ("Press", "VIP", None):
        answer.state.check_category(known)
    for unknown in ("New", "vip"):
        with pytest.raises(Invalid, match="/category is not one of VIP, Press"):
            answer.state.check_category(unknown)


@pytest.mark.parametrize("again", ["VIP", "vip"])
def test_a_category_is_there_once(again: str) -> None:
    business.given(OPENED).when(ChangePolicies(categories=("VIP", "New", again))).refused_naming(
        Invalid, pointer="/categories/2", problem="duplicate"
    )


# Locations


def test_a_location_opens_in_the_zone_of_the_business_or_its_own() -> None:
    business.given(OPENED).when(OpenLocation(location_id="loc_1", name="Main street")).then(MAIN)
    abroad = OpenLocation(location_id="loc_2", name="Lisboa", time_zone="Europe/Lisbon")
    answer = business.given(OPENED).when(abroad)
    assert answer.state.locations["loc_2"].time_zone == "Europe/Lisbon"


def test_a_location_opens_once() -> None:
    business.given(OPENED, MAIN).when(OpenLocation(location_id="loc_1", name="x")).refused(
        IdTaken, id="loc_1"
    )


def test_a_location_closes_once() -> None:
    answer = business.given(OPENED, MAIN).when(CLOSE)
    answer.then(LocationClosed(location_id="loc_1"))
    assert not answer.state.locations["loc_1"].open
    answer.stream.when(CLOSE).then_nothing()


def test_a_closed_location_opens_again_as_it_was() -> None:
    answer = business.given(OPENED, MAIN, LocationClosed(location_id="loc_1")).when(REOPEN)
    answer.then(LocationReopened(location_id="loc_1"))
    assert answer.state == business.given(OPENED, MAIN).state
    answer.stream.when(REOPEN).then_nothing()
    answer.stream.when(CLOSE).then(LocationClosed(location_id="loc_1"))


def test_an_unknown_location_is_not_found() -> None:
    for command in (CLOSE, REOPEN):
        business.given(OPENED).when(command).refused(NotFound, kind="location", id="loc_1")


# Staff

REGISTERED = StaffRegistered(role=Role.STAFF, locations=("loc_1",))
LEAVE = DeactivateStaff(staff_id="stf_1")
COME_BACK = ReactivateStaff(staff_id="stf_1")
RENAMED: dict[NameOrPhoto, str | None] = {"name": "Anna", "photo": "pho_1"}


def test_a_member_of_staff_has_a_role_and_locations() -> None:
    command = RegisterStaff(staff_id="stf_1", locations=("loc_1",))
    staff.given().when(command).then(REGISTERED)
    staff.given(REGISTERED).when(command).refused(IdTaken, id="stf_1")


def test_a_member_of_staff_changes_by_the_fields_that_differ() -> None:
    command = ChangeStaff(staff_id="stf_1", role=Role.MANAGER, locations=(), changes=RENAMED)
    answer = staff.given(REGISTERED).when(command)
    answer.then(
        StaffProfileChanged(fields=("name", "photo", "role", "locations"), role=Role.MANAGER, locations=())
    )
    assert (answer.state.role, answer.state.locations) == (Role.MANAGER, ())
    promoted = ChangeStaff(staff_id="stf_1", role=Role.MANAGER)
    staff.given(REGISTERED).when(promoted).then(
        StaffProfileChanged(fields=("role",), role=Role.MANAGER, locations=("loc_1",))
    )
    answer.stream.when(promoted).then_nothing()


def test_a_member_of_staff_leaves_once() -> None:
    answer = staff.given(REGISTERED).when(LEAVE)
    answer.then(StaffDeactivated())
    assert not answer.state.active
    answer.stream.when(LEAVE).then_nothing()


def test_a_member_of_staff_comes_back_with_role_and_locations() -> None:
    answer = staff.given(REGISTERED, StaffDeactivated()).when(COME_BACK)
    answer.then(StaffReactivated())
    assert answer.state == staff.given(REGISTERED).state
    answer.stream.when(COME_BACK).then_nothing()
    answer.stream.when(LEAVE).then(StaffDeactivated())


def test_an_unknown_member_of_staff_is_not_found() -> None:
    for command in (LEAVE, COME_BACK, ChangeStaff(staff_id="stf_1", role=Role.OWNER)):
        staff.given().when(command).refused(NotFound, kind="member of staff", id="stf_1")


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.AUDITOR, Role.INTEGRATION])
def test_only_those_who_work_there_are_staff(role: Any) -> None:
    with pytest.raises(ValidationError):
        RegisterStaff(staff_id="stf_1", role=role)
