"""A customer as commands, queries and lists answer (api.md, Customer).

Names, contacts and photos come from the directory, only for readers who may see them. Points and active
packages are counted from the streams, or for a list from the read models.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from api.http.ledger_types import Books, Recorder
from api.http.new_values import NewId
from api.resources.parts import photo_url
from api.resources.people import FindPerson, called_of, profile_of
from api.resources.points.answer import points_of
from domain.decision import Reads
from domain.moments import DayOfLife
from domain.people.directory import Person
from domain.people.facts import ConsentName, Consents
from domain.people.profile import PROFILE_FIELDS, Gender, NameAndPhoto, Profile
from domain.points.state import account_id
from domain.use_cases.checks import known_customer
from domain.values import ExternalRef, Value
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.points import balances
from projections.queries.packages import active_packages


class Participant(Value):
    id: NewId
    number: int
    name: str | None
    kind: str
    photo_url: str | None
    barred_services: tuple[str, ...]


class Customer(Value):
    id: NewId
    name: str | None
    email: str | None
    mobile: str | None
    """E.164."""
    country_code: str | None
    gender: Gender | None
    date_of_birth: DayOfLife | None
    anniversary: DayOfLife | None
    photo_url: str | None
    locale: str | None
    """In which letters and pages speak to the customer; null where that of the business does."""
    category: str | None
    status: Literal["active", "inactive"]
    blocked: bool
    consents: Consents
    participants: tuple[Participant, ...]
    """The household as it is now; number 0 is the customer in person."""
    points: int
    active_packages: int
    external_ref: ExternalRef | None
    absorbed: tuple[str, ...]
    """Ids of customers that were merged into this one. Whoever names one of them means this customer."""
    version: int


class Counts(NamedTuple):
    points: int = 0
    active_packages: int = 0


NONE_YET = Counts()
"""The counts of a customer who is being registered."""


def counted(customer_id: str) -> Reads:
    """The reads of `counts_of`."""
    return Reads({customer_id: 0, account_id(customer_id): 0}, unspent_of=(customer_id,))


def counts_of(books: Books, customer_id: str, now: datetime) -> Counts:
    packages = (package for _, package, _ in books.unspent_packages_of(customer_id))
    active = sum(package.status(now) == "active" for package in packages)
    return Counts(points_of(books, customer_id), active)


def counts_in(snapshot: Snapshot, business_id: str, rows: Sequence[Row], now: datetime) -> dict[str, Counts]:
    """As `counts_of`, for the customers on a page of the list."""
    ids = [row["customer_id"] for row in rows]
    points = balances(snapshot, business_id, ids)
    active = active_packages(snapshot, business_id, ids, now)
    return {id: Counts(points.get(id, 0), active.get(id, 0)) for id in ids}


def in_books(books: Books, customer_id: str, person: FindPerson, counts: Counts) -> Customer:
    """The customer as the books stand; an absorbed one is its survivor. Raises NotFound, CustomerIsErased."""
    customer = known_customer(books, customer_id)
    customer_id = books.survivor_of(customer_id)
    household = [
        {"id": each.id, "number": each.number, "kind": each.kind, "barred_services": each.barred_services}
        for each in customer.participants.values()
        if each.removed_at is None
    ]
    return _shown(
        customer_id,
        person,
        household,
        counts,
        category=customer.category,
        status="active" if customer.active else "inactive",
        blocked=customer.blocked,
        consents=customer.consents,
        external_ref=customer.external_ref,
        absorbed=customer.absorbed,
        version=books.version(customer_id),
    )


def in_list(row: Row, people: Mapping[str, Person], counts: Counts, absorbed: Sequence[str] = ()) -> Customer:
    """The customer of a row. `people`: the result of `people_in`, or empty. `absorbed`: its other names."""
    names: tuple[ConsentName, ...] = ("session_reminder", "birthday", "marketing")
    return _shown(
        row["customer_id"],
        people.get,
        [each for each in row["participants"] if not each["left"]],
        counts,
        category=row["category"],
        status="active" if row["active"] else "inactive",
        blocked=row["blocked"],
        consents=Consents(**{name: row[name] for name in names}),
        external_ref=_external_ref(row["external_ref"]),
        absorbed=tuple(absorbed),
        version=row["version"],
    )


def people_in(recorder: Recorder, rows: Sequence[Row]) -> dict[str, Person]:
    """The customers in these rows and the participants of their households, by id, from the directory."""
    ids = [row["customer_id"] for row in rows]
    ids += [each["id"] for row in rows for each in row["participants"] if each["number"] and not each["left"]]
    return {person.id: person for person in recorder.people(ids)}


def _shown(
    id: str, person: FindPerson, household: Iterable[Mapping[str, Any]], counts: Counts, **standing: Any
) -> Customer:
    profile = profile_of(person(id))
    told: dict[str, Any] = {name: getattr(profile, name, None) for name in PROFILE_FIELDS if name != "photo"}
    return Customer(
        id=id,
        **told,
        photo_url=_photo(profile),
        participants=tuple(_participant(each, profile, person) for each in household),
        points=counts.points,
        active_packages=counts.active_packages,
        **standing,
    )


def _participant(each: Mapping[str, Any], profile: Profile | None, person: FindPerson) -> Participant:
    """Number 0 has the customer's name and photo."""
    known = profile if each["number"] == 0 else called_of(person(each["id"]))
    return Participant(
        id=each["id"],
        number=each["number"],
        name=None if known is None else known.name,
        kind=each["kind"],
        photo_url=_photo(known),
        barred_services=tuple(each["barred_services"]),
    )


def _photo(known: Profile | NameAndPhoto | None) -> str | None:
    return photo_url(known.photo) if known is not None and known.photo is not None else None


def _external_ref(text: str | None) -> ExternalRef | None:
    if text is None:
        return None
    source, _, ref = text.partition(":")
    return ExternalRef(source=source, ref=ref)
