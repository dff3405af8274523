"""Connections: the same answers whatever a role, a database, the environment or the URL set otherwise."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from domain.ledger.errors import LedgerUnavailable, WrongSchema
from domain.ledger.postgres.migrations import migrate
from domain.ledger.postgres.store import PostgresStore
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from replay.proof.mend import mend
from replay.proof.prove import Proof
from tests.api.desk import house_at
from tests.domain.ledger.postgres.poolers import SessionPool, TransactionPool
from tests.postgres import PostgresServer, find_binaries

HOSTILE = {
    "client_encoding": "SQL_ASCII",
    "row_security": "off",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "DateStyle": "German",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Asia/Tokyo",
    "statement_timeout": "1ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "1ms",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "search_path": "nowhere",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "gin_fuzzy_search_limit": "1",
    "jit": "on",
    "jit_above_cost": "0",
    "synchronous_commit": "off",
}
ENVIRONMENT = {
    "PGCLIENTENCODING": "WIN1252",
    "PGDATESTYLE": "German",
    "PGTZ": "Asia/Tokyo",
    "PGOPTIONS": "-c row_security=off -c statement_timeout=1 -c search_path=nowhere -c synchronous_commit=off",
}
NAME = "Zoë 😀 Kovács"


def answers_rightly(url: str) -> None:
    """A name with an emoji is stored, read, listed and found, by one business at a time; nothing is to be repaired."""
    migrate(url)
    with house_at(url, ReadTables(url, READ_MODELS)) as house:
        desk = house.desk()
        customer = desk.do("/v1/customers", {"name": NAME})
        listed = desk.get("/v1/customers")
        assert [each["name"] for each in listed["data"]] == [NAME]
        assert [each["id"] for each in desk.get("/v1/customers?query=kov")["data"]] == [customer["id"]]
        assert desk.get("/v1/packages")["data"] == []
        with desk.carnet.store.mending(desk.business_id) as mending:
            assert list(mend(mending, Proof(mending, None))) == []


def settings_of(url: str, *names: str) -> list[str]:
    with closing(PostgresStore(url)) as store, store.connection() as connection:
        return [str(connection.execute(f"SHOW {name}".encode()).fetchone()) for name in names]


@pytest.fixture
def login(empty_postgres_url: str) -> str:
    """The URL of a new superuser of a fresh database."""
    name = f"login_{secrets.token_hex(4)}"
    with psycopg.connect(empty_postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN SUPERUSER".encode())
    parts = urlsplit(empty_postgres_url)
    return urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))


@pytest.mark.parametrize("where", ["ROLE", "DATABASE"])
def test_what_a_role_or_a_database_sets_changes_nothing(
    login: str, empty_postgres_url: str, where: str
) -> None:
    parts = urlsplit(login)
    name = parts.username if where == "ROLE" else parts.path[1:]
    assert name
    with psycopg.connect(empty_postgres_url, autocommit=True) as admin:
        (version,) = admin.execute("SHOW server_version_num").fetchone() or ("0",)
        more = {"transaction_timeout": "100ms"} if int(version) >= 170000 else {}
        for setting, value in {**HOSTILE, **more}.items():
            alter = sql.SQL(f"ALTER {where} {{}} SET {setting} = {{}}")
            admin.execute(alter.format(sql.Identifier(name), value))
    answers_rightly(login)
    shown = settings_of(login, "synchronous_commit", "jit", "TimeZone", "idle_session_timeout")
    assert shown == ["('on',)", "('off',)", "('UTC',)", "('0',)"]


def test_what_the_environment_sets_changes_nothing(
    empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    answers_rightly(empty_postgres_url)
    shown = settings_of(empty_postgres_url, "client_encoding", "DateStyle", "TimeZone", "synchronous_commit")
    assert shown == ["('UTF8',)", "('ISO, DMY',)", "('UTC',)", "('on',)"]


@pytest.mark.parametrize(
    ("set_to", "kept"),
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("remote_apply", "remote_apply")],
)
def test_what_is_acknowledged_is_flushed_at_least(postgres_url: str, set_to: str, kept: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        name = urlsplit(postgres_url).path[1:]
        admin.execute(f"ALTER DATABASE {name} SET synchronous_commit = {set_to}".encode())
    assert settings_of(postgres_url, "synchronous_commit") == [f"('{kept}',)"]


def test_options_of_the_url_are_kept_where_they_are_not_ours(postgres_url: str) -> None:
    url = f"{postgres_url}?options=-c%20geqo%3Doff%20-c%20jit%3Don"
    assert settings_of(url, "geqo", "jit") == ["('off',)", "('off',)"]


@pytest.fixture(scope="module")
def reachable() -> Iterator[tuple[PostgresServer, str]]:
    """A server of its own on IPv4, IPv6 and a socket, and the folder of the socket."""
    with PostgresServer(binaries=find_binaries(), settings={"listen_addresses": "127.0.0.1,::1"}) as server:
        server.create_database("books")
        with psycopg.connect(server.url()) as admin:
            (folder,) = admin.execute("SHOW unix_socket_directories").fetchone() or ("",)
        yield server, folder


@pytest.mark.parametrize(
    "form",
    [
        "postgresql://postgres@127.0.0.1:1,127.0.0.1:{port}/books?target_session_attrs=read-write",
        "postgresql://postgres@/books?host={folder}&port={port}",
        "postgresql://postgres@{encoded}:{port}/books",
        "postgresql://postgres@[::1]:{port}/books",
        "postgresql://postgres@localhost:{port}/books?sslmode=prefer&sslrootcert=%2Fno%2Fsuch%20file",
        "postgresql://postgres@127.0.0.1:{port}/b%6Foks",
        "postgresql:///?service=salon",
    ],
)
def test_every_form_of_a_url_is_read_the_same_by_all(
    reachable: tuple[PostgresServer, str], form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, folder = reachable
    if "::1" in form and not socket.has_ipv6:
        form = form.replace("[::1]", "127.0.0.1")
    services = tmp_path / "services"
    services.write_text(f"[salon]\nhost=127.0.0.1\nport={server.port}\nuser=postgres\ndbname=books\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    answers_rightly(form.format(port=server.port, folder=folder, encoded=folder.replace("/", "%2F")))


def behind(url: str, port: int) -> str:
    return urlunsplit(urlsplit(url)._replace(netloc=f"postgres@127.0.0.1:{port}"))


@pytest.mark.parametrize("sessions", [1, 2, 3], ids=["one", "two in turn", "three in turn"])
def test_a_pooler_that_shares_sessions_is_refused_in_words(postgres_url: str, sessions: int) -> None:
    with closing(TransactionPool(postgres_url, sessions)) as pool:
        pooled = behind(postgres_url, pool.port)
        with pytest.raises(WrongSchema, match="a pooler stands between"):
            PostgresStore(pooled)
        with pytest.raises(WrongSchema, match="a pooler stands between"):
            migrate(pooled)


def test_a_pooler_that_refuses_the_settings_of_a_session_is_told_in_words(postgres_url: str) -> None:
    pool = SessionPool(postgres_url, ignores_options=False)
    with closing(pool), pytest.raises(WrongSchema, match="ignore_startup_parameters = options"):
        PostgresStore(behind(postgres_url, pool.port))


def test_a_pooler_that_keeps_sessions_and_drops_their_settings_serves(empty_postgres_url: str) -> None:
    with closing(SessionPool(empty_postgres_url, ignores_options=True)) as pool:
        pooled = behind(empty_postgres_url, pool.port)
        answers_rightly(pooled)
        shown = settings_of(pooled, "jit", "search_path", "statement_timeout", "idle_session_timeout")
    assert shown == ["('off',)", "('carnet,pg_temp',)", "('2700ms',)", "('0',)"]


@pytest.mark.parametrize("part", ["user", "password", "file"])
def test_an_error_shows_nothing_of_the_url_but_host_and_database(postgres_url: str, part: str) -> None:
    parts = urlsplit(postgres_url)
    netloc = f"%6Eobody-known:p%40%25%2F%3A%23ss@{parts.netloc.rpartition('@')[2]}"
    query = {"file": "sslmode=verify-full&sslrootcert=/nowhere/root-of-trust.pem"}.get(part, "")
    with pytest.raises(LedgerUnavailable) as found:
        PostgresStore(urlunsplit(parts._replace(netloc=netloc, query=query)))
    for secret in ("nobody-known", "p@%/:#ss", "p%40", "root-of-trust"):
        assert secret not in str(found.value)
