"""A PostgreSQL that takes connections over TLS alone: every command and every pool checks the certificate."""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import psycopg
import pytest
from litestar.testing import TestClient
from sqlalchemy.exc import OperationalError

from api.cli.main import COMMANDS
from api.server.serve import application
from api.server.settings import Settings
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.postgres.migrations import heads
from domain.ledger.postgres.store import PostgresStore
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.cli.conftest import SAMPLE, Terminal
from tests.certificates import Certificates
from tests.postgres import PostgresServer, find_binaries, system_binaries

ENCRYPTED_ONLY = "hostssl all all all trust\nlocal all all trust\n"
ARGUMENTS = {
    "businesses": (),
    "drop-old": (),
    "erasures": (),
    "export": ("customers", "--output", "FOLDER/customers.csv"),
    "history": ("pkg_none",),
    "import": ("customers", SAMPLE, "--source", "old"),
    "keys": ("list",),
    "load": (SAMPLE,),
    "messages": (),
    "migrate": (),
    "open": ("Salon", "--currency", "EUR", "--time-zone", "UTC"),
    "rebuild": ("cards",),
    "receipt": ("pkg_none",),
    "repair": ("--apply",),
    "report": ("liability",),
    "resume": (),
    "serve": (),
    "status": (),
    "tick": (),
    "verify": (),
    "work": (),
}
NOT_ON_POSTGRESQL = {"backup", "demo", "restore", "soak"}
"""Commands that open no connection to the database of CARNET_DATABASE, or none on PostgreSQL."""


@dataclass(frozen=True)
class Encrypted:
    """A server that refuses what is not encrypted, and the books on it."""

    server: PostgresServer
    certificates: Certificates
    terminal: Terminal

    def url(self, mode: str, authority: Path | None = None, host: str = "localhost") -> str:
        checked = "" if authority is None else f"&sslrootcert={quote(str(authority), safe='')}"
        return f"postgresql://postgres@{host}:{self.server.port}/books?sslmode={mode}{checked}"


def started(server: PostgresServer) -> PostgresServer:
    try:
        server.start()
    except RuntimeError as error:
        server.stop()
        if "SSL is not supported by this build" in str(error):
            pytest.skip("the PostgreSQL of this machine was built without TLS: TLS was NOT tried")
        raise
    return server


@pytest.fixture(scope="module")
def encrypted() -> Iterator[Encrypted]:
    binaries = system_binaries() or find_binaries()
    with TemporaryDirectory(prefix="carnet-tls-") as name:
        folder = Path(name)
        made = Certificates.made(folder)
        (folder / "hba").write_text(ENCRYPTED_ONLY)
        settings = {
            "ssl": "on",
            "ssl_cert_file": str(made.server),
            "ssl_key_file": str(made.server_key),
            "hba_file": str(folder / "hba"),
        }
        with started(PostgresServer(binaries=binaries, settings=settings)) as server:
            server.create_database("books")
            environment = {
                "CARNET_PEPPER": "0123456789abcdef" * 4,
                "CARNET_ERASURES": str(folder / "erasures"),
                "CARNET_PORT": "1",
            }
            place = Encrypted(server, made, Terminal(environment))
            place = replace(place, terminal=at(place, place.url("verify-full", made.authority)))
            place.terminal.run("migrate")
            yield place


def at(place: Encrypted, url: str) -> Terminal:
    return Terminal({**place.terminal.environment, "CARNET_DATABASE": url})


def test_books_are_loaded_served_and_verified_over_tls(encrypted: Encrypted) -> None:
    terminal = encrypted.terminal
    id = terminal.open_business()
    assert terminal.load()["rows"] > 100
    issued = terminal.run("keys", "issue", "--role", "owner", "--name", "desk").stdout
    (key,) = re.findall(r"carnet_live_\S+", issued)
    with TestClient(application(Settings.read({**terminal.environment, "CARNET_RUNNER": "off"}))) as desk:
        desk.headers["Authorization"] = f"Bearer {key}"
        assert len(desk.get("/v1/customers").json()["data"]) > 10
        with psycopg.connect(terminal.environment["CARNET_DATABASE"]) as admin:
            connections = admin.execute(
                "SELECT ssl, count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                " WHERE application_name = 'carnet' GROUP BY ssl"
            ).fetchall()
    ((is_encrypted, several),) = connections
    assert is_encrypted
    assert several >= 2
    assert f"{id}: intact" in terminal.run("verify", "--read-models").stdout


@pytest.mark.parametrize(
    ("mode", "authority", "host", "told"),
    [
        ("verify-full", "stranger", "localhost", "certificate verify failed"),
        ("verify-full", "authority", "127.0.0.1", 'does not match host name "127.0.0.1"'),
        ("verify-full", "nothing", "localhost", "root certificate file (sslrootcert) does not exist"),
        ("disable", None, "localhost", "no encryption"),
    ],
)
def test_every_command_tells_in_one_line_why_it_is_not_connected(
    encrypted: Encrypted, tmp_path: Path, mode: str, authority: str | None, host: str, told: str
) -> None:
    named = (
        None if authority is None else getattr(encrypted.certificates, authority, tmp_path / "nothing.pem")
    )
    terminal = at(encrypted, encrypted.url(mode, named, host))
    assert set(ARGUMENTS) == set(COMMANDS) - NOT_ON_POSTGRESQL
    for command, arguments in ARGUMENTS.items():
        given = [str(argument).replace("FOLDER", str(tmp_path)) for argument in arguments]
        found = terminal.run(command, *given, status=1)
        (line,) = (line for line in found.output.splitlines() if line != "keeping the read models fresh")
        assert line.startswith(f"Error: postgresql://{host}:{encrypted.server.port}/books: "), command
        assert told in line, command


def test_both_pools_and_the_migration_check_the_certificate(encrypted: Encrypted) -> None:
    url = encrypted.url("verify-full", encrypted.certificates.stranger)
    with pytest.raises(LedgerUnavailable, match="certificate verify failed"):
        PostgresStore(url)
    with closing(ReadTables(url, READ_MODELS)) as views, pytest.raises(OperationalError, match="certificate"):
        views.missing()
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        heads(url)
