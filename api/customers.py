"""Customers, their standing, and the participants of their households.

Names and contacts are in the directory: they are joined to an answer when it is given, and are null for
those who may not see people's data.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from secrets import token_bytes
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from api.answers import Ask, Command, command
from api.bodies import MayBeAbsent, Nothing
from api.problems import Problem
from api.queries import Found, ListParameters, NoParameters, Page, Query, query
from domain.customer import (
    PARTICIPANTS_MAX,
    ActivateCustomer,
    AddParticipant,
    BlockCustomer,
    ChangeParticipant,
    CustomerCommand,
    DeactivateCustomer,
    Kind,
    NewParticipant,
    ProfileField,
    RegisterCustomer,
    RemoveParticipant,
    UnblockCustomer,
    in_person,
)
from domain.ledger.books import Books
from domain.ledger.directory import (
    Called,
    ChangeDirectory,
    CountryCode,
    Email,
    Mobile,
    Profile,
    row,
)
from domain.ledger.recorder import LedgerRecorder, Person, Wanted
from domain.refusals import NotFound
from domain.values import (
    CustomerId,
    ExternalRef,
    LongText,
    Name,
    ParticipantId,
    ServiceId,
    Value,
    Wording,
)
from projections.customer_list import customers
from projections.definition import Row

# Bodies

BarredServices = Annotated[tuple[ServiceId, ...], Field(max_length=200)]


class ParticipantBody(Value):
    id: ParticipantId | None = None
    name: Name
    kind: Kind = "person"
    barred_services: BarredServices = ()


class CustomerBody(Value):
    id: CustomerId | None = None
    name: Name
    email: Email | None = None
    mobile: Mobile | None = None
    country_code: CountryCode | None = None
    participants: Annotated[tuple[ParticipantBody, ...], Field(max_length=PARTICIPANTS_MAX)] = ()
    """The others of the household; number 0, the customer in person, is always there."""
    external_ref: ExternalRef | None = None


class CustomerChanges(Value):
    """Only what is given changes; null takes a value away."""

    name: MayBeAbsent[Name] = None
    email: Email | None = None
    mobile: Mobile | None = None
    country_code: CountryCode | None = None


class ParticipantChanges(Value):
    """Only what is given changes."""

    name: MayBeAbsent[Name] = None
    kind: MayBeAbsent[Kind] = None
    barred_services: MayBeAbsent[BarredServices] = None


class ReasonBody(Value):
    reason: LongText | None = None


# Answers


class ParticipantShown(Value):
    id: str
    number: int
    name: str | None
    kind: str
    barred_services: tuple[str, ...]


class CustomerShown(Value):
    id: str
    name: str | None
    email: str | None
    mobile: str | None
    country_code: str | None
    status: Literal["active", "inactive"]
    blocked: bool
    participants: tuple[ParticipantShown, ...]
    """The household as it is now; number 0 is the customer in person."""
    external_ref: ExternalRef | None
    version: int


class CustomerPage(Page[CustomerShown]):
    pass


FindPerson = Callable[[str], Person | None]


def nobody(_: str) -> None:
    """The directory as those see it who may not see people's data."""


