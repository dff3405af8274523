"""The locations where a package can be used: those it was sold for, or those a manager named since."""

from domain.actor import Circumstances
from domain.business.state import Business
from domain.package.checks import check_not_cancelled, now_for
from domain.package.commands import ChangeLocations
from domain.package.facts import LocationsChanged, PackageFact
from domain.package.state import Package
from domain.refusals import Invalid, NotEligible


def check_place(package: Package, location_id: str | None, business: Business) -> None:
    """Raises NotEligible for another place than one of the package's, while any of those is open.

    Once all of them have closed it can be used anywhere, until one opens again (domain.md).
    """
    places = package.locations
    if not places or location_id in places or not business.any_open(places):
        return
    raise NotEligible("location-not-open")


def change_locations(package: Package, command: ChangeLocations, at: Circumstances) -> list[PackageFact]:
    """Past use is untouched. No fact for the same locations in another order.

    Raises PackageIsCancelled, Invalid for a location named twice. The caller has checked that they exist.
    """
    check_not_cancelled(package)
    if len(set(command.locations)) < len(command.locations):
        raise Invalid("/locations", "duplicate", "names a location twice")
    if set(command.locations) == set(package.locations):
        return []
    return [
        LocationsChanged(
            effective_at=now_for(package, at),
            locations=command.locations,
            previous=package.locations,
            reason=command.reason.ref,
        )
    ]
