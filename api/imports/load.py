"""Loading a day-book: its rows become commands, decided like those of the API.

    report = load(carnet, "biz_…", book, "daybook", refused=print)

The request key of a row is `SOURCE/reference`, so that loading again changes nothing that is in already. Ids
are derived from the business, the source and the reference, so that a killed load needs no memory of its own.
Rows are decided in file order, 500 at a time; memory does not grow with the file.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from api.imports.batches import Batches, batched, end_bulk, recorded, rolled_back
from api.imports.day_book import DayBook, Row, Sale, Unreadable, Use
from api.imports.derived_ids import id_of
from api.imports.flaws import Flaw, RuleFlaw
from api.imports.known_ids import KnownIds, registered, services_by_name
from domain.actor import Actor, Role
from domain.catalogue.commands import DefineService
from domain.catalogue.facts import OfferLine, ServiceTerms
from domain.decision import Reads
from domain.ledger.carnet import FINGERPRINT_BYTES, Carnet
from domain.ledger.collector import collecting_rarely
from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done, Order, RequestKey, Result
from domain.package.commands import NewPayment, RedeemFromCustomer, SellPackage
from domain.people.commands import RegisterCustomer
from domain.refusals import (
    CustomerIsBlocked,
    CustomerIsInactive,
    EffectiveAtOutOfRange,
    IdempotencyKeyReused,
    InsufficientUnits,
    Invalid,
    LimitReached,
    Overpayment,
    Refused,
)
from domain.use_cases.define_service import DEFINE_SERVICE
from domain.use_cases.redeem_from_customer import REDEEM_FROM_CUSTOMER
from domain.use_cases.register_customer import REGISTER_CUSTOMER
from domain.use_cases.sell_package import SELL_PACKAGE
from domain.values import ExternalRef, Money, PaymentMethod, Value

COLUMN_OF: Mapping[type[Refused], str] = {
    IdempotencyKeyReused: "reference",
    EffectiveAtOutOfRange: "occurred_on",
    CustomerIsBlocked: "customer",
    CustomerIsInactive: "customer",
    InsufficientUnits: "units",
    LimitReached: "units",
    Overpayment: "paid",
}

EXTERNAL = PaymentMethod.EXTERNAL

LOADER = Meta(actor=Actor(id="load", role=Role.OWNER, via="command line"))


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that did not go in: its line (from 1), its column (None: the row itself), code and reason.

    `flaw`: of `validation-failed`, the code of what is wrong. `rule`: of a code that stands for several rules, the code
    of the one that it is.
    """

    line: int
    column: str | None
    code: str
    reason: str
    flaw: Flaw | None = None
    rule: str | None = None


def refused_for(line: int, column: str | None, refusal: Refused) -> RefusedRow:
    """A row that the domain refused."""
    flaw = RuleFlaw(refusal.problem) if isinstance(refusal, Invalid) else None
    reason = refusal.message if isinstance(refusal, Invalid) else str(refusal)
    return RefusedRow(line, column, refusal.code, reason, flaw, refusal.broken_rule)


@dataclass
class Report:
    """The counts of a load. `recorded` rows were not in the books before, `replayed` ones were."""

    rows: int = 0
    recorded: int = 0
    replayed: int = 0
    refused: int = 0
    sales: int = 0
    uses: int = 0
    customers: int = 0
    """Customers registered, and services defined, for these rows."""
    services: int = 0
    position: int = 0
    """The head of the ledger after the last row; in a dry run, where it would be."""


