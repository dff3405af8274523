"""An export over HTTP: a table of any length, piece by piece, from one snapshot.

    BOOKINGS = Exported(BOOKINGS_EXPORT, BookingExportParameters, bookings_wanted)
    HANDLERS = (export("/v1/bookings/export", "bookings.export", "…", BOOKINGS),)

CSV and JSON Lines are written while the tables are read. A Parquet file ends with
its index, so it is made before the first byte is sent.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar

from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler

from api.http.accept import preferred
from api.http.docstring import docstring_of
from api.http.permissions import EXPORTERS
from api.http.problems import Problem
from api.http.query import Query
from api.http.query_route import query_of
from api.http.request import HttpRequest
from api.http.route import Route, handler_of
from api.http.streamed import Streamed
from domain.business.state import Business
from domain.decision import Reads
from domain.values import Value
from projections.engine.freshness import ProjectionLagging
from projections.engine.snapshot import Snapshot
from replay.export.forms import Media, written
from replay.export.parquet import ParquetMissing, check_there, write_parquet
from replay.export.table import Export, Source

F = TypeVar("F")
Q = TypeVar("Q", bound="ExportParameters")
MEDIA_TYPES: dict[Media, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
PIECE_BYTES = 256 * 1024
"""Of a file that is sent."""


class ExportParameters(Value):
    """Parameters of every export. Subclasses add the filters of its list."""

    media: Media | None = None
    """The form, where the header Accept cannot say it: csv, jsonl or parquet."""


@dataclass(frozen=True)
class Exported(Generic[Q, F]):
    """A table, and the parameters that become its filters."""

    table: Export[F]
    parameters: type[Q]
    wanted: Callable[[Q, Business], F]
    """The filters; its docstring describes the route in /schema. Raises Problem and Refused."""


def export(path: str, operation: str, summary: str, exported: Exported[Q, F]) -> HTTPRouteHandler:
    """The GET route of an export."""
    route = Route(
        "GET",
        path,
        operation,
        summary,
        EXPORTERS,
        parameters=exported.parameters,
        media=tuple(MEDIA_TYPES.values()),
        versioned=False,
        takes_long=True,
        codes=("exports-busy", "projection-lagging", "projection-stopped"),
        description=docstring_of(exported.wanted),
    )

    def begin(request: HttpRequest) -> Streamed:
        return begun(query_of(request, route, exported.parameters), exported)

    async def handle(request: HttpRequest) -> Streamed:
        return await sync_to_thread(begin, request)

    return handler_of(route)(handle)


def begun(call: Query[Q], exported: Exported[Q, F]) -> Streamed:
    """The reply, with its first rows read and its snapshot open.

    Raises Problem exports-busy and not-acceptable, and what `Query.snapshot` raises.
    """
    media, table = _media(call.parameters.media, call.accept), exported.table
    with ExitStack() as open_:
        open_.enter_context(call.frame.exports.one(call.business_id))
        business = call.look(Reads({call.business_id: 0})).business
        wanted = exported.wanted(call.parameters, business)
        snapshot = open_.enter_context(call.snapshot(*table.reads(wanted)))
        check_one_position(snapshot)
        now = call.frame.carnet.clock()
        source = Source(snapshot, call.ledger.recorder, business, call.business_id, now)
        name = f"{table.name}-{snapshot.position}.{media}"
        headers = [
            (b"ledger-position", b"%d" % snapshot.position),
            (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        ]
        pages = table.pages(source, wanted)
        if media == "parquet":
            folder = open_.enter_context(TemporaryDirectory(prefix="carnet-export-"))
            file = write_parquet(table.columns, pages, Path(folder))
            headers.append((b"content-length", b"%d" % file.stat().st_size))
            pieces = _read(file)
        else:
            pieces = written(table.columns, pages, media)
        first = next(pieces)
        held = open_.pop_all()
    return Streamed(headers, _content_type(media), chain([first], pieces), held.close)


def check_one_position(snapshot: Snapshot) -> None:
    """Raises ProjectionLagging when the read models do not stand at one position."""
    positions = [checkpoint.position for checkpoint in snapshot.checkpoints.values()]
    if min(positions) != max(positions):
        raise ProjectionLagging(min(positions), max(positions))


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(PIECE_BYTES):
            yield piece


def _media(asked: Media | None, accept: str) -> Media:
    """The form that is asked for, or that Accept likes best. Raises Problem not-acceptable."""
    media = asked or _accepted(accept)
    if media == "parquet":
        try:
            check_there()
        except ParquetMissing as error:
            raise Problem("not-acceptable", str(error)) from error
    return media


def _accepted(accept: str) -> Media:
    """CSV where the caller takes none of them: a file is saved, whatever its type."""
    best = preferred(accept, tuple(MEDIA_TYPES.values()))
    return next((media for media, type_ in MEDIA_TYPES.items() if type_ == best), "csv")


def _content_type(media: Media) -> str:
    return f"{MEDIA_TYPES[media]}; charset=utf-8; header=present" if media == "csv" else MEDIA_TYPES[media]
