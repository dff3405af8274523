"""One server for an address, and none for a copy of books that are being served without a word."""

import logging
import os
import shutil
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from api.server.installation import migrate, opened
from api.server.port import AddressUnusable, held
from api.server.registration import CopyServed, registered
from api.server.settings import Settings
from domain.ledger.embedded.sqlite.server_lock import is_served
from domain.ledger.records import RunningServer, Whereabouts
from domain.ledger.stores import store_at
from tests.api.cli.conftest import sqlite_terminal
from tests.api.server.served import without_settings
from tests.bench.server import free_port
from tests.command_process import CommandProcess, run, start
from tests.postgres import PostgresServer
from tests.ready import is_ready, wait_for, wait_until_ready

PEPPER = "0123456789abcdef" * 4


@contextmanager
def served(environment: Mapping[str, str], *options: str) -> Iterator[CommandProcess]:
    """`carnet serve`, once it answers."""
    process = start("serve", *options, environment={**without_settings(), **environment})
    try:
        wait_until_ready(process, int(environment["CARNET_PORT"]))
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def answers(port: str) -> bool:
    return is_ready(int(port))


def ended(environment: Mapping[str, str]) -> str:
    """What a server says that ends by itself with exit status 1, in one line."""
    done = run("serve", environment={**without_settings(), **environment})
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def new_books(folder: Path) -> dict[str, str]:
    """The environment of a server of new books with one business."""
    environment = {
        "CARNET_DATABASE": f"sqlite:///{folder}/carnet.db",
        "CARNET_PORT": str(free_port()),
        "CARNET_PEPPER": PEPPER,
    }
    settings = Settings.read(environment)
    migrate(settings)
    with opened(settings) as here:
        here.open_business("Szalon", "EUR", "UTC")
    return environment


@pytest.fixture
def books(tmp_path: Path) -> dict[str, str]:
    return new_books(tmp_path / "books")


# The port


def test_a_second_server_on_the_same_port_ends_at_once(books: dict[str, str], tmp_path: Path) -> None:
    others = new_books(tmp_path / "others") | {"CARNET_PORT": books["CARNET_PORT"]}
    with served(books):
        for second in (books, others):
            assert "address in use" in ended(second)
        assert answers(books["CARNET_PORT"])
    with served(others):  # and the port is free as soon as it ended
        pass


def test_a_port_is_held_by_one_from_the_beginning_and_open_to_its_processes() -> None:
    port = free_port()
    with held("127.0.0.1", port) as address:
        for host in ("127.0.0.1", "0.0.0.0", "localhost"):
            with pytest.raises(AddressUnusable, match="address in use"), held(host, port):
                pass
        with socket.socket() as own, socket.create_server((address, port), reuse_port=True) as other:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            own.bind((address, port))
            with socket.create_connection((address, port)):
                other.accept()[0].close()
    with held("127.0.0.1", port):  # though its connections linger
        pass


