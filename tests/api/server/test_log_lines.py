"""Log lines: all in their order where somebody reads, and nobody waits where nobody does."""

import json
import os
import socket
import sys
from pathlib import Path

import httpx
import pytest

from api.server.log_lines import LogLines
from tests.api.server.served import served

LINE = "x" * 999 + "\n"


def test_lines_come_out_whole_and_in_their_order() -> None:
    reading, writing = os.pipe()
    lines = LogLines(writing)
    wanted = [f"line {n}\n" for n in range(1_000)]
    for line in wanted:
        lines.write(line)
    lines.drain(30)
    os.close(writing)
    with os.fdopen(reading) as told:
        assert told.readlines() == wanted


def test_who_logs_does_not_wait_for_a_reader_and_what_was_dropped_is_counted() -> None:
    reading, writing = os.pipe()
    lines = LogLines(writing, lines_max=100)
    for _ in range(1_000):
        lines.write(LINE)
    told: list[str] = []
    with os.fdopen(reading) as reader:
        while sum(line == LINE for line in told) + counted(told) + lines.dropped < 1_000:
            told.append(reader.readline())
        while "the next one\n" not in told:
            lines.write("the next one\n")
            told.append(reader.readline())
    assert counted(told) > 0, "the pipe holds some, and not all"
    assert told.count(LINE) + counted(told) >= 1_000
    os.close(writing)


def counted(told: list[str]) -> int:
    """The lines that were dropped, as the log says."""
    return sum(json.loads(line)["lines"] for line in told if line.startswith("{"))


def test_a_closed_descriptor_keeps_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lines = LogLines(writing)
    lines.write(LINE)
    lines.drain(30)
    assert lines.dropped == 1
    os.close(writing)


@pytest.mark.parametrize(
    "how",
    [
        "nobody reads",
        pytest.param("full", marks=pytest.mark.extended),
        pytest.param("closed", marks=pytest.mark.extended),
    ],
)
def test_a_server_answers_whatever_becomes_of_its_log(tmp_path: Path, how: str) -> None:
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)  # it holds little, and is not read
    target = {"nobody reads": theirs.fileno(), "full": os.open("/dev/full", os.O_WRONLY), "closed": None}[how]
    interpreter = CLOSED if how == "closed" else ()
    with served(tmp_path, interpreter=interpreter, errors=target) as server, server.client() as client:
        for n in range(200):
            assert client.get("/v1/nothing").status_code == 404
            body = {"name": f"S{n}", "service_type": "Massage"}
            answer: httpx.Response = client.post(
                "/v1/services", json=body, headers={"Idempotency-Key": f"k{n}"}
            )
            assert answer.status_code == 201
        if how == "closed":
            assert server.stop() == 0
    ours.close()
    theirs.close()


CLOSING = "import os, sys; os.close(2); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
CLOSED = (sys.executable, "-c", CLOSING, "-m", "api.cli.main", "serve")
