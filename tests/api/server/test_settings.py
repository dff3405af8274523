"""Settings are read once, and refused with the variable's name and what it may be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.server.settings import Settings, WrongSetting
from tests.api.peppers import pepper_of

PEPPER = "0123456789abcdef0123456789abcdef"


def test_without_any_setting_the_books_lie_in_the_users_data_folder(tmp_path: Path) -> None:
    settings = Settings.read({"XDG_DATA_HOME": str(tmp_path)})
    assert settings.database == f"sqlite:///{tmp_path}/carnet/carnet.db"
    assert settings.views == f"{tmp_path}/carnet/carnet.db-views"
    assert (settings.host, settings.port, settings.runner, settings.processes) == ("127.0.0.1", 8000, True, 1)


def test_on_postgres_the_read_models_have_a_schema_of_their_own() -> None:
    settings = Settings.read({"CARNET_DATABASE": "postgresql://here/books", "CARNET_PEPPER": PEPPER})
    assert settings.views == "carnet_views"
    assert settings.ledger_file is None
    assert pepper_of(settings) == PEPPER.encode()


def test_without_a_pepper_one_is_made_and_kept(tmp_path: Path) -> None:
    environment = {"CARNET_DATABASE": "postgresql://here/books", "XDG_DATA_HOME": str(tmp_path)}
    made = pepper_of(Settings.read(environment))
    assert len(made) >= 32
    assert pepper_of(Settings.read(environment)) == made
    assert (tmp_path / "carnet" / "pepper").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"CARNET_DATABSE": "x"}, "CARNET_DATABSE is not a setting"),
        ({"CARNET_DATABASE": "mysql://x"}, "CARNET_DATABASE must begin with"),
        ({"CARNET_DATABASE": "sqlite:///"}, "CARNET_DATABASE must begin with"),
        ({"CARNET_PEPPER": "short"}, "CARNET_PEPPER must have at least 16 bytes"),
        ({"CARNET_PEPPER": "  0123456789abcde\n"}, "at least 16 bytes"),
        ({"CARNET_PEPPER": ""}, "at least 16 bytes"),
        ({"CARNET_PEPPER_PREVIOUS": "short"}, "CARNET_PEPPER_PREVIOUS must have at least 16 bytes"),
        ({"CARNET_PEPPER": "a" * 64}, "8 of them different"),
        ({"CARNET_PORT": "0"}, "CARNET_PORT must be a whole number from 1 to 65535"),
        ({"CARNET_PORT": "80a"}, "CARNET_PORT must be"),
        ({"CARNET_POOL": "101"}, "CARNET_POOL must be a whole number from 1 to 100"),
        ({"CARNET_PROCESSES": "-1"}, "CARNET_PROCESSES must be"),
        ({"CARNET_RATE": "1.5"}, "CARNET_RATE must be"),
        ({"CARNET_IDLE_S": "0"}, "CARNET_IDLE_S must be a whole number from 1 to 3600"),
        ({"CARNET_CONNECTIONS": "15"}, "CARNET_CONNECTIONS must be a whole number from 16"),
        ({"CARNET_CONNECTIONS_PER_ADDRESS": "0"}, "CARNET_CONNECTIONS_PER_ADDRESS must be"),
        ({"CARNET_TRUSTED_PROXIES": "10.0.0.1/8"}, "CARNET_TRUSTED_PROXIES must be addresses and networks"),
        ({"CARNET_TRUSTED_PROXIES": "::1, proxy"}, "CARNET_TRUSTED_PROXIES must be addresses and networks"),
        ({"CARNET_RUNNER": "yes"}, "CARNET_RUNNER must be one of on, off"),
        ({"CARNET_LOG": "loud"}, "CARNET_LOG must be one of"),
        (
            {"CARNET_DATABASE": "sqlite:///a.db", "CARNET_VIEWS": "postgresql://x"},
            "CARNET_VIEWS must be a file",
        ),
        ({"CARNET_DATABASE": "sqlite:///a.db", "CARNET_VIEWS": "a.db"}, "CARNET_VIEWS must be another file"),
        (
            {"CARNET_DATABASE": "sqlite:///a.db", "CARNET_VIEWS": "x/../a.db"},
            "CARNET_VIEWS must be another file",
        ),
        (
            {"CARNET_DATABASE": "postgresql://x", "CARNET_PEPPER": PEPPER, "CARNET_VIEWS": "a b"},
            "CARNET_VIEWS must be a schema",
        ),
        ({"POSTGRES_ENABLE_DB_FUNCTIONS": "y"}, "POSTGRES_ENABLE_DB_FUNCTIONS must not be set"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(environment: dict[str, str], told: str) -> None:
    with pytest.raises(WrongSetting, match=told):
        Settings.read(environment)


def test_what_is_refused_never_tells_the_secret() -> None:
    with pytest.raises(WrongSetting) as refusal:
        Settings.read({"CARNET_PEPPER": "hunter2"})
    assert "hunter2" not in str(refusal.value)


def test_the_pepper_of_an_embedded_database_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings.read({"CARNET_DATABASE": f"sqlite:///{tmp_path}/books/a.db"})
    first = pepper_of(settings)
    assert len(first) >= 32
    assert pepper_of(settings) == first
    assert (tmp_path / "books" / "a.db-pepper").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "books").iterdir()] == ["a.db-pepper"]


def test_a_pepper_that_others_can_read_is_told_and_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.read({"CARNET_DATABASE": f"sqlite:///{tmp_path}/a.db"})
    made = pepper_of(settings)
    (tmp_path / "a.db-pepper").chmod(0o644)
    assert [pepper_of(settings), pepper_of(settings)] == [made, made]
    assert caplog.text.count(f"chmod 600 {tmp_path}/a.db-pepper") == 1


def test_a_pepper_that_others_can_replace_is_refused(tmp_path: Path) -> None:
    settings = Settings.read({"CARNET_DATABASE": f"sqlite:///{tmp_path}/a.db"})
    pepper_of(settings)
    (tmp_path / "a.db-pepper").chmod(0o622)
    with pytest.raises(WrongSetting, match="chmod 600"):
        pepper_of(settings)


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ("", ()),
        ("*", ("*",)),
        ("https://till.example", ("https://till.example",)),
        (
            " https://till.example , http://localhost:5173,",
            ("https://till.example", "http://localhost:5173"),
        ),
        ("http://[::1]:8080", ("http://[::1]:8080",)),
    ],
)
def test_origins_are_listed_with_commas(given: str, origins: tuple[str, ...]) -> None:
    assert Settings.read({"CARNET_CORS_ORIGINS": given}).cors_origins == origins


@pytest.mark.parametrize(
    "given",
    ["till.example", "https://till.example/", "https://Till.example", "null", "https://*.example", "a, b"],
)
def test_what_no_browser_sends_as_an_origin_is_refused(given: str) -> None:
    with pytest.raises(WrongSetting, match="CARNET_CORS_ORIGINS must be origins"):
        Settings.read({"CARNET_CORS_ORIGINS": given})


def test_a_mail_server_needs_an_address_to_send_from() -> None:
    with pytest.raises(WrongSetting, match="CARNET_MAIL_FROM must be"):
        Settings.read({"CARNET_SMTP_URL": "smtp://mail.example.org"})
    with pytest.raises(WrongSetting, match="CARNET_MAIL_FROM must be an e-mail address"):
        Settings.read({"CARNET_SMTP_URL": "smtp://mail.example.org", "CARNET_MAIL_FROM": "Szalon"})


def test_messages_may_go_without_a_mail_server() -> None:
    assert Settings.read({}).mail is None
    assert Settings.read({"CARNET_SMTP_URL": "none"}).mail == "none"


def test_the_password_of_a_mail_server_is_never_shown() -> None:
    with pytest.raises(WrongSetting) as refused:
        Settings.read({"CARNET_SMTP_URL": "http://a:geheim@example.org", "CARNET_MAIL_FROM": "a@example.org"})
    assert "geheim" not in str(refused.value)
    settings = Settings.read(
        {"CARNET_SMTP_URL": "smtps://a:geheim@example.org", "CARNET_MAIL_FROM": "a@example.org"}
    )
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to], ids=["symbolic", "hard"])
def test_a_link_to_the_books_is_no_place_for_read_models(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    books = tmp_path / "a.db"
    books.touch()
    link(tmp_path / "views.db", books)
    environment = {"CARNET_DATABASE": f"sqlite:///{books}", "CARNET_VIEWS": str(tmp_path / "views.db")}
    with pytest.raises(WrongSetting, match="must be another file"):
        Settings.read(environment)


@pytest.mark.parametrize("views", ["a.db", "./a.db", "below/../a.db", "{folder}/./a.db"])
def test_the_books_by_another_way_are_no_place_for_read_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, views: str
) -> None:
    (tmp_path / "a.db").touch()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path)
    named = {"CARNET_DATABASE": f"sqlite:///{tmp_path}/a.db", "CARNET_VIEWS": views.format(folder=tmp_path)}
    with pytest.raises(WrongSetting, match="must be another file"):
        Settings.read(named)


@pytest.mark.parametrize(
    ("password", "character"),
    [
        ("pa@ss", "%40"),
        ("pa/ss", "%2F"),
        ("pa%ss", "%25"),
        ("pa#ss", "%23"),
        ("pa?ss", "%3F"),
        ("a@/b", "%2F"),
    ],
)
def test_a_password_that_is_not_encoded_is_told_without_a_letter_of_it(password: str, character: str) -> None:
    environment = {"CARNET_DATABASE": f"postgresql://anna:{password}@db.example:5432/books"}
    with pytest.raises(WrongSetting, match=character) as refused:
        Settings.read(environment)
    for secret in ("pa", "ss", "anna", "a@"):
        assert secret not in str(refused.value).removeprefix("CARNET_DATABASE cannot be read: ").replace(
            "password", ""
        )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://anna:pa%40ss%2F%25@db.example/books",
        "postgresql:///books?host=/run/postgresql&user=anna@example",
        "postgresql://one:5432,two:5433/books?target_session_attrs=read-write",
        "postgresql://anna@[::1]:5432/books",
    ],
)
def test_what_the_driver_reads_is_taken_as_it_is(url: str) -> None:
    settings = Settings.read({"CARNET_DATABASE": url, "CARNET_PEPPER": PEPPER})
    assert settings.database == url


@pytest.mark.parametrize("service", ["CARNET", "CARNET_BOOKS"])
def test_what_kubernetes_makes_for_a_service_of_our_name_is_ignored(service: str) -> None:
    made = {
        f"{service}_SERVICE_HOST": "10.0.0.1",
        f"{service}_SERVICE_PORT": "8000",
        f"{service}_SERVICE_PORT_HTTP": "8000",
        f"{service}_SERVICE_PORT_HTTP_ALT": "8001",
        f"{service}_PORT": "tcp://10.0.0.1:8000",
        f"{service}_PORT_8000_TCP": "tcp://10.0.0.1:8000",
        f"{service}_PORT_8000_TCP_PROTO": "tcp",
        f"{service}_PORT_8000_TCP_PORT": "8000",
        f"{service}_PORT_8000_TCP_ADDR": "10.0.0.1",
        f"{service}_PORT_53_UDP": "udp://10.0.0.1:53",
        f"{service}_PORT_132_SCTP_ADDR": "fd00::1",
    }
    assert Settings.read({**made, "CARNET_DATABASE": "sqlite:///a.db"}).port == 8000


@pytest.mark.parametrize("name", ["CARNET_PROT", "CARNET_SMTP_PORT", "CARNET_PORT_TCP", "CARNET_SERVICE"])
def test_what_kubernetes_would_not_make_is_refused(name: str) -> None:
    with pytest.raises(WrongSetting, match=name):
        Settings.read({name: "25"})


def test_both_names_of_the_protocol_of_postgresql_are_read() -> None:
    read = [Settings.read({"CARNET_DATABASE": f"{name}://u@h/books"}) for name in ("postgres", "postgresql")]
    assert read[0] == read[1]
