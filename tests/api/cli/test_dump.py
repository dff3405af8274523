"""PostgreSQL: a dump as the how-to says, by the role it names, and what a restore in part leaves to mend."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_hex
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from api.http.api_keys import Keys
from api.server.settings import Settings
from tests.api.cli.conftest import Terminal, sqlite_terminal
from tests.api.cli.world import ledger_of
from tests.api.peppers import pepper_of
from tests.domain.ledger.postgres.test_schema import as_login
from tests.postgres import PostgresServer, find_binaries

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "back-up.md"


@pytest.fixture(scope="session")
def filled_database(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The name of a database with books whose read models have caught up, which is copied."""
    name = f"carnet_filled_{token_hex(4)}"
    made = terminal_at(postgres_server.create_database(name, postgres_template))
    made.run("migrate")
    made.open_business()
    made.load()
    made.run("rebuild", "units")
    made.run("verify", "--read-models")
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def loaded(postgres_server: PostgresServer, filled_database: str) -> Iterator[Terminal]:
    """Books on PostgreSQL, with read models that have caught up."""
    name = f"carnet_loaded_{token_hex(4)}"
    yield terminal_at(postgres_server.create_database(name, filled_database))
    postgres_server.drop_database(name)


def terminal_at(url: str) -> Terminal:
    named = {"CARNET_DATABASE": url, "CARNET_PEPPER": "0123456789abcdef" * 4}
    return Terminal({"PYTHONPATH": str(Path.cwd()), **named})


@pytest.fixture
def programs() -> Path:
    """The folder of pg_dump and pg_restore. In CI they must be there."""
    folder = find_binaries()
    if not (folder / "pg_dump").exists():
        assert not os.environ.get("CI"), f"there is no pg_dump in {folder}"
        pytest.skip(f"there is no pg_dump in {folder}: dump and restore were NOT tried")
    return folder


@pytest.fixture
def new_server() -> Iterator[PostgresServer]:
    """Another server, on which nobody ever made a role of ours."""
    with PostgresServer() as server:
        yield server


def documented(program: str, given: Mapping[str, str]) -> list[str]:
    """The command of the page. `given`: how a word of it begins → what stands in its place here."""
    text = PAGE.read_text(encoding="utf-8").replace("\\\n", "")
    command = re.search(rf"^\$ ({program} .+)$", text, re.MULTILINE)
    assert command, f"the page has no {program}"
    found = command[1].split()
    for begins, new in given.items():
        (place,) = [n for n, word in enumerate(found) if word.startswith(begins)]
        found[place] = new
    return found


