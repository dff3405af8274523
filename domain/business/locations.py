"""Opening and closing the locations of a business."""

from domain.business.commands import CloseLocation, OpenLocation
from domain.business.facts import BusinessFact, LocationClosed, LocationOpened
from domain.business.state import Business
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
    """Raises NotFound."""
    location = state.locations.get(command.location_id)
    if location is None:
        raise NotFound("location", command.location_id)
    return [LocationClosed(location_id=command.location_id)] if location.open else []
