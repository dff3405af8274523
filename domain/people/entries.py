"""Commands with entries of the directory."""

from collections.abc import Mapping
from typing import Any

from domain.people.commands import AddParticipant, ChangeParticipant, RegisterCustomer
from domain.people.facts import ConsentName
from domain.people.profile import Called, CalledField, ProfileGiven
from domain.staff.commands import ChangeStaff, RegisterStaff
from domain.values import Category, CustomerId, ParticipantId, PhotoId, Value

NOTHING: Mapping[Any, Any] = {}


class EnterCustomer(Value):
    """Register a customer, with what the directory is to know of the household."""

    customer: RegisterCustomer
    profile: ProfileGiven
    called: Mapping[ParticipantId, Called] = NOTHING
    """The participants, in the order in which they were sent."""


class ChangeDirectory(Value):
    """Change what a desk knows of a customer: the profile, and where they are given category and consents."""

    customer_id: CustomerId
    changes: ProfileGiven = NOTHING
    category: Category | None = None
    consents: Mapping[ConsentName, bool] = NOTHING


class EnterParticipant(Value):
    """Add a participant, with name and photo."""

    participant: AddParticipant
    called: Called


class ChangeParticipantEntry(Value):
    """Change a participant, and new values of name or photo; a photo of None is taken away."""

    participant: ChangeParticipant
    changes: Mapping[CalledField, str | None]


class EnterStaff(Value):
    """Register a member of staff, with name and photo."""

    staff: RegisterStaff
    called: Called


class ChangeStaffEntry(Value):
    """Change a member of staff, and new values of name or photo; a photo of None is taken away."""

    staff: ChangeStaff
    changes: Mapping[CalledField, str | None]


class AddPhoto(Value):
    """Take in a photo, for a profile to name; its image goes with the order."""

    photo_id: PhotoId
