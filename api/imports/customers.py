"""Customers of another system as registrations, one row each."""

import hmac
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, cast

from pydantic import BeforeValidator

from api.http.ledger_types import Books, Recorder
from api.imports.cells import truth
from api.imports.day_book import Unreadable, iso_day
from api.imports.derived_ids import id_of
from api.imports.importing import DUPLICATES_MAX, Entry, Importing, PossibleDuplicate, entry_of
from api.imports.load import RefusedRow
from api.imports.sheet import Columns, Sheet
from domain.decision import Reads
from domain.ledger.orders import Order, RequestKey
from domain.moments import LAST_DAY, DayOfLife
from domain.people.commands import RegisterCustomer
from domain.people.duplicates import in_common, searches
from domain.people.facts import ConsentName
from domain.people.profile import Gender, GivenProfile, ProfileField, new_profile, profile_in
from domain.refusals import Invalid
from domain.use_cases.register_customer import REGISTER_CUSTOMER
from domain.values import Category, ExternalRef, PersonName, Reference

FOUND_MAX = 20
"""Customers with the same e-mail, number or name that are looked at and told."""
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
)


class CustomerRow(GivenProfile):
    """The columns of an import of customers."""

    reference: Reference
    name: PersonName
    gender: Annotated[Gender | None, BeforeValidator(_gender)] = None
    date_of_birth: Life | None = None
    anniversary: Life | None = None
    category: Category | None = None
    consent_session_reminder: Consent | None = None
    consent_birthday: Consent | None = None
    consent_marketing: Consent | None = None


class Customers:
    columns = Columns(
        needed=("reference", "name"),
        optional=(*PROFILE[1:], "category", *(f"consent_{name}" for name in CONSENTS)),
        days=frozenset({"date_of_birth", "anniversary"}),
    )

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
        )
        fingerprint = hmac.digest(importing.secret, entry.content, "sha256")
        request = RequestKey(f"import/customers/{source}/{row.reference}", fingerprint)
        return Order(REGISTER_CUSTOMER, command, importing.meta, request)

    def done(self, importing: Importing, entry: Entry[CustomerRow], order: Order) -> None:
        """Tell who may be the same person, those of earlier rows included."""
        report, command = importing.report, cast(RegisterCustomer, order.command)
        if len(report.possible_duplicates) >= DUPLICATES_MAX:
            return
        others = _others(importing.batches.recorder, command)
        if others:
            report.possible_duplicates.append(PossibleDuplicate(entry.line, command.customer_id, others))


def _others(recorder: Recorder, command: RegisterCustomer) -> tuple[str, ...]:
    try:
        profile = new_profile(command.profile, LAST_DAY)
    except Invalid:
        return ()
    found = {
        id
        for wanted in searches(profile, command.profile).values()
        for id in recorder.search(wanted, "", FOUND_MAX)
    }
    found.discard(command.customer_id)
    if not found:
        return ()
    reads = Reads(dict.fromkeys(sorted(found), 0))
    books = Books(recorder.business_id, reads, recorder.load(reads))
    return tuple(
        id for id in sorted(found) if (person := books.person(id)) and in_common(profile, profile_in(person))
    )


CUSTOMERS = Customers()
