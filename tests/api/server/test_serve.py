"""The real server: processes that answer over loopback, drain when asked to stop, and say who they are."""

import json
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from api.server.installation import opened
from api.server.settings import Settings
from tests.api.server.served import (
    Server,
    children_of,
    is_running,
    served,
    settings_in,
    without_settings,
)
from tests.command_process import run
from tests.ready import wait_for


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """`carnet serve` on a fresh embedded database with one business."""
    with served(tmp_path, **getattr(request, "param", {})) as found:
        yield found


@pytest.mark.parametrize("server", [{"PROCESSES": "2"}], indirect=True, ids=["two processes"])
def test_two_processes_serve_one_database(server: Server) -> None:
    def define(n: int) -> int:
        with server.client() as client:
            body = {"name": f"S{n % 4}", "service_type": "Massage"}
            return client.post(
                "/v1/services", json=body, headers={"Idempotency-Key": f"k-{n % 4}"}
            ).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(define, range(16))) == {201}
    with server.client() as client:
        assert len(client.get("/v1/services").json()["data"]) == 4
        assert [fact["position"] for fact in client.get("/v1/facts").json()["data"]] == [1, 2, 3, 4, 5]
    assert server.stop() == 0


@pytest.mark.parametrize("server", [{"PROCESSES": "2"}], indirect=True, ids=["two processes"])
def test_what_serves_ends_with_the_process_that_started_it(server: Server) -> None:
    workers = children_of(server.process.pid)
    assert len(workers) >= 2
    server.process.kill()
    server.process.wait()
    wait_for(lambda: not any(is_running(pid) for pid in workers))
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server.url}/livez")


def test_a_process_that_is_started_anew_instead_of_forked_serves_too(tmp_path: Path) -> None:
    spawning = (
        "import multiprocessing as m; m.set_start_method('spawn'); from api.cli.main import main; main()"
    )
    with served(tmp_path, interpreter=(sys.executable, "-c", spawning, "serve")) as server:
        with server.client() as client:
            assert client.get("/v1/business").status_code == 200
        assert server.stop() == 0


def test_a_ledger_file_that_was_removed_is_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "carnet.db").unlink()
    with server.client() as client:
        body = {"name": "Massage", "service_type": "Massage"}
        answer = client.post("/v1/services", json=body, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")
        assert client.get("/readyz").status_code == 503


def test_what_was_acknowledged_before_it_was_told_to_stop_is_there(server: Server, tmp_path: Path) -> None:
    acknowledged: list[str] = []

    def define_until_it_stops(writer: int) -> None:
        with server.client() as client:
            for n in range(10_000):
                body = {"id": f"svc_{writer}-{n}", "name": "Massage", "service_type": "Massage"}
                try:
                    answer = client.post("/v1/services", json=body, headers={"Idempotency-Key": body["id"]})
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    acknowledged.append(body["id"])

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(define_until_it_stops, writer) for writer in range(4)]
        while len(acknowledged) < 20 and not any(writer.done() for writer in writers):
            time.sleep(0.01)
        assert server.stop() == 0
        for writer in writers:
            writer.result(timeout=30)
    assert len(acknowledged) >= 20
    with opened(Settings.read(settings_in(tmp_path, 1))) as here:
        stored = {fact.stream_id for fact in here.ledger(None).recorder.facts(limit=50_000)}
    assert set(acknowledged) <= stored


