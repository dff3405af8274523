"""The actor of a command, and the circumstances of a decision."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Struct
from pydantic import StringConstraints

from domain.values import LocationId, Value


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    STAFF = "staff"
    CUSTOMER = "customer"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


class Actor(Value):
    """The author of a fact: id and role at that time, how they signed in, device and location."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    role: Role
    via: Literal["key", "command line", "system"] = "key"
    device: str | None = None
    location_id: LocationId | None = None

    @property
    def staff_id(self) -> str | None:
        """The id, if the actor is a member of staff."""
        return self.id if self.id.startswith("stf_") else None


CLOCK = Actor(id="clock", role=Role.INTEGRATION, via="system")
"""Who records what falls due."""


class Circumstances(Struct, frozen=True, gc=False):
    """The moment and the actor: all a decision may know of the world. Always passed in, never read."""

    now: datetime
    actor: Actor
