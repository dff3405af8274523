"""Reversing an import of packages: each that stands as it came is voided, the others are told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from secrets import token_bytes

from api.http.ledger_types import Books, FactFilter, Recorder, recorded
from api.imports.batches import Batches
from api.imports.derived_ids import id_of
from domain.decision import Reads
from domain.ledger.mapper import Meta
from domain.ledger.orders import Order
from domain.package.commands import VoidPackage
from domain.package.opening_facts import PackageImported
from domain.people.facts import CustomerRegistered
from domain.refusals import ImportOfCustomers, NotFound, PackageIsCancelled, Refused
from domain.use_cases.void_package import VOID_PACKAGE
from domain.values import Wording

PAGE = 500
SALT_BYTES = 16


@dataclass
class Reversal:
    """The counts of a reversal, in packages."""

    import_id: str
    packages: int = 0
    reversed: int = 0
    cancelled: int = 0
    """Those that were cancelled or voided before, and stay so."""
    refused: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class KeptPackage:
    """A package that stays, and why. `rule`: of a code that stands for several rules, which one."""

    package_id: str
    code: str
    rule: str | None
    reason: str


def reverse(
    batches: Batches,
    import_id: str,
    reason: str,
    meta: Meta,
    *,
    reason_code: str | None = None,
    kept: Callable[[KeptPackage], None],
    progress: Callable[[Reversal], None] = lambda reversal: None,
) -> Reversal:
    """Void the packages of an import, 500 at a time. Another reversal goes on where this one ended.

    Raises NotFound, ImportOfCustomers, Invalid for a reason code, LedgerUnavailable, Contention, UnreadableFact.
    """
    recorder, told = batches.recorder, Reversal(import_id)
    _check_code(recorder, reason_code)
    secret = recorder.secret()
    for ids in _pages(recorder, import_id):
        orders = [_void(secret, id, import_id, reason, reason_code, meta) for id in ids]
        for id, result in zip(ids, batches.carry_out(orders), strict=True):
            told.packages += 1
            if isinstance(result, PackageIsCancelled):
                told.cancelled += 1
            elif isinstance(result, Refused):
                told.refused += 1
                kept(KeptPackage(id, result.code, result.broken_rule, str(result)))
            else:
                told.reversed += 1
        progress(told)
    if not told.packages:
        raise (
            ImportOfCustomers(import_id)
            if _brought_customers(recorder, import_id)
            else NotFound("import", import_id)
        )
    told.position = recorder.head().position
    return told


def _pages(recorder: Recorder, import_id: str) -> Iterator[list[str]]:
    """The packages of an import in the order of the ledger."""
    after = 0
    while page := recorder.select_notifications(after + 1, PAGE, topics=(PackageImported.stored_name,)):
        after = page[-1].id
        reads = Reads({str(each.originator_id): 0 for each in page})
        books = Books(recorder.business_id, reads, recorder.load(reads))
        packages = ((id, books.package(id)) for id in reads.streams)
        if ids := [id for id, package in packages if package is not None and package.import_id == import_id]:
            yield ids


def _brought_customers(recorder: Recorder, import_id: str) -> bool:
    wanted, after, head = FactFilter(names=(CustomerRegistered.stored_name,)), 0, recorder.head().position
    while page := recorder.chosen_facts(wanted, after, head, PAGE):
        if any(getattr(recorded(stored).fact, "import_id", None) == import_id for stored in page):
            return True
        after = page[-1].position
    return False


def _check_code(recorder: Recorder, code: str | None) -> None:
    """Raises Invalid once for all packages, instead of once for each of them."""
    reads = Reads({recorder.business_id: 0})
    business = Books(recorder.business_id, reads, recorder.load(reads)).business
    business.reason_given(VoidPackage.reason_group, code)


def _void(
    secret: bytes, package_id: str, import_id: str, reason: str, reason_code: str | None, meta: Meta
) -> Order:
    named = ("reversal", import_id, package_id)
    text = Wording(id=id_of(secret, "txt", named), salt=token_bytes(SALT_BYTES), text=reason)
    asked = VoidPackage(package_id=package_id, reason=text, reason_code=reason_code)
    return Order(VOID_PACKAGE, asked, meta)