def test_the_log_is_one_json_object_a_line_and_holds_no_secret(server: Server) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    with server.client() as client:
        headers = {"Idempotency-Key": "k", "traceparent": trace}
        client.post("/v1/customers", json={"name": "Anna Karenina"}, headers=headers)
        answer = client.get("/v1/customers?search=Anna")
        assert answer.headers["Server"] == "carnet"
        client.get("/v1/services", headers={"Authorization": "Bearer carnet_live_wrong"})
    server.stop()
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    told = [line for line in lines if line["event"] == "answered"]
    (write,) = [line for line in told if line["method"] == "POST"]
    assert (write["level"], write["status"], write["position"], write["traceparent"]) == (
        "info",
        201,
        2,
        trace,
    )
    assert write["key_id"] in server.key.replace("carnet_live_", "key_")
    assert write["milliseconds"] > 0
    assert "debug" in {line["level"] for line in told if line["method"] == "GET"}
    assert ("info", 401) in {(line["level"], line["status"]) for line in told}, "a refusal of a right"
    for secret in (server.key, server.key[-20:], "Anna", "carnet_live_wrong"):
        assert secret not in text


def test_a_clock_that_is_wrong_is_told_by_how_much(server: Server) -> None:
    """The last moment of the ledger is moved a day ahead, as by a clock that was wrong for an hour."""
    with closing(sqlite3.connect(server.log.parent / "carnet.db")) as ledger:
        ledger.execute("UPDATE ledgers SET recorded_at = recorded_at + 86400000")
        ledger.commit()
    with server.client() as client:
        refused = client.post("/v1/customers", json={"name": "Anna"}, headers={"Idempotency-Key": "k"})
        assert (refused.status_code, refused.json()["code"]) == (503, "clock-skew")
    server.stop()
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (fault,) = [line for line in lines if line["event"] == "fault"]
    assert (fault["level"], fault["code"]) == ("error", "clock-skew")
    assert "behind what the ledger has recorded" in fault["why"]


def request_head(server: Server, size: int, *more: str) -> bytes:
    """The head of a POST that announces a body of this size."""
    lines = [
        "POST /v1/services HTTP/1.1",
        f"Host: {server.url.removeprefix('http://')}",
        f"Authorization: Bearer {server.key}",
        "Idempotency-Key: k",
        "Content-Type: application/json",
        f"Content-Length: {size}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def whole_answer(server: Server, size: int, *more: str) -> bytes:
    """Send a request to the end of its body, as browsers do, and only then read the answer."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request_head(server, size, *more))
        for _ in range(size // 100_000):
            connection.sendall(b" " * 100_000)
        return connection.recv(65_536)


def test_a_refusal_arrives_though_the_body_was_too_large_to_be_read(server: Server) -> None:
    for size in (100_000, 2_000_000, 20_000_000):
        for _ in range(3):
            assert whole_answer(server, size).startswith(b"HTTP/1.1 413")
    assert whole_answer(server, 2_000_000, "Authorization: Basic x").startswith(b"HTTP/1.1 ")
    with server.client() as client:
        assert client.get("/v1/business").status_code == 200


def test_a_caller_that_asks_first_is_refused_without_its_body(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request_head(server, 20_000_000, "Expect: 100-continue"))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")


def test_head_and_compression_pass_through_the_real_server(server: Server) -> None:
    with server.client() as client:
        for path in ("/livez", "/readyz", "/schema", "/docs", "/v1/business", "/v1/services"):
            got, headed = client.get(path), client.head(path)
            assert (headed.status_code, headed.content) == (200, b"")
            for name in ("content-length", "content-type", "etag", "ledger-position"):
                assert headed.headers.get(name) == got.headers.get(name), (path, name)
        document = client.get("/schema", headers={"Accept-Encoding": "gzip"})
        assert document.headers["content-encoding"] == "gzip"
        assert document.json()["openapi"] == "3.1.0"
        known = {"If-None-Match": document.headers["etag"]}
        assert client.get("/schema", headers=known).status_code == 304
        assert client.get("/v1/business", headers={"If-None-Match": '"v1"'}).status_code == 304


def test_a_wrong_setting_stops_the_start_up_and_is_named(tmp_path: Path) -> None:
    environment = {**without_settings(), **settings_in(tmp_path, 1), "CARNET_PROT": "80"}
    ended = run("serve", environment=environment)
    assert ended.returncode != 0
    assert "CARNET_PROT is not a setting" in ended.stderr
    assert "Traceback" not in ended.stderr
