"""What is sent to register a customer and to change one, or a participant."""

from typing import Annotated

from pydantic import Field

from api.http.parsing import MayBeAbsent
from domain.moments import DayOfLife
from domain.people.facts import PARTICIPANTS_MAX, Kind
from domain.people.profile import CountryCode, Email, Gender, Mobile
from domain.values import (
    Category,
    CustomerId,
    ExternalRef,
    LongText,
    Name,
    ParticipantId,
    PhotoId,
    ServiceId,
    Value,
)

BarredServices = Annotated[tuple[ServiceId, ...], Field(max_length=200)]


class ConsentsBody(Value):
    """Only what is given changes; each is false until it is given."""

    session_reminder: MayBeAbsent[bool] = None
    birthday: MayBeAbsent[bool] = None
    marketing: MayBeAbsent[bool] = None


class KnownOfCustomer(Value):
    """What both registering and changing a customer may say."""

    email: Email | None = None
    mobile: Mobile | None = None
    """With + and its country's code, or as it is dialled in the country of `country_code`; kept as E.164."""
    country_code: CountryCode | None = None
    gender: Gender | None = None
    date_of_birth: DayOfLife | None = None
    anniversary: DayOfLife | None = None
    photo: PhotoId | None = None
    category: Category | None = None
    """One of the business's (policies)."""
    consents: ConsentsBody | None = None


class ParticipantBody(Value):
    id: ParticipantId | None = None
    name: Name
    kind: Kind = "person"
    photo: PhotoId | None = None
    barred_services: BarredServices = ()


class CustomerBody(KnownOfCustomer):
    id: CustomerId | None = None
    name: Name
    participants: Annotated[tuple[ParticipantBody, ...], Field(max_length=PARTICIPANTS_MAX)] = ()
    """The others of the household; number 0, the customer in person, is always there."""
    external_ref: ExternalRef | None = None


class CustomerChanges(KnownOfCustomer):
    """Only what is given changes; null takes a value away, and all consents."""

    name: MayBeAbsent[Name] = None


class ParticipantChanges(Value):
    """Only what is given changes; `photo: null` takes the photo away."""

    name: MayBeAbsent[Name] = None
    kind: MayBeAbsent[Kind] = None
    photo: PhotoId | None = None
    barred_services: MayBeAbsent[BarredServices] = None


class ReasonBody(Value):
    reason: LongText | None = None