def shown_customer(books: Books, customer_id: str, person: FindPerson) -> CustomerShown:
    """Raises NotFound."""
    customer = books.customer(customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    household = [
        {"id": each.id, "number": each.number, "kind": each.kind, "barred_services": each.barred_services}
        for each in customer.participants.values()
        if each.removed_at is None
    ]
    return _shown(
        customer_id,
        person,
        household,
        active=customer.active,
        blocked=customer.blocked,
        external_ref=customer.external_ref,
        version=books.version(customer_id),
    )


def _shown(
    id: str,
    person: FindPerson,
    household: Iterable[Mapping[str, Any]],
    *,
    active: bool,
    blocked: bool,
    external_ref: ExternalRef | None,
    version: int,
) -> CustomerShown:
    profile = profile_of(person(id))
    return CustomerShown(
        id=id,
        name=profile.name if profile else None,
        email=profile.email if profile else None,
        mobile=profile.mobile if profile else None,
        country_code=profile.country_code if profile else None,
        status="active" if active else "inactive",
        blocked=blocked,
        participants=tuple(_participant(each, profile, person) for each in household),
        external_ref=external_ref,
        version=version,
    )


def _participant(each: Mapping[str, Any], profile: Profile | None, person: FindPerson) -> ParticipantShown:
    own = profile.name if profile and each["number"] == 0 else None
    return ParticipantShown(
        id=each["id"],
        number=each["number"],
        name=own or called(person(each["id"])),
        kind=each["kind"],
        barred_services=tuple(each["barred_services"]),
    )


def profile_of(person: Person | None) -> Profile | None:
    return None if person is None else Profile.model_validate_json(person.data)


def called(person: Person | None) -> str | None:
    return None if person is None else Called.model_validate_json(person.data).name


def worded(text: str | None, call: Command[Any]) -> Wording | None:
    """Free text on its way into the directory, with a fresh id and salt."""
    return None if text is None else Wording(id=call.new("txt"), salt=token_bytes(16), text=text)


# Commands


@command(
    "/v1/customers",
    "customers.register",
    "Register a customer",
    body=CustomerBody,
    answer=CustomerShown,
    location="/v1/customers/{id}",
    codes=("duplicate-external-ref",),
)
def register(call: Command[CustomerBody]) -> Ask:
    body = call.body
    id = call.new("cus", body.id)
    if body.id is None:
        call.ids.made.append(in_person(id))  # it follows from the id, so a dry run shows neither
    household = [(call.new("par", each.id), each) for each in body.participants]
    profile = Profile(name=body.name, email=body.email, mobile=body.mobile, country_code=body.country_code)
    people = [row(id, id, profile)]
    people += [row(participant_id, id, Called(name=each.name)) for participant_id, each in household]
    return Ask(
        RegisterCustomer(
            customer_id=id,
            participants=tuple(
                NewParticipant(
                    participant_id=participant_id, kind=each.kind, barred_services=each.barred_services
                )
                for participant_id, each in household
            ),
            external_ref=body.external_ref,
        ),
        lambda books, _: shown_customer(books, id, books.person),
        shows=(id,),
        people=tuple(people),
    )


def _of_customer(path: str, operation: str, summary: str, make: Callable[[str], CustomerCommand]) -> Any:
    """A command on a customer that says nothing but itself."""

    def ask(call: Command[Nothing]) -> Ask:
        return _ask(call.id("customer_id"), make(call.id("customer_id")))

    return command(path, operation, summary, body=Nothing, answer=CustomerShown)(ask)


def _ask(id: str, asked: Value, people: Sequence[Person] = ()) -> Ask:
    return Ask(
        asked,
        lambda books, _: shown_customer(books, id, books.person),
        shows=(id,),
        people=tuple(people),
    )


activate = _of_customer(
    "/v1/customers/{customer_id}/activation",
    "customers.activate",
    "Activate a customer",
    lambda id: ActivateCustomer(customer_id=id),
)
deactivate = _of_customer(
    "/v1/customers/{customer_id}/deactivation",
    "customers.deactivate",
    "Deactivate a customer: nothing new is sold to them",
    lambda id: DeactivateCustomer(customer_id=id),
)
unblock = _of_customer(
    "/v1/customers/{customer_id}/unblock",
    "customers.unblock",
    "Unblock a customer",
    lambda id: UnblockCustomer(customer_id=id),
)


@command(
    "/v1/customers/{customer_id}/block",
    "customers.block",
    "Block a customer: nothing new is sold to them",
    body=ReasonBody,
    answer=CustomerShown,
)
def block(call: Command[ReasonBody]) -> Ask:
    id = call.id("customer_id")
    return _ask(id, BlockCustomer(customer_id=id, reason=worded(call.body.reason, call)))


@command(
    "/v1/customers/{customer_id}/changes",
    "customers.change",
    "Change a customer's name or contacts",
    body=CustomerChanges,
    answer=CustomerShown,
)
def change(call: Command[CustomerChanges]) -> Ask:
    id = call.id("customer_id")
    changes: dict[ProfileField, str | None] = call.body.model_dump(exclude_unset=True)  # type: ignore[assignment]
    return _ask(id, ChangeDirectory(customer_id=id, changes=changes))


@command(
    "/v1/customers/{customer_id}/participants",
    "participants.add",
    "Add a participant to a household",
    body=ParticipantBody,
    answer=CustomerShown,
)
def add_participant(call: Command[ParticipantBody]) -> Ask:
    id, body = call.id("customer_id"), call.body
    participant_id = call.new("par", body.id)
    added = NewParticipant(
        participant_id=participant_id, kind=body.kind, barred_services=body.barred_services
    )
    person = row(participant_id, id, Called(name=body.name))
    return _ask(id, AddParticipant(customer_id=id, participant=added), [person])


@command(
    "/v1/customers/{customer_id}/participants/{participant_id}/changes",
    "participants.change",
    "Change a participant",
    body=ParticipantChanges,
    answer=CustomerShown,
)
def change_participant(call: Command[ParticipantChanges]) -> Ask:
    id, participant_id, body = call.id("customer_id"), call.id("participant_id"), call.body
    asked = ChangeParticipant(
        customer_id=id,
        participant_id=participant_id,
        kind=body.kind,
        barred_services=body.barred_services,
        renamed=body.name is not None,
    )
    people = [] if body.name is None else [row(participant_id, id, Called(name=body.name))]
    return _ask(id, asked, people)


@command(
    "/v1/customers/{customer_id}/participants/{participant_id}/removal",
    "participants.remove",
    "Remove a participant from a household; what they used stays as it was",
    body=Nothing,
    answer=CustomerShown,
)
def remove_participant(call: Command[Nothing]) -> Ask:
    id = call.id("customer_id")
    return _ask(id, RemoveParticipant(customer_id=id, participant_id=call.id("participant_id")))


# Queries


@query("/v1/customers/{customer_id}", "customers.show", "One customer", answer=CustomerShown)
def show(call: Query[NoParameters]) -> Found:
    id = call.id("customer_id")
    books = call.look(Wanted({id: 0}))
    shown = shown_customer(books, id, books.person if call.sees_people else nobody)
    return Found(shown, books.head.position, books.version(id))


class CustomerFilter(ListParameters):
    search: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """The beginning of a word of the name, whatever its case; only for who may see names."""
    status: Literal["active", "inactive"] | None = None
    external_ref: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,50}:.{1,100}$")] | None = None
    """source:ref"""


