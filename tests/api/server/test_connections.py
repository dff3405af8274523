"""Connections that keep the server waiting: they are closed, and whoever asks meanwhile is answered."""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest

from api.http.networks import TrustedProxies
from api.server.connections import ConnectionLimits, Connections, Requests
from tests.api.server.served import Server, served
from tests.api.server.silence import KINDS, closed_by_server, reads, silent
from tests.ready import wait_for

FEW, MANY = 20, 200
PATIENT = "3600"


# The server


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits a second for its clients, and takes any number from one address."""
    folder = tmp_path_factory.mktemp("impatient")
    with served(folder, IDLE_S="1", CONNECTIONS_PER_ADDRESS="1000", LOG="info") as server:
        yield server


def answered(server: Server) -> None:
    """A client with a connection of its own is answered."""
    asking = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    asking.request("GET", "/v1/business", headers={"Authorization": f"Bearer {server.key}"})
    assert asking.getresponse().status == 200
    asking.close()


@pytest.mark.parametrize("number", [FEW, pytest.param(MANY, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("kind", KINDS)
def test_silent_connections_are_closed_and_others_are_answered_meanwhile(
    impatient: Server, kind: str, number: int
) -> None:
    answered(impatient)
    before = impatient.socket_count()
    with silent(impatient, kind, number) as held:
        answered(impatient)
        if reads(kind):
            for _ in closed_by_server(held, b"x" if kind == "a head that never ends" else b""):
                answered(impatient)
        else:
            answered(impatient)
        wait_for(lambda: impatient.socket_count() <= before + 1)
        answered(impatient)


def test_of_one_address_the_longest_silent_are_closed(tmp_path: Path) -> None:
    with served(tmp_path, IDLE_S=PATIENT, CONNECTIONS_PER_ADDRESS="20") as server:
        with silent(server, "one request and no more", MANY) as held:
            for closed in closed_by_server(held):
                answered(server)
                if closed >= MANY - 20:
                    break
        assert "too many of one address" in server.log.read_text()


def test_a_server_that_is_nearly_full_makes_room(tmp_path: Path) -> None:
    with served(tmp_path, IDLE_S=PATIENT, CONNECTIONS="40", CONNECTIONS_PER_ADDRESS="1000") as server:
        with silent(server, "one request and no more", 60) as held:
            for closed in closed_by_server(held):
                answered(server)
                if closed >= 60 - 40:
                    break
        assert "nearly as many as there may be" in server.log.read_text()


# One look


@contextmanager
def accepted(number: int) -> Iterator[tuple[int, list[socket.socket], list[socket.socket]]]:
    """A port of this process, with so many accepted connections: the port, our ends and the clients' ends."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        ours, theirs = [], []
        for _ in range(number):
            theirs.append(stack.enter_context(socket.create_connection(listener.getsockname())))
            ours.append(stack.enter_context(listener.accept()[0]))
        yield listener.getsockname()[1], ours, theirs


def is_closed(end: socket.socket) -> bool:
    end.setblocking(False)
    try:
        return end.recv(1) == b""
    except BlockingIOError:
        return False


PATIENT_LIMITS = ConnectionLimits(first_request_s=3600.0)


def test_what_nobody_minds_stays_open() -> None:
    with accepted(10) as (port, _, theirs):
        assert Connections(port, PATIENT_LIMITS, Requests()).look() == Counter()
        assert not any(map(is_closed, theirs))


def test_what_brings_no_request_in_time_is_closed_and_the_rest_is_not() -> None:
    with accepted(3) as (port, ours, theirs):
        requests = Requests(asked={ours[0].getpeername()})
        connections = Connections(port, ConnectionLimits(first_request_s=0.0), requests)
        assert connections.look() == {"they brought no request in time": 2}
        assert [*map(is_closed, theirs)] == [False, True, True]


def test_too_many_of_one_address_lose_the_longest_silent_first_and_requests_under_way_last() -> None:
    with accepted(5) as (port, ours, theirs):
        requests = Requests(under_way={ours[0].getpeername()})
        theirs[1].sendall(b"just now")
        ours[1].recv(100)
        connections = Connections(port, replace(PATIENT_LIMITS, per_address=2), requests)
        assert connections.look() == {"too many of one address": 3}
        assert not is_closed(theirs[0])
        assert sum(map(is_closed, theirs)) == 3


def test_a_trusted_proxy_may_have_as_many_as_there_are() -> None:
    with accepted(5) as (port, _, theirs):
        limits = replace(PATIENT_LIMITS, per_address=2, proxies=TrustedProxies.of("127.0.0.0/8"))
        assert Connections(port, limits, Requests()).look() == Counter()
        assert not any(map(is_closed, theirs))


def test_before_there_is_no_room_left_a_part_is_closed() -> None:
    with accepted(15) as (port, _, theirs):
        limits = replace(PATIENT_LIMITS, connections=16)
        assert Connections(port, limits, Requests()).look() == {
            "there are nearly as many as there may be": 3,
        }
        assert sum(map(is_closed, theirs)) == 3


def test_requests_of_connections_that_are_gone_are_forgotten_and_those_of_new_ones_are_not() -> None:
    requests = Requests(asked={("127.0.0.1", 1), ("127.0.0.1", 2)})
    with accepted(1) as (port, ours, _):
        connections = Connections(port, PATIENT_LIMITS, requests)
        connections.look()
        assert len(requests.asked) == 2, "their connections may be so new that this look missed them"
        requests.asked.add(ours[0].getpeername())
        connections.look()
        assert requests.asked == {ours[0].getpeername()}


def test_other_sockets_of_the_process_are_left_alone() -> None:
    with accepted(3) as (_, _, theirs), accepted(1) as (port, _, _):
        limits = ConnectionLimits(per_address=1, first_request_s=0.0)
        assert Connections(port, limits, Requests()).look().total() == 1
        assert not any(map(is_closed, theirs))