@pytest.mark.parametrize(
    ("host", "address"),
    [("localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("::1", "::1"), ("::", "::")],
)
def test_a_host_is_a_name_or_an_address(host: str, address: str) -> None:
    if ":" in host and not socket.has_ipv6:
        return
    with held(host, free_port()) as found:
        assert found == address


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host", "x" * 300])
def test_an_address_of_no_machine_here_is_told(host: str) -> None:
    with pytest.raises(AddressUnusable, match="is no address of this machine"), held(host, free_port()):
        pass


# The copy


def copied(books: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a server of a copy, made while the books are served."""
    there = sqlite_terminal(folder)
    here = replace(there, environment=books)
    folder.mkdir()
    here.run("backup", folder / "backup.db")
    there.run("restore", folder / "backup.db")
    database = there.environment["CARNET_DATABASE"]
    return {"CARNET_DATABASE": database, "CARNET_PORT": str(free_port()), "CARNET_PEPPER": PEPPER}


def test_a_copy_of_served_books_is_refused_until_that_server_has_ended(
    books: dict[str, str], tmp_path: Path
) -> None:
    with served(books):
        copy = copied(books, tmp_path / "copy")
        told = ended(copy)
        assert f"port {books['CARNET_PORT']}" in told
        assert "copy of books that are being served" in told
    with served(copy):
        pass


def test_a_copy_may_be_served_for_a_trial(books: dict[str, str], tmp_path: Path) -> None:
    with served(books):
        copy = copied(books, tmp_path / "copy")
        with served(copy, "--copy"):
            assert answers(books["CARNET_PORT"])


@pytest.mark.extended
def test_a_copy_is_noticed_while_any_process_of_that_server_is_left(
    books: dict[str, str], tmp_path: Path
) -> None:
    with served(books) as process:
        copy = copied(books, tmp_path / "copy")
        file = Settings.read(books).ledger_file
        assert file is not None
        os.kill(process.pid, signal.SIGSTOP)  # it does nothing any more, and holds what it held
        assert is_served(file)
        assert "being served" in ended(copy)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        wait_for(lambda: not is_served(file))
    with served(copy), served(books):  # a crash leaves its record, which is no server
        pass


def test_books_that_are_served_are_not_restored_over(books: dict[str, str], tmp_path: Path) -> None:
    here = replace(sqlite_terminal(tmp_path), environment=books)
    here.run("backup", tmp_path / "backup.db")
    with served(books):
        assert "stop the server" in here.run("restore", tmp_path / "backup.db", "--force", status=1).stderr
    here.run("restore", tmp_path / "backup.db", "--force")


def test_several_servers_of_the_same_books_are_no_copies_and_leave_no_record(books: dict[str, str]) -> None:
    first, second = (Settings.read({**books, "CARNET_PORT": str(port)}) for port in (1, 2))
    with registered(first), registered(second), closing(store_at(books["CARNET_DATABASE"])) as store:
        assert len(store.servers()) == 2
    with closing(store_at(books["CARNET_DATABASE"])) as store:
        assert list(store.servers()) == []


def test_moved_and_renamed_books_are_the_same_books(books: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.read(books)
    assert settings.ledger_file is not None
    with closing(store_at(settings.database)) as store:
        store.add_server(RunningServer("srv_1", store.place(), "crashed", 1), [])
    moved = tmp_path / "moved.db"
    shutil.move(settings.ledger_file, moved)

    with registered(replace(settings, database=f"sqlite:///{moved}")):
        pass
    with closing(store_at(f"sqlite:///{moved}")) as store:
        assert list(store.servers()) == []


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest, books: dict[str, str]) -> Settings:
    if request.param == "sqlite":
        return Settings.read(books)
    return Settings.read({**books, "CARNET_DATABASE": request.getfixturevalue("postgres_url")})


@pytest.mark.extended
def test_a_copy_of_books_out_of_sight_is_told_once(
    either: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(store_at(either.database)) as store:
        number, _, rest = store.place().replace("/", " ", 1).partition(" ")
        elsewhere = f"{int(number) + 1}/{rest}" if "postgres" in either.database else f"1 elsewhere {rest}"
        store.add_server(RunningServer("srv_1", elsewhere, "0.0.0.0, port 1, on elsewhere", 1), [])
    monkeypatch.setattr("api.server.registration.log", logging.getLogger("tests.registration"))

    with registered(either):
        pass
    (warned,) = caplog.messages
    assert "port 1, on elsewhere" in warned
    caplog.clear()
    with registered(either):
        pass
    assert caplog.messages == []


@pytest.mark.extended
def test_a_copy_in_another_database_of_the_same_server_is_refused_while_the_first_is_served(
    postgres_server: PostgresServer, postgres_template: str, postgres_url: str, books: dict[str, str]
) -> None:
    name = f"{postgres_template}_copy"
    original, copy = (
        Settings.read({**books, "CARNET_DATABASE": url})
        for url in (postgres_url, postgres_server.create_database(name, postgres_template))
    )
    try:
        with closing(store_at(copy.database)) as copied:
            with registered(original), closing(store_at(original.database)) as serving:
                copied.add_server(serving.servers()[0], [])
                with pytest.raises(CopyServed), registered(copy):
                    pass
            assert copied.whereabouts(copied.servers()[0].place) is not Whereabouts.HERE
        with registered(copy):
            pass
    finally:
        postgres_server.drop_database(name)
