"""The URL of the database holds a password: no output shows any of it but host and database."""

import logging
from dataclasses import replace
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from litestar.testing import TestClient

from api.server.serve import application
from api.server.settings import Settings
from tests.api.cli.conftest import Terminal

USER = "keeper_of_books"
PASSWORD = "open@sesame%41/with:a#mark"
SECRETS = (USER, PASSWORD, quote(PASSWORD, safe=""), "open@sesame", "sesame", "a#mark", "secret_option")
COMMANDS = (
    ("migrate",),
    ("status",),
    ("verify",),
    ("verify", "--read-models"),
    ("report", "liability"),
    ("history", "pkg_none"),
    ("keys", "list"),
    ("messages",),
    ("erasures",),
    ("tick",),
    ("rebuild", "cards"),
    ("backup", "file.db"),
    ("open", "Salon", "--currency", "EUR", "--time-zone", "UTC"),
    ("serve",),
    ("work",),
)

pytestmark = pytest.mark.usefixtures("whole_log")


def with_secrets(url: str, port: int | None = None) -> str:
    parts = urlsplit(url)
    netloc = f"{USER}:{quote(PASSWORD, safe='')}@{parts.hostname}:{port or parts.port}"
    return urlunsplit(parts._replace(netloc=netloc, query="options=-c%20carnet.hidden%3Dsecret_option"))


@pytest.fixture
def kept(empty_postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Books whose URL is full of secrets."""
    with psycopg.connect(empty_postgres_url, autocommit=True) as admin:
        if admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [USER]).fetchone() is None:
            admin.execute(f"CREATE ROLE {USER} LOGIN SUPERUSER".encode())
    named = {"CARNET_PEPPER": "0123456789abcdef" * 4, "CARNET_PORT": "1"}
    folder = tmp_path_factory.mktemp("erasures")
    made = Terminal(
        {"CARNET_DATABASE": with_secrets(empty_postgres_url), "CARNET_ERASURES": f"{folder}/journal", **named}
    )
    made.run("migrate")
    made.open_business()
    return made


def shows_nothing(output: str) -> None:
    assert [secret for secret in SECRETS if secret in output] == []


def test_no_command_shows_the_url(
    kept: Terminal, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for command in COMMANDS[:-2]:
        shows_nothing(kept.run(*command, status=-1).output)
    out, err = capfd.readouterr()
    shows_nothing(out + err + caplog.text)


def test_no_error_of_a_command_shows_the_url(
    kept: Terminal, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = kept.environment["CARNET_DATABASE"]
    unreachable = replace(kept, environment={**kept.environment, "CARNET_DATABASE": with_secrets(url, 1)})
    for command in COMMANDS:
        found = unreachable.run(*command, status=-1)
        assert found.exit_code, command
        shows_nothing(found.output)
    out, err = capfd.readouterr()
    shows_nothing(out + err + caplog.text)


def test_the_server_shows_nothing_of_the_url(
    kept: Terminal, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = Settings.read({**kept.environment, "CARNET_LOG": "debug"})
    shows_nothing(repr(settings))
    with TestClient(application(settings)) as client:
        for path in ("/livez", "/readyz", "/v1/business", "/v1/packages", "/metrics"):
            shows_nothing(client.get(path).text)
    out, err = capfd.readouterr()
    shows_nothing(out + err + caplog.text)


@pytest.mark.parametrize(
    "wrong", ["?sslmode=open_sesame", "?open_sesame=1", ":open_sesame/x", "?host=a&host"]
)
def test_a_url_that_cannot_be_read_is_not_shown(wrong: str) -> None:
    given = {"CARNET_DATABASE": f"postgresql://{USER}@localhost{wrong}"}
    found = Terminal(given).run("status", status=-1)
    assert found.exit_code in (1, 2)
    assert "Traceback" not in found.output
    shows_nothing(found.output.replace(PASSWORD, ""))
    assert "open_sesame" not in found.output
