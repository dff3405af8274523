"""Exports as streams: one position while others write, never taken for complete when broken off, freed at any end."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Event
from typing import Any

import pytest
from litestar import Litestar
from sqlalchemy import event

from api.http.export_slots import OF_A_BUSINESS_MAX
from api.http.serving import Serving
from api.http.streamed import Streamed
from domain.ledger.envelope import NewFact
from domain.ledger.records import Append
from domain.points.facts import PointsAdded, PointsSource
from projections.engine.runner import Runner
from replay.export.table import ROWS_AT_ONCE
from tests.api.desk import Desk
from tests.proved import FILLED_BY_HAND
from tests.ready import WAIT_S_MAX

pytest_plugins = ["tests.api.houses"]
OnPiece = Callable[[int], None]


@dataclass
class Received:
    """What a reader got."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    complete: bool = False

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in b"".join(self.pieces).splitlines()]


async def received(
    app: Callable[..., Awaitable[None]],
    scope: dict[str, Any],
    on_piece: OnPiece,
    *,
    pieces_max: int = 1_000,
    stalls: bool = False,
) -> Received:
    """Read a reply and call `on_piece` before each piece is taken. The reader hangs up after `pieces_max`, or, if it
    stalls, takes no piece."""
    got, asked, hung_up = Received(), False, asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await hung_up.wait()
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            got.status = message["status"]
            got.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        if stalls:
            await asyncio.Event().wait()
        on_piece(len(got.pieces))
        got.complete = not message.get("more_body", False)
        if message["body"]:
            got.pieces.append(message["body"])
        if len(got.pieces) >= pieces_max:
            hung_up.set()
            await asyncio.sleep(0)

    await app(scope, receive, send)
    return got


