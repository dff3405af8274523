"""Decisions on a business."""

from typing import assert_never

from domain.business.commands import (
    BusinessCommand,
    ChangePolicies,
    CloseLocation,
    OpenBusiness,
    OpenLocation,
    RemoveSegment,
    SaveSegment,
)
from domain.business.facts import BusinessFact, BusinessOpened
from domain.business.locations import close_location, open_location
from domain.business.policies import change_policies
from domain.business.segments import remove_segment, save_segment
from domain.business.state import Business
from domain.refusals import IdTaken, NotFound


def decide(state: Business | None, command: BusinessCommand) -> list[BusinessFact]:
    """Raises IdTaken for a business or location that exists, NotFound for one that does not, Invalid."""
    if isinstance(command, OpenBusiness):
        if state is not None:
            raise IdTaken(command.business_id)
        return [BusinessOpened(name=command.name, currency=command.currency, time_zone=command.time_zone)]
    if state is None:
        raise NotFound("business", "")
    match command:
        case ChangePolicies():
            return change_policies(state, command)
        case OpenLocation():
            return open_location(state, command)
        case CloseLocation():
            return close_location(state, command)
        case SaveSegment():
            return save_segment(state, command)
        case RemoveSegment():
            return remove_segment(state, command)
        case _:
            assert_never(command)
