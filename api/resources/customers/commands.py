"""Customers, their standing, and the participants of their households."""

from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from api.http.command_route import Command, CommandRequest, command
from api.http.conditions import is_untouched
from api.http.parsing import EmptyBody
from api.http.permissions import CUSTOMER_READERS_OR_OWN, MANAGERS, REGISTRARS
from api.http.query import Found, NoParameters, Page, Query
from api.http.query_route import query
from api.resources.customers.answer import NONE_YET, Customer, counted, counts_of, in_books
from api.resources.customers.bodies import CustomerBody, CustomerChanges, ParticipantBody, ParticipantChanges
from api.resources.customers.duplicates import EnteredCustomer, entered, possible_duplicates
from api.resources.people import nobody
from api.resources.texts import wording_or_none
from domain.decision import Reads, UseCase
from domain.people.commands import (
    AddParticipant,
    BlockCustomer,
    ChangeCustomer,
    ChangeParticipant,
    NewParticipant,
    RegisterCustomer,
    RemoveParticipant,
    ReturnParticipant,
)
from domain.people.facts import ConsentName
from domain.people.profile import PROFILE_FIELDS, NameAndPhoto
from domain.people.state import in_person
from domain.use_cases.activate_customer import ACTIVATE_CUSTOMER
from domain.use_cases.add_participant import ADD_PARTICIPANT
from domain.use_cases.block_customer import BLOCK_CUSTOMER
from domain.use_cases.change_customer import CHANGE_CUSTOMER
from domain.use_cases.change_participant import CHANGE_PARTICIPANT
from domain.use_cases.deactivate_customer import DEACTIVATE_CUSTOMER
from domain.use_cases.register_customer import REGISTER_CUSTOMER
from domain.use_cases.remove_participant import REMOVE_PARTICIPANT
from domain.use_cases.return_participant import RETURN_PARTICIPANT
from domain.use_cases.unblock_customer import UNBLOCK_CUSTOMER
from domain.values import LongText, Value


class CustomerPage(Page[Customer]):
    pass


@command(
    "/v1/customers",
    "customers.register",
    "Register a customer",
    roles=REGISTRARS,
    body=CustomerBody,
    answer=EnteredCustomer,
    location="/v1/customers/{id}",
    codes=("duplicate-external-ref",),
    looks=True,
)
def register(call: Command[CustomerBody]) -> CommandRequest:
    """The customer is participant 0 of the household. A mobile number needs its country code, as `+36 …` or
    in `country_code`; it is stored as E.164.
    """
    body = call.body
    id = call.new("cus", body.id)
    if body.id is None:
        call.ids.made.append(in_person(id))  # derived from the id, so a dry run shows neither
    household = [(call.new("par", each.id), each) for each in body.participants]
    profile = _profile(body)
    duplicates = possible_duplicates(call, id, profile)
    asked = RegisterCustomer(
        customer_id=id,
        profile=profile,
        participants=tuple(_new(participant_id, each) for participant_id, each in household),
        category=body.category,
        consents=_consents(body),
        external_ref=body.external_ref,
    )
    return CommandRequest(
        REGISTER_CUSTOMER,
        asked,
        lambda books, _: entered(in_books(books, id, books.person, NONE_YET), duplicates),
        shows=(id,),
    )


def _new(participant_id: str, body: ParticipantBody) -> NewParticipant:
    return NewParticipant(
        participant_id=participant_id,
        kind=body.kind,
        barred_services=body.barred_services,
        called=NameAndPhoto(name=body.name, photo=body.photo),
    )


def _profile(body: CustomerBody | CustomerChanges) -> dict[Any, str | date | None]:
    """The fields sent that the directory keeps."""
    return body.model_dump(include={*map(str, PROFILE_FIELDS)}, exclude_unset=True)


def _consents(body: CustomerBody | CustomerChanges) -> Mapping[ConsentName, bool]:
    if body.consents is None:
        return {}
    return body.consents.model_dump(exclude_unset=True)  # type: ignore[return-value]


def _of_customer(path: str, operation: str, summary: str, use_case: UseCase[Any], description: str) -> Any:
    """A command on a customer with an empty body."""

    def ask(call: Command[EmptyBody]) -> CommandRequest:
        id = call.id("customer_id")
        return _ask(call, id, use_case, use_case.command.model_validate({"customer_id": id}))

    ask.__doc__ = description
    return command(path, operation, summary, roles=MANAGERS, body=EmptyBody, answer=Customer)(ask)


def _ask(call: Command[Any], id: str, use_case: UseCase[Any], asked: Value) -> CommandRequest:
    now = call.frame.carnet.clock()
    return CommandRequest(
        use_case,
        asked,
        lambda books, _: in_books(books, id, books.person, counts_of(books, id, now)),
        shows=(id,),
        reads=counted(id),
    )


activate = _of_customer(
    "/v1/customers/{customer_id}/activation",
    "customers.activate",
    "Activate a customer",
    ACTIVATE_CUSTOMER,
    "Activating an active customer changes nothing.",
)


deactivate = _of_customer(
    "/v1/customers/{customer_id}/deactivation",
    "customers.deactivate",
    "Deactivate a customer: nothing new is sold to them",
    DEACTIVATE_CUSTOMER,
    "Packages and bookings that exist stay as they are.",
)


