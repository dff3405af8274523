"""Opening, closing and reopening the locations of a business."""

from domain.business.commands import CloseLocation, OpenLocation, ReopenLocation
from domain.business.facts import BusinessFact, LocationClosed, LocationOpened, LocationReopened
from domain.business.state import Business, Location
from domain.refusals import IdTaken, NotFound


def open_location(state: Business, command: OpenLocation) -> list[BusinessFact]:
    """Raises IdTaken."""
    if command.location_id in state.locations:
        raise IdTaken(command.location_id)
    zone = command.time_zone or state.time_zone
    opened = LocationOpened(
        location_id=command.location_id, name=command.name, time_zone=zone, address=command.address
    )
    return [opened]


def close_location(state: Business, command: CloseLocation) -> list[BusinessFact]:
    """Raises NotFound. No fact where it is closed already."""
    location = _known(state, command.location_id)
    return [LocationClosed(location_id=command.location_id)] if location.open else []


def reopen_location(state: Business, command: ReopenLocation) -> list[BusinessFact]:
    """Raises NotFound. No fact where it is open."""
    location = _known(state, command.location_id)
    return [] if location.open else [LocationReopened(location_id=command.location_id)]


def _known(state: Business, location_id: str) -> Location:
    location = state.locations.get(location_id)
    if location is None:
        raise NotFound("location", location_id)
    return location