@query(
    "/v1/customers",
    "customers.list",
    "Customers, in the order they were registered",
    answer=CustomerPage,
    parameters=CustomerFilter,
)
def list_customers(call: Query[CustomerFilter]) -> Found:
    rows, people, position = _matching(call)

    def shown(row: Row) -> CustomerShown:
        return _shown(
            row["customer_id"],
            people.get,
            row["participants"],
            active=row["active"],
            blocked=row["blocked"],
            external_ref=_external_ref(row["external_ref"]),
            version=row["version"],
        )

    return call.page(CustomerPage, rows, key=lambda row: [row["position"]], shown=shown, position=position)


ROWS_LOOKED_THROUGH = 500
"""Rows whose names are searched at a time."""


def _matching(call: Query[CustomerFilter]) -> tuple[list[Row], dict[str, Person], int]:
    """One row more than the page holds, where there is one, and the people in them."""
    asked = call.parameters
    if asked.search is not None and not call.sees_people:
        raise Problem("forbidden", "only those who may see names may search for them")
    search = None if asked.search is None else asked.search.casefold()
    wanted = asked.limit + 1
    found: list[Row] = []
    people: dict[str, Person] = {}
    recorder = call.ledger.recorder
    with call.snapshot("customers") as snapshot:
        after = call.after()
        while len(found) < wanted:
            rows = customers(
                snapshot,
                call.business_id,
                after,
                wanted if search is None else ROWS_LOOKED_THROUGH,
                active=None if asked.status is None else asked.status == "active",
                external_ref=asked.external_ref,
            )
            if call.sees_people:
                people |= _people(recorder, rows)
            found += [row for row in rows if search is None or _begins(people, row["customer_id"], search)]
            if search is None or len(rows) < ROWS_LOOKED_THROUGH:
                break
            after = [rows[-1]["position"]]
        return found[:wanted], people, snapshot.position


def _people(recorder: LedgerRecorder, rows: Sequence[Row]) -> dict[str, Person]:
    ids = [row["customer_id"] for row in rows]
    ids += [each["id"] for row in rows for each in row["participants"] if each["number"]]
    return {person.id: person for person in recorder.people(ids)}


def _begins(people: Mapping[str, Person], customer_id: str, search: str) -> bool:
    """Whether the name, or a word in it, begins with what is searched."""
    profile = profile_of(people.get(customer_id))
    return profile is not None and f" {search}" in f" {profile.name.casefold()}"


def _external_ref(text: str | None) -> ExternalRef | None:
    if text is None:
        return None
    source, _, ref = text.partition(":")
    return ExternalRef(source=source, ref=ref)


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
    show,
    list_customers,
)
