"""Whose days count (domain.md, Expiry).

An act at a desk is judged by the zone of the location where it is done: the days a role may date it back, and
the moment that a date without a time stands for.
"""

from domain.actor import Circumstances
from domain.business.state import Business


def desk_zone(
    business: Business, at: Circumstances, location_id: str | None = None, *, otherwise: str | None = None
) -> str:
    """The zone of the location that an act names, else of the actor's location, else `otherwise`, else the business's.

    `otherwise` is the zone fixed for what the act is about: that of a package or of a booking.
    """
    for id in (location_id, at.actor.location_id):
        if id in business.locations:
            return business.locations[id].time_zone
    return otherwise or business.time_zone
