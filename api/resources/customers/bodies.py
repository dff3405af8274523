"""Bodies that register or change a customer or a participant."""

from typing import Annotated

from pydantic import Field

from api.http.locales import KnownLocale
from api.http.parsing import MayBeAbsent
from domain.people.facts import PARTICIPANTS_MAX, Kind
from domain.people.profile import Details
from domain.values import (
    CategoryName,
    CustomerId,
    GivenRef,
    ParticipantId,
    PersonName,
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


class KnownOfCustomer(Details):
    """Members of both registering and changing a customer."""

    category: CategoryName | None = None
    """One of the categories in the business's policies."""
    consents: ConsentsBody | None = None
    locale: KnownLocale | None = None
    """In which letters and pages speak to the customer; without one, that of the business."""


class ParticipantBody(Value):
    id: ParticipantId | None = None
    name: PersonName
    kind: Kind = "person"
    photo: PhotoId | None = None
    barred_services: BarredServices = ()


class CustomerBody(KnownOfCustomer):
    id: CustomerId | None = None
    name: PersonName
    participants: Annotated[tuple[ParticipantBody, ...], Field(max_length=PARTICIPANTS_MAX)] = ()
    """The others of the household; number 0, the customer in person, is always there."""
    external_ref: GivenRef | None = None


class CustomerChanges(KnownOfCustomer):
    """Only what is given changes; null takes a value away, and all consents."""

    name: MayBeAbsent[PersonName] = None


class ParticipantChanges(Value):
    """Only what is given changes; `photo: null` takes the photo away."""

    name: MayBeAbsent[PersonName] = None
    kind: MayBeAbsent[Kind] = None
    photo: PhotoId | None = None
    barred_services: MayBeAbsent[BarredServices] = None