unblock = _of_customer(
    "/v1/customers/{customer_id}/unblock",
    "customers.unblock",
    "Unblock a customer",
    UNBLOCK_CUSTOMER,
    "Unblocking a customer who is not blocked changes nothing.",
)


class ReasonBody(Value):
    reason: LongText | None = None


@command(
    "/v1/customers/{customer_id}/block",
    "customers.block",
    "Block a customer: nothing new is sold to them",
    roles=MANAGERS,
    body=ReasonBody,
    answer=Customer,
)
def block(call: Command[ReasonBody]) -> CommandRequest:
    """Packages and bookings that exist stay as they are."""
    id = call.id("customer_id")
    return _ask(
        call,
        id,
        BLOCK_CUSTOMER,
        BlockCustomer(customer_id=id, reason=wording_or_none(call, call.body.reason)),
    )


@command(
    "/v1/customers/{customer_id}/changes",
    "customers.change",
    "Change what is known of a customer: profile, category and consents",
    roles=REGISTRARS,
    body=CustomerChanges,
    answer=EnteredCustomer,
    looks=True,
)
def change(call: Command[CustomerChanges]) -> CommandRequest:
    """Only what is sent changes; null takes a value away."""
    id, body = call.id("customer_id"), call.body
    profile, now = _profile(body), call.frame.carnet.clock()
    given: dict[str, Any] = {"changes": profile, "consents": _consents(body)}
    if "category" in body.model_fields_set:
        given["category"] = body.category
    if "consents" in body.model_fields_set and body.consents is None:
        given["consents"] = dict.fromkeys(get_args(ConsentName), False)
    duplicates = possible_duplicates(call, id, profile)
    return CommandRequest(
        CHANGE_CUSTOMER,
        ChangeCustomer(customer_id=id, **given),
        lambda books, _: entered(in_books(books, id, books.person, counts_of(books, id, now)), duplicates),
        shows=(id,),
        reads=counted(id),
    )


@command(
    "/v1/customers/{customer_id}/participants",
    "participants.add",
    "Add a participant to a household",
    roles=REGISTRARS,
    body=ParticipantBody,
    answer=Customer,
)
def add_participant(call: Command[ParticipantBody]) -> CommandRequest:
    """Packages that are shared with the household can be used for them at once."""
    id, body = call.id("customer_id"), call.body
    asked = AddParticipant(customer_id=id, participant=_new(call.new("par", body.id), body))
    return _ask(call, id, ADD_PARTICIPANT, asked)


@command(
    "/v1/customers/{customer_id}/participants/{participant_id}/changes",
    "participants.change",
    "Change a participant",
    roles=REGISTRARS,
    body=ParticipantChanges,
    answer=Customer,
)
def change_participant(call: Command[ParticipantChanges]) -> CommandRequest:
    """Only what is sent changes. `photo: null` takes the photo away."""
    id, body = call.id("customer_id"), call.body
    changes: dict[Any, str | None] = body.model_dump(include={"name", "photo"}, exclude_unset=True)
    asked = ChangeParticipant(
        customer_id=id,
        participant_id=call.id("participant_id"),
        kind=body.kind,
        barred_services=body.barred_services,
        changes=changes,
    )
    return _ask(call, id, CHANGE_PARTICIPANT, asked)


@command(
    "/v1/customers/{customer_id}/participants/{participant_id}/removal",
    "participants.remove",
    "Remove a participant from a household; what they used stays as it was",
    roles=REGISTRARS,
    body=EmptyBody,
    answer=Customer,
)
def remove_participant(call: Command[EmptyBody]) -> CommandRequest:
    """Packages can no longer be used for them."""
    id = call.id("customer_id")
    return _ask(
        call,
        id,
        REMOVE_PARTICIPANT,
        RemoveParticipant(customer_id=id, participant_id=call.id("participant_id")),
    )


@command(
    "/v1/customers/{customer_id}/participants/{participant_id}/return",
    "participants.return",
    "Take a removed participant into the household again",
    roles=REGISTRARS,
    body=EmptyBody,
    answer=Customer,
    codes=("limit-reached",),
)
def return_participant(call: Command[EmptyBody]) -> CommandRequest:
    """The participant counts as never having left."""
    id = call.id("customer_id")
    asked = ReturnParticipant(customer_id=id, participant_id=call.id("participant_id"))
    return _ask(call, id, RETURN_PARTICIPANT, asked)


@query(
    "/v1/customers/{customer_id}",
    "customers.show",
    "One customer",
    roles=CUSTOMER_READERS_OR_OWN,
    answer=Customer,
)
def show(call: Query[NoParameters]) -> Found:
    """Profile, household, consents, points, and the number of active packages."""
    id = call.id("customer_id")
    # All packages: one that was used up since may have changed the answer.
    books = call.look_renewed(counted(id) | Reads(packages_of=(id,)))
    counts = counts_of(books, id, call.frame.carnet.clock())
    shown = in_books(books, id, books.person if call.sees_people else nobody, counts)

    def is_as_tagged() -> bool:
        """A package that expires is counted no more, without a fact of anybody."""
        stream = books.stream(id)
        assert stream is not None, "it was found"
        return is_untouched(books, id) and counts_of(books, id, stream.facts[-1].recorded_at) == counts

    return Found(shown, books.head.position, books.version(id), is_as_tagged=is_as_tagged)


HANDLERS = (
    register,
    change,
    activate,
    deactivate,
    block,
    unblock,
    add_participant,
    change_participant,
    remove_participant,
    return_participant,
    show,
)
