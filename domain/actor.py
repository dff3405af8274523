"""Who acts, in which role, and when: what a decision may know of the world."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

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
    """Who did it: id and role at that time, how they signed in, and where from."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    role: Role
    via: Literal["key", "command line", "system"] = "key"
    device: str | None = None
    location_id: LocationId | None = None

    @property
    def staff_id(self) -> str | None:
        return self.id if self.id.startswith("stf_") else None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision may know of the world: the moment, and who asks. It is always given, never read."""

    now: datetime
    actor: Actor
