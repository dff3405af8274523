"""A damaged file of read tables is set aside and built anew; a ledger never is."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from domain.ledger.embedded import sqlite
from projections.engine.tables import ReadTables, ViewsDamaged
from projections.engine.views_file import NotReadTables, were_set_aside
from projections.models.registry import READ_MODELS
from tests.api.desk import Desk, house_at


@pytest.fixture
def views(tmp_path: Path) -> ReadTables:
    sqlite.migrate(tmp_path / "carnet.db")
    return ReadTables(tmp_path / "views.db", READ_MODELS)


@pytest.fixture
def desk(tmp_path: Path, views: ReadTables) -> Iterator[Desk]:
    with house_at(f"sqlite:///{tmp_path}/carnet.db", views) as house:
        yield house.desk()


def path_of(views: ReadTables) -> Path:
    return Path(views.where)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(8_192))


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3_000])


def headless(path: Path) -> None:
    path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:])


def overwritten(path: Path) -> None:
    """Every page but the first: as a disk loses them."""
    whole = path.read_bytes()
    path.write_bytes(whole[:4_096] + b"\xff" * (len(whole) - 4_096))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (name)")


DAMAGES = [garbage, cut_off, headless, overwritten, folder, of_another_program]


def damage(path: Path, how: Callable[[Path], None]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    how(path)


@pytest.mark.parametrize("how", DAMAGES, ids=lambda how: how.__name__)
def test_a_damaged_file_is_set_aside_and_built_anew(
    desk: Desk, views: ReadTables, how: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    anna = desk.customer("Anna")
    assert [each["id"] for each in desk.get("/v1/customers")["data"]] == [anna]
    path = path_of(views)
    views.close()
    damage(path, how)
    views.create()
    (kept,) = were_set_aside(path)
    assert f"kept as {kept}, and built anew" in caplog.text
    assert [each["id"] for each in desk.get("/v1/customers")["data"]] == [anna]
    assert path.is_file()


def test_an_empty_file_is_filled(desk: Desk, views: ReadTables) -> None:
    anna = desk.customer("Anna")
    views.close()
    damage(path_of(views), emptied)
    views.create()
    assert were_set_aside(path_of(views)) == []
    assert [each["id"] for each in desk.get("/v1/customers")["data"]] == [anna]


@pytest.mark.parametrize("how", [garbage, headless, overwritten], ids=lambda how: how.__name__)
def test_damage_that_shows_while_running_begins_a_rebuild(
    desk: Desk, views: ReadTables, how: Callable[[Path], None]
) -> None:
    anna = desk.customer("Anna")
    desk.get("/v1/customers")
    damage(path_of(views), how)
    views.engine.dispose()  # what was read before lies in memory
    answer = desk.ask("/v1/customers")
    assert (answer.status_code, answer.json()["code"]) == (503, "projection-lagging")
    assert answer.headers["Retry-After"]
    assert [each["id"] for each in desk.get("/v1/customers")["data"]] == [anna]
    assert len(were_set_aside(path_of(views))) == 1


def test_of_two_that_meet_the_damage_one_sets_the_file_aside(desk: Desk, views: ReadTables) -> None:
    anna = desk.customer("Anna")
    desk.get("/v1/customers")
    other = ReadTables(views.where, list(views.projections.values()))
    damage(path_of(views), overwritten)
    views.engine.dispose()
    with pytest.raises(ViewsDamaged), views.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM checkpoints").all()
    assert [each["id"] for each in desk.get("/v1/customers")["data"]] == [anna]
    with other.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM checkpoints").scalar()
    other.close()
    assert len(were_set_aside(path_of(views))) == 1


def test_connections_to_a_file_that_was_set_aside_are_not_used_again(desk: Desk, views: ReadTables) -> None:
    desk.customer("Anna")
    desk.get("/v1/customers")
    other = ReadTables(views.where, list(views.projections.values()))
    with other.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM checkpoints").scalar()
    views.close()
    damage(path_of(views), garbage)
    views.create()
    with other.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM checkpoints").scalar() == 0
    other.close()


@pytest.mark.parametrize("how", [None, cut_off, overwritten], ids=["sound", "cut_off", "overwritten"])
def test_a_ledger_is_never_set_aside(tmp_path: Path, how: Callable[[Path], None] | None) -> None:
    ledger = tmp_path / "other.db"
    sqlite.migrate(ledger)
    if how is not None:
        damage(ledger, how)
    before = ledger.read_bytes()
    views = ReadTables(ledger, [])
    with pytest.raises(NotReadTables, match="is a ledger: CARNET_VIEWS must name another file"):
        views.create()
    views.close()
    assert ledger.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if "damaged" in path.name) == []