def load(
    carnet: Carnet,
    business_id: str,
    book: DayBook,
    source: str,
    *,
    refused: Callable[[RefusedRow], None],
    progress: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Record every row of a day-book that is not in yet. `refused` is called with each row that stays out.

    Raises UnknownLayout and OSError for the file; LedgerUnavailable and Contention for the store (a second
    load then goes on where this one ended); UnreadableFact.
    """
    report = _loaded(recorded(carnet, business_id), book, source, refused, progress)
    end_bulk(carnet, report.rows)
    return report


def dry_run(
    carnet: Carnet,
    business_id: str,
    book: DayBook,
    source: str,
    *,
    refused: Callable[[RefusedRow], None],
    progress: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Decide every row as `load` would, each on the effects of those before it, and write nothing.

    It holds the ledger's head, as `rolled_back` says. Raises as `load` does.
    """
    with rolled_back(carnet, business_id) as batches:
        return _loaded(batches, book, source, refused, progress)


def _loaded(
    batches: Batches,
    book: DayBook,
    source: str,
    refused: Callable[[RefusedRow], None],
    progress: Callable[[Report], None],
) -> Report:
    recorder = batches.recorder
    loading = _Loading(recorder, batches.carry_out, recorder.secret(), source, refused)
    with collecting_rarely():
        loading.run(book, progress)
    loading.report.position = recorder.head().position
    return loading.report


class _Loading:
    """One pass over a day-book."""

    def __init__(
        self,
        recorder: LedgerRecorder,
        carry_out: Callable[[Sequence[Order]], list[Result]],
        secret: bytes,
        source: str,
        refused: Callable[[RefusedRow], None],
    ) -> None:
        self.report = Report()
        self._recorder = recorder
        self._carry_out = carry_out
        self._source = source
        self._secret = secret
        self._refused = refused
        self._customers = KnownIds()
        self._services = KnownIds()
        self._catalogue: dict[str, str] | None = None

    def run(self, book: DayBook, progress: Callable[[Report], None]) -> None:
        for batch in batched(book.rows(), _reference):
            self._load(batch)
            progress(self.report)

    def _load(self, batch: Sequence[Row | Unreadable]) -> None:
        self.report.rows += len(batch)
        readable = [row for row in batch if isinstance(row, Row)]
        strangers = self._know_customers([row.entry.customer for row in readable])
        self._know_services([row.entry.service for row in readable])
        ready = [row for row in readable if row.entry.customer not in strangers]
        results = self._carry_out([self._order(row) for row in ready]) if ready else []
        decided = {row.line: result for row, result in zip(ready, results, strict=True)}
        for row in batch:
            if isinstance(row, Unreadable):
                self._refuse(RefusedRow(row.line, row.column, Invalid.code, row.reason, row.flaw))
            elif refusal := strangers.get(row.entry.customer):
                self._refuse(refused_for(row.line, "customer", refusal))
            else:
                self._count(row, decided[row.line])

    def _count(self, row: Row, result: Result) -> None:
        if isinstance(result, Refused):
            self._refuse(refused_for(row.line, _column_of(result), result))
        elif result.replayed:
            self.report.replayed += 1
        else:
            self.report.recorded += 1
            self.report.sales += isinstance(row.entry, Sale)
            self.report.uses += isinstance(row.entry, Use)

    def _refuse(self, row: RefusedRow) -> None:
        self.report.refused += 1
        self._refused(row)

    # A row as a command

    def _order(self, row: Row) -> Order:
        entry = row.entry
        key = f"{self._source}/{entry.reference}"
        fingerprint = hmac.digest(self._secret, row.content, "sha256")[:FINGERPRINT_BYTES]
        request = RequestKey(key, fingerprint)
        if isinstance(entry, Sale):
            return Order(SELL_PACKAGE, self._sale(entry), LOADER, request)
        return Order(REDEEM_FROM_CUSTOMER, self._use(entry), LOADER, request)

    def _sale(self, sale: Sale) -> Value:
        paid = Money(amount=sale.paid, currency=sale.currency)
        price = paid if sale.paid == sale.amount else Money(amount=sale.amount, currency=sale.currency)
        payment_id = self._id("pay", "sale", sale.reference, sale.occurred_on)
        payment = NewPayment(payment_id=payment_id, amount=paid, method=EXTERNAL)
        return SellPackage(
            package_id=self._id("pkg", "sale", sale.reference, sale.occurred_on),
            customer_id=self._customers[sale.customer],
            name=sale.name,
            lines=_lines(sale.units, self._services[sale.service]),
            price=price,
            expires_on=sale.expires_on,
            effective_at=sale.occurred_on,
            payment=payment if sale.paid else None,
        )

    def _use(self, use: Use) -> Value:
        return RedeemFromCustomer(
            customer_id=self._customers[use.customer],
            redemption_id=self._id("red", "use", use.reference, use.occurred_on),
            service_id=self._services[use.service],
            quantity=use.units,
            effective_at=use.occurred_on,
        )

    def _id(self, prefix: str, what: str, reference: str, day: date | None = None) -> str:
        return id_of(self._secret, prefix, ("load", self._source, what, reference), day)

    # Customers

    def _know_customers(self, refs: Sequence[str]) -> dict[str, Refused]:
        """Find or register the customers of a batch. Returns those that could not be registered, and why.

        One query, and one append when some are new.
        """
        unknown = self._customers.missing(refs)
        if not unknown:
            return {}
        known = registered(self._recorder, self._source, unknown)
        strangers: dict[str, Refused] = {}
        if new := [ref for ref in unknown if ref not in known]:
            results = self._carry_out([self._registration(ref) for ref in new])
            self.report.customers += sum(isinstance(result, Done) for result in results)
            refusals = {ref: r for ref, r in zip(new, results, strict=True) if isinstance(r, Refused)}
            known |= {ref: self._customer_id(ref) for ref in new if ref not in refusals}
            if refusals:  # those that somebody else registered meanwhile are found
                known |= registered(self._recorder, self._source, list(refusals))
            strangers = {ref: refusal for ref, refusal in refusals.items() if ref not in known}
        self._customers.remember(known)
        return strangers

    def _registration(self, ref: str) -> Order:
        customer_id = self._customer_id(ref)
        external_ref = ExternalRef(source=self._source, ref=ref)
        # A day-book holds no names of customers: the reference is the name until somebody enters one.
        command = RegisterCustomer(customer_id=customer_id, profile={"name": ref}, external_ref=external_ref)
        return Order(REGISTER_CUSTOMER, command, LOADER)

    def _customer_id(self, ref: str) -> str:
        return self._id("cus", "customer", ref)

    # Services

    def _know_services(self, names: Sequence[str]) -> None:
        """Find or define the services of a batch. A service of the same name in the catalogue is used."""
        unknown = self._services.missing(names)
        if not unknown:
            return
        ids = {name: self._id("svc", "service", name) for name in unknown}
        defined = {
            fact.stream_id for fact in self._recorder.load(Reads(dict.fromkeys(ids.values(), 0))).facts
        }
        ids |= self._in_catalogue([name for name in unknown if ids[name] not in defined])
        new = [name for name in unknown if ids[name] == self._id("svc", "service", name)]
        new = [name for name in new if ids[name] not in defined]
        if new:
            results = self._carry_out([self._definition(name, ids[name]) for name in new])
            self.report.services += sum(isinstance(result, Done) for result in results)
        self._services.remember(ids)

    def _definition(self, name: str, service_id: str) -> Order:
        terms = ServiceTerms(name=name, service_type=name)
        return Order(DEFINE_SERVICE, DefineService(service_id=service_id, service=terms), LOADER)

    def _in_catalogue(self, names: Sequence[str]) -> dict[str, str]:
        """Name → id of the services of these names. The catalogue is read once."""
        if names and self._catalogue is None:
            self._catalogue = dict(services_by_name(self._recorder))
        return {name: self._catalogue[name] for name in names if self._catalogue and name in self._catalogue}


@lru_cache(maxsize=1_024)
def _lines(units: int, service_id: str) -> tuple[OfferLine, ...]:
    return (OfferLine(quantity=units, services=(service_id,)),)


def _reference(row: Row | Unreadable) -> str | None:
    return row.entry.reference if isinstance(row, Row) else None


def _column_of(refusal: Refused) -> str | None:
    """The column that a refusal is about; None: the row as a whole."""
    if isinstance(refusal, Invalid):
        place = refusal.pointer.removeprefix("/").partition("/")[0]
        if refusal.problem == "wrong-currency":
            return "currency"
        return {"expires_on": "expires_on", "lines": "service"}.get(place)
    return COLUMN_OF.get(type(refusal))