def run(folder: Path, command: list[str]) -> None:
    done = subprocess.run(
        [str(folder / command[0]), *command[1:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_dump_by_the_documented_role_is_restored_to_a_new_server_and_proved(
    loaded: Terminal, programs: Path, new_server: PostgresServer, tmp_path: Path
) -> None:
    opened = loaded.told("open", "Second", "--currency", "EUR", "--time-zone", "UTC")
    business_id, key = opened["business_id"], opened["key"]
    before = loaded.run("verify").stdout
    login = as_login(loaded.environment["CARNET_DATABASE"], "carnet_backup")
    file = str(tmp_path / "books.dump")
    run(programs, documented("pg_dump", {"--file=": f"--file={file}", "postgresql://nightly": login}))

    url = new_server.create_database("carnet_new")
    roles = re.search(r"```sql\n(CREATE ROLE carnet_owner.*?)```", PAGE.read_text(), re.DOTALL)
    assert roles
    with psycopg.connect(url, autocommit=True) as admin:
        for statement in roles[1].split(";")[:-1]:
            admin.execute(statement.encode())
    command = documented("pg_restore", {"--dbname=": f"--dbname={url}", "books-": file})
    run(programs, command)

    restored = Terminal({**loaded.environment, "CARNET_DATABASE": url})
    assert restored.run("migrate").stdout == "up to date\n"
    assert restored.run("verify").stdout == before
    head = re.search(rf"{business_id}: intact, (\d+) facts, head (\w+)", before)
    assert head
    restored.run("verify", "--business", business_id, "--expect", f"{head[1]}:{head[2]}")
    proved = restored.run("verify", "--read-models").stdout
    assert proved.count(" 0 rows differ") == 2
    restored.run("status")
    with ledger_of(restored, business_id) as (_, store):
        assert Keys(store, pepper_of(Settings.read(restored.environment))).caller(key)


def test_the_role_for_dumps_reads_all_and_writes_nothing(loaded: Terminal) -> None:
    login = as_login(loaded.environment["CARNET_DATABASE"], "carnet_backup")
    with psycopg.connect(login, autocommit=True) as connection:
        connection.execute("SET ROLE carnet_backup")
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('carnet', 'carnet_views')"
        ).fetchall()
        assert len(tables) > 20
        for schema, table in tables:
            name = sql.Identifier(schema, table)
            connection.execute(sql.SQL("SELECT * FROM {}").format(name))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("DELETE FROM {}").format(name))


ANY = -1


@pytest.mark.extended
@pytest.mark.parametrize(
    "damage",
    [
        "DROP SCHEMA carnet_views CASCADE",
        "DROP TABLE {cards}, {units}",
        "DROP TABLE carnet_views.read_tables",
        "DROP TABLE carnet_views.checkpoints",
        "DROP TABLE carnet_views.cohorts",
        "TRUNCATE carnet_views.read_tables",
        "TRUNCATE carnet_views.checkpoints",
        "TRUNCATE carnet_views.cohorts",
        "UPDATE carnet_views.checkpoints SET position = position + 1",
    ],
)
def test_what_a_restore_in_part_left_of_the_read_models_is_told_in_a_line_and_mended(
    loaded: Terminal, damage: LiteralString
) -> None:
    with psycopg.connect(loaded.environment["CARNET_DATABASE"]) as admin:
        live = admin.execute("SELECT projection, physical FROM carnet_views.read_tables").fetchall()
        tables = {projection: sql.Identifier("carnet_views", physical) for projection, physical in live}
        admin.execute(sql.SQL(damage).format(**tables))

    assert "carnet migrate" in loaded.run("status", status=1).stderr
    if not any(
        name in damage for name in ("checkpoints", "cohorts")
    ):  # a read would fill tables anew whose rows are there
        told = loaded.run("verify", "--read-models", status=1).stderr
        assert "carnet migrate" in told
        assert told.count("\n") == 1

    assert "begun anew" in loaded.run("migrate").stdout

    assert " 0 rows differ" in loaded.run("verify", "--read-models").stdout
    loaded.run("status")
    assert loaded.run("migrate").stdout == "up to date\n"
    assert loaded.liability()["packages"] == 171


@pytest.mark.extended
@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE carnet.people CASCADE",
        "DROP FUNCTION carnet.heads()",
        "DROP TYPE carnet.command CASCADE",
        "DROP TABLE carnet.schema_migrations",
        "DROP TABLE carnet.ledgers CASCADE",
    ],
)
def test_a_ledger_that_is_not_whole_is_told_in_a_line(loaded: Terminal, damage: LiteralString) -> None:
    with psycopg.connect(loaded.environment["CARNET_DATABASE"]) as admin:
        admin.execute(damage)

    told = [
        loaded.run(*command, status=ANY)
        for command in (("status",), ("verify", "--read-models"), ("migrate",), ("keys", "list"))
    ]

    assert all("Traceback" not in each.output and each.stderr.count("\n") <= 1 for each in told)
    assert any("Error:" in each.stderr for each in told)


@pytest.mark.extended
def test_books_put_back_by_hand_under_read_models_that_are_ahead_are_told_and_mended(tmp_path: Path) -> None:
    embedded = sqlite_terminal(tmp_path / "books")
    embedded.open_business()
    embedded.run("backup", tmp_path / "early.db")
    embedded.load()
    embedded.run("verify", "--read-models")
    (tmp_path / "early.db").replace(tmp_path / "books" / "ledger.db")

    assert "is ahead of its ledger: `carnet migrate`" in embedded.run("status", status=1).stderr
    assert "begun anew" in embedded.run("migrate").stdout
    assert embedded.liability()["packages"] == 0
    embedded.run("status")
