"""Customers of another system as registrations, one row each."""

import hmac
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, cast

from pydantic import BeforeValidator

from api.http.ledger_types import Books, Recorder
from api.http.locales import KnownLocale
from api.imports.cells import truth
from api.imports.day_book import Unreadable, iso_day
from api.imports.derived_ids import id_of
from api.imports.importing import DUPLICATES_MAX, Entry, Importing, PossibleDuplicate, entry_of
from api.imports.load import RefusedRow
from api.imports.sheet import Columns, Sheet
from domain.decision import Reads
from domain.ledger.carnet import FINGERPRINT_BYTES
from domain.ledger.orders import Order, RequestKey
from domain.moments import LAST_DAY, DayOfLife
from domain.people.commands import RegisterCustomer
from domain.people.directory import Person
from domain.people.duplicates import MATCHES, compared
from domain.people.facts import ConsentName
from domain.people.profile import Gender, GivenProfile, Profile, ProfileField, new_profile, profile_in
from domain.use_cases.register_customer import REGISTER_CUSTOMER
from domain.values import Category, ExternalRef, PersonName, Reference

OTHERS_MAX = 20
"""Others who are told of one customer."""
COMPARED_MAX = 100_000
"""New customers of one import that are compared with everybody: a few numbers of each are kept until then."""
PAGE = 1_000
GENDERS = {"m": "male", "f": "female", "man": "male", "woman": "female", "non-binary": "other"}


def _gender(text: Any) -> Any:
    plain = str(text).casefold()
    return GENDERS.get(plain, plain)


Life = Annotated[DayOfLife, BeforeValidator(iso_day)]
Consent = Annotated[bool, BeforeValidator(truth)]
CONSENTS: tuple[ConsentName, ...] = ("session_reminder", "birthday", "marketing")
PROFILE: tuple[ProfileField, ...] = (
    "name",
    "email",
    "mobile",
    "country_code",
    "gender",
    "date_of_birth",
    "anniversary",
    "locale",
)


class CustomerRow(GivenProfile):
    """The columns of an import of customers."""

    reference: Reference
    name: PersonName
    gender: Annotated[Gender | None, BeforeValidator(_gender)] = None
    date_of_birth: Life | None = None
    anniversary: Life | None = None
    locale: KnownLocale | None = None
    category: Category | None = None
    consent_session_reminder: Consent | None = None
    consent_birthday: Consent | None = None
    consent_marketing: Consent | None = None


class Customers:
    """One import of customers."""

    columns = Columns(
        needed=("reference", "name"),
        optional=(*PROFILE[1:], "category", *(f"consent_{name}" for name in CONSENTS)),
        days=frozenset({"date_of_birth", "anniversary"}),
    )

    def __init__(self, import_id: str) -> None:
        self._import_id = import_id
        self._lines: dict[str, int] = {}
        self._with: dict[int, list[str]] = {}
        """Hash of a value → the new customers who have it."""

    def entries(self, sheet: Sheet, currency: str) -> Iterator[Entry[CustomerRow] | Unreadable]:
        for line, cells in sheet.rows():
            if isinstance(cells, Unreadable):
                yield cells
            else:
                yield entry_of(line, cells, CustomerRow, self.columns, sheet.form, "minor", currency)

    def orders(self, importing: Importing, entries: Sequence[Entry[CustomerRow]]) -> list[Order | RefusedRow]:
        return [self._order(importing, entry) for entry in entries]

    def _order(self, importing: Importing, entry: Entry[CustomerRow]) -> Order:
        row, source = entry.value, importing.source
        profile = {name: value for name in PROFILE if (value := getattr(row, name)) is not None}
        consents = {
            name: given for name in CONSENTS if (given := getattr(row, f"consent_{name}")) is not None
        }
        command = RegisterCustomer(
            # The id that a day-book of the same source gives the customer.
            customer_id=id_of(importing.secret, "cus", ("load", source, "customer", row.reference)),
            profile=profile,
            category=row.category,
            consents=consents,
            external_ref=ExternalRef(source=source, ref=row.reference),
            import_id=self._import_id,
        )
        fingerprint = hmac.digest(importing.secret, entry.content, "sha256")[:FINGERPRINT_BYTES]
        request = RequestKey(f"import/customers/{source}/{row.reference}", fingerprint)
        return Order(REGISTER_CUSTOMER, command, importing.meta, request)

    def done(self, importing: Importing, entry: Entry[CustomerRow], order: Order) -> None:
        """Keep what others may have in common with a new customer."""
        if len(self._lines) >= COMPARED_MAX:
            return
        command = cast(RegisterCustomer, order.command)
        self._lines[command.customer_id] = entry.line
        for value in _values(new_profile(command.profile, LAST_DAY)):
            self._with.setdefault(value, []).append(command.customer_id)

    def finish(self, importing: Importing) -> None:
        """Tell who may be the same person, those of earlier rows included: all customers are read once."""
        found: dict[str, set[str]] = {}
        for person in _everybody(importing.batches.recorder) if self._lines else ():
            for value in _values(profile_in(person)):
                for id in self._with.get(value, ()):
                    if id != person.id:
                        found.setdefault(id, set()).add(person.id)
        told = sorted(found, key=lambda id: self._lines[id])[:DUPLICATES_MAX]
        importing.report.possible_duplicates = [
            PossibleDuplicate(self._lines[id], id, tuple(sorted(found[id])[:OTHERS_MAX])) for id in told
        ]


def _values(profile: Profile) -> Iterator[int]:
    """Hashes of what may be in common: e-mail, mobile number, name with date of birth."""
    for match, value in zip(MATCHES, compared(profile), strict=True):
        if value is not None:
            yield hash((match, value))


def _everybody(recorder: Recorder) -> Iterator[Person]:
    """The rows of all active customers in the directory, a page at a time."""
    after = ""
    while ids := recorder.streams("customer", after, PAGE):
        after = ids[-1]
        reads = Reads(dict.fromkeys(ids, 0))
        books = Books(recorder.business_id, reads, recorder.load(reads))
        for id in ids:
            customer, person = books.own_customer(id), books.person(id)
            if customer is not None and customer.active and not customer.merged_into and person is not None:
                yield person
