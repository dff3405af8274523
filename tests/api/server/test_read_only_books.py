"""Books that cannot be written here: read, verified, reported on and served for reading, with nothing beside them."""

import ctypes
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.server.installation import opened
from api.server.settings import Settings
from domain.ledger.embedded import sqlite
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.errors import LedgerDamaged
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests import command_process
from tests.api.desk import PEPPER, Desk, house_at
from tests.api.server.served import served, without_settings

CAPABILITIES_V3 = 0x20080522
OVERRIDE, SEARCH = 1, 2
"""The capabilities of Linux that pass over the rights of files and folders."""


def as_anybody() -> None:
    """Rights are asked even of root from now on: this process gives up the capabilities that pass over them."""
    if os.geteuid() != 0:
        return
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_V3, 0)
    held = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the same of higher numbers
    system = ctypes.CDLL(None, use_errno=True)
    assert system.capget(header, held) == 0, os.strerror(ctypes.get_errno())
    for n in range(3):
        held[n] &= ~(1 << OVERRIDE | 1 << SEARCH)
    assert system.capset(header, held) == 0, os.strerror(ctypes.get_errno())


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    named = {"DATABASE": f"sqlite:///{folder}/carnet.db", **more}
    environment = without_settings() | {f"CARNET_{name}": value for name, value in named.items()}
    return command_process.run(*arguments, environment=environment, before=as_anybody)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder with books in use, and a package in them. Afterwards the folder can be removed."""
    folder = tmp_path / "media"
    folder.mkdir()
    sqlite.migrate(folder / "carnet.db")
    with house_at(f"sqlite:///{folder}/carnet.db", ReadTables(tmp_path / "v.db", READ_MODELS)) as house:
        desk = house.desk()
        package = desk.sell(desk.customer("Anna"), desk.offer(desk.service()))["id"]
    yield folder, package
    folder.chmod(0o755)


def seal(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)


def file_alone(folder: Path) -> None:
    """The file may not be written, and the folder may."""
    (folder / "carnet.db").chmod(0o444)


def backed_up(folder: Path) -> None:
    """A copy as `carnet backup` makes it, in rollback mode."""
    with closing(sqlite3.connect(folder / "carnet.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    seal(folder)


COMMANDS = {
    "verify": ("verify",),
    "verify with read models": ("verify", "--read-models"),
    "status": ("status",),
    "report": ("report", "liability"),
    "rebuild": ("rebuild", "cards"),
    "keys": ("keys", "list"),
}


@pytest.mark.parametrize("how", [seal, file_alone, backed_up], ids=lambda how: how.__name__)
def test_books_that_cannot_be_written_are_read(
    books: tuple[Path, str], how: Callable[[Path], None], tmp_path: Path
) -> None:
    folder, package = books
    how(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    views = {"VIEWS": str(tmp_path / "elsewhere.db"), "PEPPER": PEPPER.decode()}
    export = ("export", "packages", "--output", str(tmp_path / "packages.csv"))
    asked = {**COMMANDS, "history": ("history", package), "export": export}
    wanted = asked if how is seal else {name: asked[name] for name in ("verify", "history")}
    for name, arguments in wanted.items():
        done = run(folder, *arguments, **views)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_without_a_place_for_read_models_a_temporary_one_is_used(books: tuple[Path, str]) -> None:
    folder, _ = books
    seal(folder)
    for arguments in (("status",), ("verify", "--read-models")):
        done = run(folder, *arguments)
        assert done.returncode == 0, done.stderr
        assert "CARNET_VIEWS names one that is kept" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["carnet.db"]


def test_what_would_write_says_why_it_cannot(books: tuple[Path, str]) -> None:
    folder, _ = books
    seal(folder)
    done = run(folder, "open", "Another", "--currency", "EUR", "--time-zone", "Europe/Budapest")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_log_that_cannot_be_read_in_place_is_told_and_not_passed_over(tmp_path: Path) -> None:
    live = tmp_path / "live.db"
    sqlite.migrate(live)
    folder = tmp_path / "media"
    folder.mkdir()
    with closing(SqliteStore(live, idle_s=60)) as store:
        store.open_ledger("biz_1")
        for end in ("", "-wal"):
            shutil.copy(f"{live}{end}", folder / f"carnet.db{end}")
    assert (folder / "carnet.db-wal").stat().st_size
    seal(folder)
    done = run(folder, "verify")
    folder.chmod(0o755)
    assert done.returncode == 1
    assert "has a log beside it that cannot be read in place: copy both files" in done.stderr


def test_books_that_cannot_be_written_are_served_for_reading(tmp_path: Path) -> None:
    with served(tmp_path) as server, server.client() as client:
        key = server.key
        created = client.post("/v1/customers", json={"name": "Anna"}, headers={"Idempotency-Key": "a"})
        assert created.status_code == 201
    for path in tmp_path.glob("carnet.db*"):
        if not path.name.endswith("pepper"):
            path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        with served(tmp_path, key=key, before=as_anybody) as server, server.client() as client:
            assert client.get("/readyz").json()["read_only"] is True
            customers = client.get("/v1/customers")
            assert [each["name"] for each in customers.json()["data"]] == ["Anna"]
            refused = client.post("/v1/customers", json={"name": "Bo"}, headers={"Idempotency-Key": "b"})
            assert (refused.status_code, refused.json()["code"]) == (503, "storage-unavailable")
            assert refused.json()["read_only"] is True
            tried = client.post("/v1/customers?dry_run=true", json={"name": "Bo"})
            assert tried.status_code == 200
    finally:
        tmp_path.chmod(0o755)


# A damaged ledger


@pytest.mark.parametrize("damage", [b"\x00" * 4_096, os.urandom(4_096)], ids=["zeros", "garbage"])
def test_a_damaged_ledger_stops_loudly(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    file.write_bytes(damage + file.read_bytes()[4_096:])
    settings = Settings.read({"CARNET_DATABASE": f"sqlite:///{file}"})
    with pytest.raises(LedgerDamaged, match=r"carnet\.db is damaged .*: `carnet restore`"), opened(settings):
        raise AssertionError("a damaged ledger was opened")
    assert file.exists()


def test_a_ledger_whose_damage_shows_while_it_is_read_is_named(desk_on: Desk) -> None:
    store = desk_on.carnet.store
    assert isinstance(store, SqliteStore)
    path = store._path
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    path.write_bytes(whole[:4_096] + b"\xff" * (len(whole) - 4_096))
    store._file._close_idle()
    with pytest.raises(LedgerDamaged, match="carnet restore"):
        store.keys_of(desk_on.business_id)


@pytest.fixture
def desk_on(tmp_path: Path) -> Iterator[Desk]:
    sqlite.migrate(tmp_path / "carnet.db")
    with house_at(f"sqlite:///{tmp_path}/carnet.db", ReadTables(tmp_path / "v.db", READ_MODELS)) as house:
        yield house.desk()
