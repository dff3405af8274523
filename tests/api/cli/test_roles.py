"""Logins with the documented roles of PostgreSQL, on each version that is there: every command works, or tells in one
line which role it needs."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from secrets import token_hex
from threading import Event, Thread

import psycopg
import pytest
from litestar.testing import TestClient

from api.server.installation import opened
from api.server.runner_process import work
from api.server.serve import application
from api.server.settings import Settings
from domain.ledger.erasure_journal import ErasureJournal, JournalEntry
from projections.engine.freshness import FreshReads
from tests.api.cli.conftest import Terminal
from tests.api.cli.world import ledger_of
from tests.bench.server import free_port
from tests.postgres import PostgresServer, find_binaries, system_binaries

PASSWORD = "tests"
LOGINS = {
    "app": "IN ROLE carnet_app",
    "worker": "IN ROLE carnet_worker",
    "joint": "IN ROLE carnet_app, carnet_worker",
    "apart": "NOINHERIT IN ROLE carnet_app, carnet_worker",
    "auditor": "IN ROLE carnet_auditor",
    "dumps": "IN ROLE carnet_backup",
    "nobody": "",
}


@dataclass(frozen=True)
class Place:
    """A server on which nobody but an ordinary user has migrated, and books with a few sales in them."""

    server: PostgresServer
    terminal: Terminal
    business_id: str
    package_id: str

    def login(self, name: str) -> Terminal:
        return replace(
            self.terminal, environment={**self.terminal.environment, "CARNET_DATABASE": self.url(name)}
        )

    def url(self, user: str, database: str = "books") -> str:
        return url_of(self.server, user, database)


def url_of(server: PostgresServer, user: str, database: str) -> str:
    return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{server.port}/{database}"


def as_superuser(server: PostgresServer, *statements: str, database: str = "postgres") -> None:
    with psycopg.connect(server.url(database), autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement.encode())


def give_database(server: PostgresServer, user: str, database: str) -> None:
    """To an ordinary user who may make roles, and is no superuser."""
    as_superuser(
        server,
        f"CREATE ROLE {user} LOGIN CREATEROLE PASSWORD '{PASSWORD}'",
        f"CREATE DATABASE {database} TEMPLATE template0 OWNER {user}",
    )


VERSIONS = ("usual", "system")


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Place]]:
    """One place for each version that is asked for, on a server of its own, on which there are no roles of ours."""
    with ExitStack() as servers:

        @cache
        def place(version: str) -> Place:
            binaries = find_binaries() if version == "usual" else system_binaries() or find_binaries()
            server = servers.enter_context(PostgresServer(binaries=binaries))
            return furnished(server, tmp_path_factory.mktemp("erasures") / "journal")

        yield place


@pytest.fixture(params=VERSIONS)
def place(request: pytest.FixtureRequest, places: Callable[[str], Place]) -> Place:
    """That of each version that is there."""
    return places(request.param)


def furnished(server: PostgresServer, erasures: Path) -> Place:
    give_database(server, "founder", "books")
    as_superuser(server, "CREATE ROLE carnet_backup NOLOGIN BYPASSRLS")
    environment = {
        "CARNET_DATABASE": url_of(server, "founder", "books"),
        "CARNET_PEPPER": "0123456789abcdef" * 4,
        "CARNET_ERASURES": str(erasures),
        "PYTHONPATH": str(Path.cwd()),
    }
    terminal = Terminal(environment)
    terminal.run("migrate")
    business_id = terminal.open_business()
    terminal.load()
    with ledger_of(terminal, business_id) as (ledger, _):
        (package_id,) = ledger.recorder.streams("package", limit=1)
        customer_id = ledger.recorder.streams("customer")[-1]
    terminal.run("tick")
    journal = ErasureJournal(erasures)
    journal.write(JournalEntry(business_id, customer_id, "erased", 1))
    terminal.run("erasures", "--apply")
    with opened(Settings.read(environment)) as here:
        while here.runner().step():
            pass
    as_superuser(
        server,
        *(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' {rights}" for name, rights in LOGINS.items()),
    )
    return Place(server, terminal, business_id, package_id)


READING = {"app", "joint", "apart", "auditor", "dumps"}
WRITING = {"app", "joint", "apart"}
FOLDING = {"worker", "joint", "apart"}
COMMANDS: dict[str, tuple[tuple[str, ...], set[str], str]] = {
    "status": (("status",), READING, "carnet_app"),
    "verify": (("verify",), READING, "carnet_app"),
    "verify --read-models": (("verify", "--read-models"), READING, "carnet_app"),
    "report": (("report", "liability"), READING, "carnet_app"),
    "history": (("history", "PACKAGE"), READING, "carnet_app"),
    "export": (("export", "customers", "--output", "FILE"), READING, "carnet_app"),
    "erasures": (("erasures",), READING, "carnet_app"),
    "keys": (("keys", "list"), READING, "carnet_app"),
    "messages": (("messages",), READING, "carnet_app"),
    "issue a key": (("keys", "issue", "--role", "staff", "--name", "desk"), WRITING, "carnet_app"),
    "open": (("open", "Second", "--again", "--currency", "EUR", "--time-zone", "UTC"), WRITING, "carnet_app"),
    "tick": (("tick",), WRITING, "carnet_app"),
    "repair": (("repair", "--apply"), set(), "carnet_owner"),
    "rebuild": (("rebuild", "units"), FOLDING, "carnet_worker"),
}


def _cases() -> Iterator[object]:
    """Each login with each command, on each version. All but a third are left to the sweep, and that of the other
    version than the usual one is extended.

    The third has each login and each command on each version, and other pairs of them on the other one.
    """
    for number, version in enumerate(VERSIONS):
        for n, login in enumerate(LOGINS):
            for m, command in enumerate(COMMANDS):
                is_one_of_three = (n + m + number) % 3 == 0
                marks = (
                    (() if number == 0 else pytest.mark.extended) if is_one_of_three else pytest.mark.sweep
                )
                yield pytest.param(version, login, command, marks=marks)


@pytest.mark.parametrize(("place", "login", "command"), [*_cases()], indirect=["place"])
def test_each_command_works_or_names_the_role_it_needs(
    place: Place, tmp_path: Path, login: str, command: str
) -> None:
    words, able, role = COMMANDS[command]
    given = {"PACKAGE": place.package_id, "FILE": str(tmp_path / "customers.csv")}
    business = () if words[0] in ("open", "rebuild", "history") else ("--business", place.business_id)
    arguments = [given.get(word, word) for word in words]
    if words[0] == "history":
        business = ("--business", place.business_id)
    found = place.login(login).run(*arguments, *business, status=-1)
    if login == "nobody" or (role == "carnet_owner" and login not in READING):
        role = "carnet_app"  # what it lacks first
    if login in able:
        assert found.exit_code == 0, found.output
        assert "permission denied" not in found.output
        return
    assert found.exit_code == 1, found.output
    told = [line for line in found.output.splitlines() if "permission denied" in line]
    assert len(told) >= 1, found.output
    assert all(f"needs the role {role}" in line for line in told), told
    assert "Traceback" not in found.output


def test_a_table_that_a_worker_made_belongs_to_the_role(place: Place) -> None:
    for login in ("worker", "apart", "founder"):
        place.login(login).run("rebuild", "offers")
    with psycopg.connect(place.server.url("books")) as admin:
        owners = admin.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'carnet_views'"
        ).fetchall()
    assert owners == [("carnet_worker",)]


def test_a_second_database_of_the_server_is_migrated_by_a_user_of_its_own(place: Place) -> None:
    give_database(place.server, "second", "others")
    other = replace(
        place.terminal,
        environment={**place.terminal.environment, "CARNET_DATABASE": place.url("second", "others")},
    )
    found = other.run("migrate", status=-1)
    if found.exit_code:
        # Since PostgreSQL 16 a role is granted by whoever made it: the text is the statement to run.
        statement = found.output.partition("`")[2].partition("`")[0]
        assert statement == 'GRANT carnet_owner, carnet_worker TO "second"'
        as_superuser(place.server, statement)
        other.run("migrate")
    other.run("migrate")
    other.open_business()
    other.run("status")


def test_a_user_who_may_make_no_roles_migrates_alone(place: Place) -> None:
    as_superuser(
        place.server,
        f"CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'",
        "CREATE DATABASE plain TEMPLATE template0 OWNER plain",
    )
    plain = replace(
        place.terminal,
        environment={**place.terminal.environment, "CARNET_DATABASE": place.url("plain", "plain")},
    )
    plain.run("migrate")
    plain.open_business()
    plain.run("status")
    plain.run("rebuild", "cards")


def test_migrating_what_belongs_to_others_is_refused_in_one_line(place: Place) -> None:
    found = place.login("nobody").run("migrate", status=1)
    assert "may not migrate" in found.output
    assert len(found.output.strip().splitlines()) == 1


@pytest.mark.parametrize("login", ["app", "joint", "apart"])
def test_a_login_that_serves_answers_lists_and_takes_commands(place: Place, login: str) -> None:
    issue = ("keys", "issue", "--role", "owner", "--name", "desk", "--business", place.business_id)
    (key,) = re.findall(r"ck_\S+|\S{40,}", place.terminal.run(*issue).stdout)[-1:]
    environment = {**place.login(login).environment, "CARNET_RUNNER": "off"}
    with TestClient(application(Settings.read(environment))) as desk:
        desk.headers["Authorization"] = f"Bearer {key}"
        for found in ("customers", "packages", "bookings", "offers"):
            listed = desk.get(f"/v1/{found}")
            assert listed.status_code == 200, listed.text
        made = desk.post("/v1/customers", json={"name": "Zoë 😀"}, headers={"Idempotency-Key": token_hex(8)})
        assert made.status_code == 201, made.text
        assert desk.get("/v1/customers").status_code == 200
        assert desk.get("/readyz").status_code == 200


@pytest.mark.parametrize("login", ["app", "apart"])
def test_a_login_that_loads_has_the_ledgers_counted(place: Place, login: str) -> None:
    as_superuser(
        place.server, "DELETE FROM pg_statistic WHERE starelid = 'carnet.facts'::regclass", database="books"
    )
    with opened(Settings.read(place.login(login).environment)) as here:
        here.carnet.store.gather_statistics()
    with psycopg.connect(place.server.url("books")) as admin:
        known = admin.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'facts'").fetchone()
    assert known is not None
    assert known[0] > 1


@pytest.mark.parametrize(
    ("command", "login", "role"),
    [
        ("serve", "app", "carnet_worker"),
        ("serve", "worker", "carnet_app"),
        ("serve", "auditor", "carnet_app"),
        ("serve", "nobody", "carnet_app"),
        ("work", "app", "carnet_worker"),
        ("work", "auditor", "carnet_worker"),
    ],
)
def test_what_cannot_do_its_work_is_not_begun(place: Place, command: str, login: str, role: str) -> None:
    environment = {**place.login(login).environment, "CARNET_PORT": str(free_port())}
    found = replace(place.terminal, environment=environment).run(command, status=1)
    told = [line for line in found.output.splitlines() if "needs the role" in line]
    assert len(told) == 1, found.output
    assert f"needs the role {role}" in told[0]


def test_a_worker_alone_keeps_the_read_models_fresh(place: Place) -> None:
    stopping = Event()
    with opened(Settings.read(place.terminal.environment)) as here:
        place.login("app").run("open", "Third", "--currency", "EUR", "--time-zone", "UTC")
        reads = FreshReads(here.carnet.store, here.views, patience_s=None)
        runner = Thread(target=work, args=(Settings.read(place.login("worker").environment), stopping))
        runner.start()
        try:
            for business_id in here.businesses():
                head = here.carnet.ledger(business_id).recorder.head().position
                assert reads.fresh(business_id, list(here.views.projections)) == head
        finally:
            stopping.set()
            runner.join()