def asked_of(desk: Desk, path: str, query: str = "media=jsonl") -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"testserver"), (b"authorization", f"Bearer {desk.key}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }


def app_of(desk: Desk) -> Any:
    return desk.client.app  # type: ignore[attr-defined]


def read(desk: Desk, path: str, on_piece: OnPiece = lambda n: None, **how: Any) -> Received:
    return asyncio.run(received(app_of(desk), asked_of(desk, path), on_piece, **how))


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("customers", "packages", "history", "bookings", "points"):
        monkeypatch.setattr(f"replay.export.{name}.ROWS_AT_ONCE", 2)


@pytest.mark.covers("S110")
@pytest.mark.usefixtures("small_pages")
def test_what_is_written_while_an_export_is_read_is_not_in_it(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    anna = desk.customer("Anna")
    sold = [desk.sell(anna, desk.offer(service))["id"] for _ in range(6)]
    before = desk.head

    def write(n: int) -> None:
        if n < 3:
            desk.redeem(sold[0], service)
            desk.sell(anna, desk.offer(service))
            assert len(desk.get("/v1/packages")["data"]) == 7 + n, "the lists go on"

    got = read(desk, "/v1/packages/export", write)
    assert got.complete
    assert got.headers["ledger-position"] == str(before)
    assert {row["package_id"] for row in got.rows} == set(sold)
    assert {row["remaining"] for row in got.rows} == {10}


def record_points(desk: Desk, customers: int, entries: int) -> None:
    """So many entries of each of so many customers, straight into the ledger."""
    meta = b'{"actor":{"id":"stf_ann","role":"owner"}}'
    appended: list[Append] = []
    for customer in range(customers):
        facts = []
        for version in range(1, entries + 1):
            fact = PointsAdded(
                effective_at=desk.clock(),
                entry_id=f"pts_{customer}_{version}",
                points=1,
                balance=version,
                source=PointsSource(kind="manual"),
                by="staff",
            )
            name, stream_id = fact.stored_name, f"acc_{customer:04}"
            facts.append(NewFact("points", stream_id, version, name, 1, fact.to_bytes(), meta))
        appended.append(Append(tuple(facts), {stream_id: 0}))
    desk.carnet.ledger(desk.business_id).recorder.append(appended)
    FILLED_BY_HAND.add(desk.business_id)


@pytest.mark.covers("S110")
def test_five_thousand_rows_are_read_page_by_page_as_they_are_sent(either_desk: Desk) -> None:
    desk, rows, asked = either_desk, 5_000, count()
    record_points(desk, customers=50, entries=100)
    Runner(desk.carnet.store, serving_of(desk).views).catch_up(desk.business_id)
    engine, pages = serving_of(desk).views.engine, 0

    def count_page(_: Any, __: Any, statement: str, *more: Any) -> None:
        nonlocal pages
        if "points_entries" in statement and "ORDER BY" in statement:
            pages = next(asked) + 1

    def check(sent: int) -> None:
        assert pages <= sent + 2, "a page is read while the one before waits, and no further"

    event.listen(engine, "before_cursor_execute", count_page)
    try:
        got = read(desk, "/v1/points/export", check)
    finally:
        event.remove(engine, "before_cursor_execute", count_page)
    assert got.complete
    assert pages - 1 == len(got.pieces) == rows // ROWS_AT_ONCE
    assert max(piece.count(b"\n") for piece in got.pieces) == ROWS_AT_ONCE
    places = [(row["customer_id"], row["version"]) for row in got.rows]
    assert len(places) == rows
    assert places == sorted(set(places))


@pytest.mark.usefixtures("small_pages")
def test_a_reader_who_hangs_up_gets_no_end_and_frees_the_place(desk: Desk) -> None:
    for n in range(8):
        desk.customer(f"Anna {n}")
    for _ in range(3 * OF_A_BUSINESS_MAX):
        got = read(desk, "/v1/customers/export", pieces_max=1)
        assert not got.complete
        assert len(got.rows) < 8
        assert got.status == 200


@pytest.mark.usefixtures("small_pages")
def test_no_more_exports_run_at_once_than_there_are_places(either_desk: Desk) -> None:
    desk = either_desk
    for n in range(4):
        desk.customer(f"Anna {n}")
    slots = serving_of(desk).exports
    with slots.one(desk.business_id), slots.one(desk.business_id):
        refused = desk.ask("/v1/customers/export")
        assert (refused.status_code, refused.json()["code"]) == (503, "exports-busy")
        assert int(refused.headers["retry-after"]) > 0
    assert desk.ask("/v1/customers/export").status_code == 200


def serving_of(desk: Desk) -> Serving:
    app: Litestar = app_of(desk)
    serving: Serving = app.state["frame"]
    return serving


def test_a_fault_before_the_first_row_is_a_problem(desk: Desk) -> None:
    refused = desk.ask("/v1/customers/export", segment_id="seg_none")
    assert (refused.status_code, refused.headers["content-type"]) == (404, "application/problem+json")
    assert desk.ask("/v1/customers/export").status_code == 200


# The reply


@dataclass
class Held:
    """What a reply holds open."""

    closed: int = 0
    freed: Event = field(default_factory=Event)

    def close(self) -> None:
        self.closed += 1
        self.freed.set()


def reply(
    pieces: Iterator[bytes], held: Held, *, stalled_s: float = 30.0, sending_s_max: float = 30.0
) -> Streamed:
    return Streamed([], "text/csv", pieces, held.close, stalled_s=stalled_s, sending_s_max=sending_s_max)


def send_it(streamed: Streamed, held: Held, method: str = "GET", **how: Any) -> Received:
    got = asyncio.run(received(streamed, {"method": method}, lambda n: None, **how))
    assert held.freed.wait(WAIT_S_MAX)
    assert held.closed == 1
    return got


def test_a_reply_is_sent_to_its_end_and_freed() -> None:
    held = Held()
    got = send_it(reply(iter([b"a", b"b"]), held), held)
    assert (got.complete, got.pieces) == (True, [b"a", b"b"])


def test_an_empty_piece_is_not_sent() -> None:
    sent, held = [], Held()

    async def send(message: Any) -> None:
        sent.append(message.get("body"))

    async def receive() -> Any:
        await asyncio.Event().wait()

    streamed: Any = reply(iter([b"", b"a", b"", b""]), held)
    asyncio.run(streamed({"method": "GET"}, receive, send))
    assert sent == [None, b"a", b""], "an empty chunk in the middle could be read as the end"


def test_a_fault_on_the_way_leaves_the_reply_without_an_end() -> None:
    def broken() -> Iterator[bytes]:
        yield b"a"
        raise OSError("the disk is gone")

    held = Held()
    got = send_it(reply(broken(), held), held)
    assert (got.status, got.complete) == (200, False)


def test_a_reader_that_takes_nothing_is_left() -> None:
    held = Held()
    assert not send_it(reply(iter([b"a"]), held, stalled_s=0.01), held, stalls=True).complete


def test_a_reply_that_takes_too_long_is_broken_off() -> None:
    held = Held()
    assert not send_it(reply(iter([b"a"] * 1_000_000), held, sending_s_max=0.0), held).complete


def test_head_gets_the_headers_alone() -> None:
    held = Held()
    got = send_it(reply(iter([b"a"]), held), held, method="HEAD")
    assert (got.complete, got.pieces, got.status) == (True, [], 200)
