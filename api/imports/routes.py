"""Imports over HTTP: a file of customers or of balances is the body. The command line takes larger ones."""

import io
from contextlib import nullcontext
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from litestar.concurrency import sync_to_thread

from api.http.body import body_of
from api.http.command_route import Command, CommandParameters, created, dry_run, read_command, read_upload
from api.http.new_values import NewId
from api.http.parsing import Sent
from api.http.permissions import OWNER
from api.http.problems import Flaw, Problem, invalid
from api.http.request import HttpRequest
from api.http.responses import Reply
from api.http.route import Route, handler_of
from api.imports import mapping as mappings
from api.imports.batches import recorded, rolled_back
from api.imports.customers import Customers
from api.imports.derived_ids import id_of
from api.imports.file_form import Format, UnknownLayout, unpacked_bytes
from api.imports.importing import ImportReport, run
from api.imports.load import RefusedRow
from api.imports.mapping import UnknownMapping, What
from api.imports.packages import Packages
from api.imports.reversal import KeptPackage, reverse
from api.imports.sheet import Content, Sheet
from domain.business.reasons import ReasonCodeName
from domain.decision import Reads
from domain.ledger.mapper import Meta
from domain.values import LongText, SourceName, ThingName, Value

IMPORT_BYTES_MAX = 16 * 1024 * 1024
TOLD_MAX = 1_000
"""Refused rows, and packages that stay, that an answer names; all are counted."""
FORMATS: dict[str, Format | None] = {
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/octet-stream": None,
}
"""None: the parameter `format` says it."""


class ImportParameters(CommandParameters):
    source: SourceName
    """A name for the other system: references are unique in it."""
    mapping: ThingName | None = None
    """The name of a mapping that comes with Carnet; without one, the columns have the names that Carnet gives them."""

    format: Format = "csv"
    """What a body of `application/octet-stream` is."""


class File(Value):
    data: bytes
    layout: Format | None


class ImportReversalBody(Value):
    reason: LongText
    reason_code: ReasonCodeName | None = None
    """One of the business's codes for voiding."""


class RowRefused(Value):
    line: int
    """From 1, the line of the file."""
    column: str | None
    code: str
    flaw: str | None
    """Of `validation-failed`: the code of what is wrong."""
    rule: str | None
    """Of a code that stands for several rules: which one, as its problem names it."""
    reason: str


class DuplicateOfRow(Value):
    """A customer who was registered, and others with the same e-mail, number, or name and date of birth."""

    line: int
    customer_id: str
    others: tuple[str, ...]


class Imported(Value):
    """What became of the rows of a file."""

    import_id: NewId | None
    """The batch, by which an import is listed, and one of packages reversed; null in a dry run."""
    rows: int
    recorded: int
    replayed: int
    """Rows that were in the books already, by an earlier import of the same source."""
    refused: int
    services: int
    """Services defined for the rows."""
    position: int
    refused_rows: tuple[RowRefused, ...]
    """At most 1,000."""
    possible_duplicates: tuple[DuplicateOfRow, ...]
    """At most 1,000. They are told, and nobody is merged."""


class PackageThatStays(Value):
    package_id: str
    code: str
    rule: str | None
    """Of a code that stands for several rules: which one, as its problem names it."""
    reason: str


class ReversedImport(Value):
    import_id: str
    packages: int
    reversed: int
    cancelled: int
    """Packages that were cancelled or voided before."""
    refused: int
    position: int
    stay: tuple[PackageThatStays, ...]
    """At most 1,000."""


def _route(what: What, summary: str, description: str) -> Route:
    return Route(
        "POST",
        f"/v1/imports/{what}",
        f"imports.{what}",
        summary,
        OWNER,
        201,
        None,
        ImportParameters,
        Imported,
        writes=True,
        versioned=False,
        uploads=tuple(FORMATS),
        takes_long=True,
        description=description,
    )


IMPORT_CUSTOMERS = _route(
    "customers",
    "Register the customers of a file",
    "Rows are decided in file order, each on its own; those that are refused are told, and the rest goes in. A row is"
    " known by `source` and its reference: a file that is sent again changes nothing that is in. At most 16 MiB.",
)
IMPORT_PACKAGES = _route(
    "packages",
    "Import the balances of packages that another system kept",
    "They are opening liability and no sales. Their customers are imported first, from the same source. Rows are"
    " decided as for customers. The import is reversed by its id. At most 16 MiB.",
)
REVERSE = Route(
    "POST",
    "/v1/imports/{import_id}/reversal",
    "imports.reverse",
    "Void the packages of an import that stand as they came",
    OWNER,
    201,
    ImportReversalBody,
    CommandParameters,
    ReversedImport,
    writes=True,
    versioned=False,
    takes_long=True,
    codes=("import-of-customers",),
    description="Packages for which something was recorded since stay, and are told. The references of the others may"
    " be imported again. An import of customers is refused: they are listed by `GET /v1/customers?import_id=`, and"
    " deactivated together by `POST /v1/customers/bulk`.",
)


