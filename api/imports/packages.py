"""Balances of packages of another system: what was granted, used before and paid, one row a line of a package.

Rows of one package follow each other; `line` says that a row goes on with the package of the row before.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator

from api.http.ledger_types import Books
from api.imports.day_book import CurrencyCode, Date, MinorUnits, Units, Unreadable, whole_number
from api.imports.derived_ids import id_of
from api.imports.flaws import RowFlaw
from api.imports.importing import Entry, Importing, entry_of
from api.imports.known_ids import registered, services_by_name
from api.imports.load import RefusedRow
from api.imports.sheet import Columns, Sheet
from domain.catalogue.commands import DefineService
from domain.catalogue.facts import ServiceTerms
from domain.claims import external_claim
from domain.decision import Reads
from domain.ledger.carnet import FINGERPRINT_BYTES
from domain.ledger.orders import Done, Order, RequestKey
from domain.package.commands import ImportedLine, ImportPackage
from domain.package.fact_parts import UnitsUsedBefore
from domain.refusals import Invalid, NotFound
from domain.use_cases.define_service import DEFINE_SERVICE
from domain.use_cases.import_package import IMPORT_PACKAGE
from domain.values import BasisPoints, ExternalRef, Money, Reference, ThingName, Value

SERVICES_APART = "|"
"""Between the names of services that one line is good for."""
Before = Annotated[UnitsUsedBefore, BeforeValidator(whole_number)]
Rate = Annotated[BasisPoints, BeforeValidator(whole_number)]


class PackageRow(Value):
    """The columns of an import of packages. Amounts in minor units."""

    reference: Reference
    customer: Reference
    """The reference of the customer, of the same source."""
    name: ThingName | None = None
    """That of the service if there is none."""
    service: ThingName
    """One or several names, with | between them."""
    units: Units
    used_before: Before | None = None
    remaining: Before | None = None
    """What is left, where the file does not say what was used."""
    price: MinorUnits = 0
    paid: MinorUnits | None = None
    """The price, where the file does not say it."""
    currency: CurrencyCode | None = None
    purchased_on: Date
    expires_on: Date | None = None
    line: Units = 1
    tax_rate: Rate | None = None
    """Of the line, in basis points; that of its services where the file does not say it."""


class PackageEntry(Value):
    """A package, with the rows of its lines."""

    head: PackageRow
    rows: tuple[PackageRow, ...]


class Packages:
    columns = Columns(
        needed=("reference", "customer", "service", "units", "purchased_on"),
        optional=(
            *("name", "used_before", "remaining", "price", "paid", "currency", "expires_on", "line"),
            "tax_rate",
        ),
        days=frozenset({"purchased_on", "expires_on"}),
        amounts=frozenset({"price", "paid"}),
    )

    def __init__(self, import_id: str, money: str) -> None:
        self._import_id = import_id
        self._money = money
        self._services: dict[str, str] | None = None

    def entries(self, sheet: Sheet, currency: str) -> Iterator[Entry[PackageEntry] | Unreadable]:
        """Each package when its last row was read. A package with an unreadable row is refused as a whole."""
        package: Entry[PackageEntry] | Unreadable | None = None
        for line, cells in sheet.rows():
            row = (
                cells
                if isinstance(cells, Unreadable)
                else entry_of(line, cells, PackageRow, self.columns, sheet.form, self._money, currency)
            )
            if isinstance(row, Unreadable) or row.value.line == 1:
                if package is not None:
                    yield package
                package = row if isinstance(row, Unreadable) else _begun(row)
                continue
            joined = _joined(package, row)
            if isinstance(joined, Unreadable):
                yield from _left_out(package, row)
            package = joined
        if package is not None:
            yield package

    def orders(
        self, importing: Importing, entries: Sequence[Entry[PackageEntry]]
    ) -> list[Order | RefusedRow]:
        recorder, source = importing.batches.recorder, importing.source
        customers = registered(recorder, source, [entry.value.head.customer for entry in entries])
        self._define(importing, entries)
        turns = _turns(importing, entries)
        asked: list[Order | RefusedRow] = []
        for entry in entries:
            head = entry.value.head
            if head.customer not in customers:
                reason = f"no customer has the reference {source}:{head.customer}; import customers first"
                asked.append(RefusedRow(entry.line, "customer", NotFound.code, reason))
            elif (flaw := _flaw(entry)) is not None:
                asked.append(flaw)
            else:
                asked.append(self._order(importing, entry, customers[head.customer], turns[entry.reference]))
        return asked

    def done(self, importing: Importing, entry: Entry[PackageEntry], order: Order) -> None:
        pass

    def finish(self, importing: Importing) -> None:
        pass

    def _order(self, importing: Importing, entry: Entry[PackageEntry], customer_id: str, turn: int) -> Order:
        head, source, secret = entry.value.head, importing.source, importing.secret
        assert self._services is not None
        named = ("import", source, head.reference, str(turn))
        currency = head.currency or importing.currency
        command = ImportPackage(
            import_id=self._import_id,
            package_id=id_of(secret, "pkg", named, head.purchased_on),
            payment_id=id_of(secret, "pay", named, head.purchased_on),
            customer_id=customer_id,
            external_ref=ExternalRef(source=source, ref=head.reference),
            name=head.name or head.service,
            lines=tuple(
                ImportedLine(
                    services=tuple(self._services[name] for name in _names(row)),
                    quantity=row.units,
                    used_before=_used(row),
                    tax_rate=row.tax_rate,
                )
                for row in entry.value.rows
            ),
            price=Money(amount=head.price, currency=currency),
            paid=Money(amount=head.price if head.paid is None else head.paid, currency=currency),
            purchased_on=head.purchased_on,
            expires_on=head.expires_on,
        )
        fingerprint = hmac.digest(secret, entry.content, "sha256")[:FINGERPRINT_BYTES]
        request = RequestKey(f"import/packages/{source}/{head.reference}/{turn}", fingerprint)
        return Order(IMPORT_PACKAGE, command, importing.meta, request)

    def _define(self, importing: Importing, entries: Sequence[Entry[PackageEntry]]) -> None:
        """Find the services by their names, in the catalogue read once; define those that it lacks."""
        if self._services is None:
            self._services = dict(services_by_name(importing.batches.recorder))
        named = (name for entry in entries for row in entry.value.rows for name in _names(row))
        new = [name for name in dict.fromkeys(named) if name not in self._services]
        if not new:
            return
        ids = {
            name: id_of(importing.secret, "svc", ("load", importing.source, "service", name)) for name in new
        }
        orders = [
            Order(
                DEFINE_SERVICE,
                DefineService(service_id=ids[name], service=ServiceTerms(name=name, service_type=name)),
                importing.meta,
            )
            for name in new
        ]
        results = importing.batches.carry_out(orders)
        importing.report.services += sum(isinstance(result, Done) for result in results)
        self._services |= ids


def _begun(row: Entry[PackageRow]) -> Entry[PackageEntry]:
    value = PackageEntry(head=row.value, rows=(row.value,))
    return Entry(row.lines, row.reference, value, row.content)


def _joined(
    package: Entry[PackageEntry] | Unreadable | None, row: Entry[PackageRow]
) -> Entry[PackageEntry] | Unreadable:
    """The package with one more line. What belongs to the package itself must stand there as in its first row."""
    if isinstance(package, Unreadable):
        return Unreadable(
            row.line, "line", f"goes on with row {package.line}, which is refused", "goes-on-with-refused"
        )
    if package is None or package.reference != row.reference:
        return Unreadable(row.line, "line", "must be 1 in the first row of a package", "no-first-line")
    head = package.value.head
    if row.value.line != len(package.value.rows) + 1:
        reason = f"must be {len(package.value.rows) + 1}, the next line"
        return Unreadable(row.line, "line", reason, "no-next-line")
    for column in ("customer", "name", "price", "paid", "currency", "purchased_on", "expires_on"):
        if getattr(row.value, column) != getattr(head, column):
            reason = "must be that of the first row of the package"
            return Unreadable(row.line, column, reason, "other-than-first")
    value = PackageEntry(head=head, rows=(*package.value.rows, row.value))
    return replace(
        package, value=value, content=package.content + row.content, lines=package.lines + row.lines
    )


def _left_out(
    package: Entry[PackageEntry] | Unreadable | None, row: Entry[PackageRow]
) -> Iterator[Entry[PackageEntry] | Unreadable]:
    """What stood before a row that cannot go on with it: rows of the same package are refused with it."""
    if isinstance(package, Entry) and package.reference == row.reference:
        for line in package.lines:
            yield Unreadable(line, None, f"row {row.line} of the same package is refused", "refused-with")
    elif package is not None:
        yield package


def _names(row: PackageRow) -> list[str]:
    return [name.strip() for name in row.service.split(SERVICES_APART) if name.strip()]


def _used(row: PackageRow) -> int:
    if row.used_before is not None:
        return row.used_before
    return 0 if row.remaining is None else row.units - row.remaining


def _flaw(entry: Entry[PackageEntry]) -> RefusedRow | None:
    """A row whose own columns contradict each other. What may be used and granted is a rule of the package."""
    for line, row in zip(entry.lines, entry.value.rows, strict=True):
        if row.remaining is None:
            continue
        most = row.units - (row.used_before or 0)
        if row.remaining > most or (row.used_before is not None and row.remaining != most):
            flaw: RowFlaw
            if row.used_before is None:
                reason, flaw = f"must be at most {most}, the units granted", "remaining-too-many"
            else:
                reason = f"must be {most}: {row.units} units less {row.used_before} used before"
                flaw = "remaining-differs"
            return RefusedRow(line, "remaining", Invalid.code, reason, flaw)
    return None


def _turns(importing: Importing, entries: Sequence[Entry[PackageEntry]]) -> Mapping[str, int]:
    """Reference → 1, or 2, 3 … where the packages that had it before were voided."""
    recorder = importing.batches.recorder
    claims = {
        entry.reference: external_claim("package", ExternalRef(source=importing.source, ref=entry.reference))
        for entry in entries
    }
    reads = Reads(claimed=tuple(claims.values()))
    books = Books(recorder.business_id, reads, recorder.load(reads))
    found = books.packages_that(lambda package: package.voided and package.external_ref is not None)
    turns = dict.fromkeys(claims, 1)
    for package in found.values():
        assert package.external_ref is not None
        if package.external_ref.source == importing.source and package.external_ref.ref in turns:
            turns[package.external_ref.ref] += 1
    return turns
