"""Where a package can be used, and changing that after the sale."""

import pytest

from domain.package.commands import ChangeLocations
from domain.package.facts import LocationsChanged
from domain.refusals import Invalid, NotEligible, NotFound, PackageIsCancelled
from tests.domain.given import given
from tests.domain.words import NOW, because, cancelled, moment, of_line, redeem, sold, used


def change(*locations: str, package: str = "pkg_1") -> ChangeLocations:
    return ChangeLocations(package_id=package, locations=locations, reason=because())


def test_a_package_may_be_moved_to_other_locations() -> None:
    outcome = given(sold(locations=("loc_1",))).when(change("loc_2"))
    moved = LocationsChanged(
        effective_at=moment(NOW), locations=("loc_2",), previous=("loc_1",), reason=because().ref
    )
    outcome.then(moved)
    assert outcome.and_when(redeem(location_id="loc_2")).facts
    outcome.and_when(redeem(location_id="loc_1")).refused_naming(NotEligible)
    back = outcome.and_when(change("loc_1"))
    assert back.package.locations == ("loc_1",)


def test_no_location_means_everywhere() -> None:
    outcome = given(sold(locations=("loc_1",))).when(change())
    assert outcome.and_when(redeem()).facts
    assert outcome.and_when(redeem(location_id="loc_2")).facts


def test_a_package_may_be_bound_to_a_location_after_its_sale() -> None:
    given(sold()).when(change("loc_1")).and_when(redeem()).refused_naming(NotEligible)


def test_past_use_is_left_alone() -> None:
    world = given(sold(), used(1, remaining=9, location_id="loc_1"))
    assert world.when(change("loc_2")).package.uses["red_1"].restorable == 1


def test_the_same_locations_in_any_order_are_no_fact() -> None:
    given(sold(locations=("loc_1", "loc_2"))).when(change("loc_2", "loc_1")).then_nothing()


@pytest.mark.parametrize(
    ("locations", "pointer", "problem"),
    [
        (("loc_1", "loc_nowhere"), "/locations/1", "unknown-location"),
        (("loc_1", "loc_1"), "/locations", "duplicate"),
    ],
)
def test_locations_are_those_of_the_business(locations: tuple[str, ...], pointer: str, problem: str) -> None:
    given(sold()).when(change(*locations)).refused_naming(Invalid, pointer=pointer, problem=problem)


def test_a_cancelled_package_stays_where_it_is() -> None:
    given(sold(units=1), cancelled(of_line(1, 1))).when(change("loc_1")).refused(PackageIsCancelled)


def test_an_unknown_package_is_not_found() -> None:
    given(sold()).when(change("loc_1", package="pkg_2")).refused(NotFound, kind="package", id="pkg_2")