@handler_of(IMPORT_CUSTOMERS)
async def import_customers(request: HttpRequest) -> Reply:
    raw = await body_of(request, IMPORT_BYTES_MAX)
    return await sync_to_thread(_imported, request, raw, "customers")


@handler_of(IMPORT_PACKAGES)
async def import_packages(request: HttpRequest) -> Reply:
    raw = await body_of(request, IMPORT_BYTES_MAX)
    return await sync_to_thread(_imported, request, raw, "packages")


@handler_of(REVERSE)
async def reverse_import(request: HttpRequest) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_reversed, request, raw)


def _read_file(raw: bytes, content_type: str | None) -> Sent[File]:
    """Raises Problem unsupported-media-type."""
    media = (content_type or "").partition(";")[0].strip().lower()
    if media not in FORMATS:
        raise Problem("unsupported-media-type", f"the body must be {' or '.join(FORMATS)}")
    return Sent(File(data=raw, layout=FORMATS[media]), sha256(raw).hexdigest().encode())


def _imported(request: HttpRequest, raw: bytes, what: What) -> Reply:
    call, key = read_upload(request, raw, _read_file, ImportParameters)
    if key is None:
        told = _run(call, what, None)
        return dry_run(call, told.model_dump(), [], told.position)
    secret = call.ledger.recorder.secret()
    # The same request has the same batch, so that it goes on where a killed one ended.
    import_id = id_of(secret, "imp", ("import", what, key.key))
    return created(call.ledger.answer_once(key, lambda: _run(call, what, import_id).model_dump_json()), None)


def _run(call: Command[File], what: What, import_id: str | None) -> Imported:
    """A dry run has no `import_id`, and writes nothing. Raises validation-failed."""
    asked = call.parameters
    assert isinstance(asked, ImportParameters)
    refused: list[RefusedRow] = []
    currency = call.frame.look(call.business_id, Reads({call.business_id: 0})).business.currency
    mapping = _mapping(asked.mapping, what)
    file = call.body
    batch = import_id or "imp_dry_run"
    kind: Any = Customers(batch) if what == "customers" else Packages(batch, mapping.money)
    try:
        data = unpacked_bytes(file.data, IMPORT_BYTES_MAX)
        content = Content(lambda: io.BytesIO(data), len(data))
        sheet = Sheet(content, file.layout or asked.format, mapping, kind.columns, currency)
        report = run(
            call.frame.carnet,
            call.business_id,
            sheet,
            kind,
            asked.source,
            currency=currency,
            refused=lambda row: refused.append(row) if len(refused) < TOLD_MAX else None,
            import_id=import_id,
            meta=Meta(actor=call.caller.actor, request_id=call.request_id),
            dry_run=asked.dry_run,
        )
    except UnknownLayout as error:
        raise invalid([Flaw("", error.flaw, str(error))]) from error
    return _shown(report, refused)


def _mapping(name: str | None, what: What) -> mappings.Mapping:
    if name is None:
        return mappings.own(what)
    try:
        mapping = mappings.named(name)
    except UnknownMapping as error:
        raise invalid([Flaw("/mapping", "unknown-mapping", str(error), "query")]) from error
    if mapping.imports != what:
        flaw = Flaw(
            "/mapping", "unknown-mapping", f"is a mapping for an import of {mapping.imports}", "query"
        )
        raise invalid([flaw])
    return mapping


def _shown(report: ImportReport, refused: list[RefusedRow]) -> Imported:
    return Imported(
        import_id=report.import_id,
        rows=report.rows,
        recorded=report.recorded,
        replayed=report.replayed,
        refused=report.refused,
        services=report.services,
        position=report.position,
        refused_rows=tuple(RowRefused(**asdict(row)) for row in refused),
        possible_duplicates=tuple(
            DuplicateOfRow(line=each.line, customer_id=each.customer_id, others=each.others)
            for each in report.possible_duplicates
        ),
    )


def _reversed(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, ImportReversalBody)
    import_id = call.id("import_id")
    if key is None:
        reversal = _reverse(call, import_id, undone=True)
        return dry_run(call, reversal.model_dump(), [], reversal.position)
    return created(call.ledger.answer_once(key, lambda: _reverse(call, import_id).model_dump_json()), None)


def _reverse(call: Command[ImportReversalBody], import_id: str, *, undone: bool = False) -> ReversedImport:
    """`undone`: a dry run. Raises NotFound, ImportOfCustomers."""
    stay: list[KeptPackage] = []
    meta = Meta(actor=call.caller.actor, request_id=call.request_id)
    carnet, business_id = call.frame.carnet, call.business_id
    with (
        rolled_back(carnet, business_id) if undone else nullcontext(recorded(carnet, business_id)) as batches
    ):
        told = reverse(
            batches,
            import_id,
            call.body.reason,
            meta,
            reason_code=call.body.reason_code,
            kept=lambda package: stay.append(package) if len(stay) < TOLD_MAX else None,
        )
    return ReversedImport(
        **vars(told),
        stay=tuple(PackageThatStays(**asdict(each)) for each in stay),
    )


HANDLERS = (import_customers, import_packages, reverse_import)
