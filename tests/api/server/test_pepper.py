"""The pepper is held against the books: a wrong, lost or cut one is told at once, and a new one can take its place."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.http.api_keys import Keys
from api.http.problems import Problem
from api.resources.packages.card import VIEWS
from api.server.app import create_app
from api.server.installation import migrate, opened
from api.server.pepper import WrongPepper, peppers_of
from api.server.pepper_file import make_pepper, read_pepper
from api.server.settings import Settings, WrongSetting
from tests.command_process import run

OLD, NEW, OTHER = ("0123456789abcdef" + letter * 16 for letter in "xyz")


@dataclass(frozen=True)
class Books:
    """Migrated books, and the settings of whoever comes to them."""

    environment: Mapping[str, str]

    def settings(self, **named: str) -> Settings:
        return Settings.read({**self.environment, **{f"CARNET_{name}": text for name, text in named.items()}})

    def open(self, **named: str) -> str:
        """The first key of a new business."""
        with opened(self.settings(**named)) as here:
            return here.open_business("Szalon", "EUR", "UTC")[1]

    def lets_in(self, key: str, **named: str) -> bool:
        settings = self.settings(**named)
        with opened(settings) as here:
            peppers = peppers_of(settings, here.carnet.store)
            keys = Keys(here.carnet.store, peppers.current, previous_pepper=peppers.previous)
            try:
                return bool(keys.caller(key))
            except Problem:
                return False


@pytest.fixture(params=["sqlite", "postgres"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Books:
    database = f"sqlite:///{tmp_path}/books/carnet.db"
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_url")
    made = Books({"CARNET_DATABASE": database, "XDG_DATA_HOME": str(tmp_path / "data")})
    migrate(made.settings())
    return made


def test_keys_open_under_the_pepper_they_were_made_under_and_another_is_refused(books: Books) -> None:
    key = books.open(PEPPER=OLD)

    assert books.lets_in(key, PEPPER=OLD)
    assert books.lets_in(key, PEPPER=f" {OLD}\n")
    with pytest.raises(WrongPepper, match="CARNET_PEPPER is not the pepper"):
        books.lets_in(key, PEPPER=OTHER)
    with pytest.raises(WrongPepper):
        books.open(PEPPER=OTHER)


def test_a_pepper_is_replaced_while_the_old_keys_still_open(books: Books) -> None:
    old = books.open(PEPPER=OLD)

    assert books.lets_in(old, PEPPER=NEW, PEPPER_PREVIOUS=OLD)
    new = books.open(PEPPER=NEW, PEPPER_PREVIOUS=OLD)

    assert books.lets_in(old, PEPPER=NEW, PEPPER_PREVIOUS=OLD)
    assert books.lets_in(new, PEPPER=NEW)
    assert not books.lets_in(old, PEPPER=NEW)
    with pytest.raises(WrongPepper, match="was replaced on"):
        books.lets_in(old, PEPPER=OLD)
    with pytest.raises(WrongPepper, match="CARNET_PEPPER_PREVIOUS"):
        books.lets_in(new, PEPPER=NEW, PEPPER_PREVIOUS=OTHER)
    with pytest.raises(WrongPepper):
        books.lets_in(new, PEPPER=OTHER, PEPPER_PREVIOUS=OLD)
    assert books.lets_in(new, PEPPER=OLD, PEPPER_PREVIOUS=NEW)  # and back again


def test_a_missing_pepper_is_made_once_and_never_where_keys_are(books: Books) -> None:
    key = books.open()
    file = books.settings().pepper_file
    assert books.lets_in(key)
    kept = file.rename(file.with_name("kept"))

    with pytest.raises(WrongPepper, match="is missing"):
        books.lets_in(key)
    with pytest.raises(WrongPepper, match="is missing"):
        books.open()

    assert not file.exists()
    kept.rename(file)
    assert books.lets_in(key)


def test_a_server_whose_books_were_exchanged_under_it_is_not_ready(books: Books) -> None:
    settings = books.settings(PEPPER=OTHER)
    with opened(settings, VIEWS) as here:
        app = create_app(here.carnet, here.views, pepper=OTHER.encode())
        with TestClient(app) as client:
            assert client.get("/readyz").json()["ready"] is True
            books.open(PEPPER=OLD)
            answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
    assert "pepper" in answer.json()["detail"]


def test_a_request_for_a_key_is_answered_without_its_secret_after_the_pepper_was_replaced(
    books: Books,
) -> None:
    owner = books.open(PEPPER=OLD)
    body = {"name": "desk", "role": "manager"}
    headers = {"Authorization": f"Bearer {owner}", "Idempotency-Key": "key-1"}

    def issued(pepper: str, previous: str | None = None) -> dict[str, Any]:
        before = None if previous is None else previous.encode()
        with opened(books.settings(PEPPER=OLD), VIEWS) as here:
            app = create_app(here.carnet, here.views, pepper=pepper.encode(), previous_pepper=before)
            with TestClient(app) as client:
                answer = client.post("/v1/keys", json=body, headers=headers)
        assert answer.status_code == 201
        told: dict[str, Any] = answer.json()
        return told

    first = issued(OLD)
    assert issued(NEW, OLD) == first | {"key": None, "secret_shown": False}
    assert books.lets_in(first["key"], PEPPER=NEW, PEPPER_PREVIOUS=OLD)


def test_a_business_is_opened_with_a_key_or_not_at_all(books: Books, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    settings = replace(books.settings(), pepper_file=tmp_path / "a file" / "pepper")

    with opened(settings) as here:
        with pytest.raises(WrongSetting, match="set CARNET_PEPPER"):
            here.open_business("Szalon", "EUR", "UTC")
        assert list(here.carnet.store.heads()) == []
        assert not here.carnet.store.has_keys()


def test_serve_refuses_to_start_with_a_wrong_pepper_in_one_line(books: Books) -> None:
    books.open(PEPPER=OLD)
    others = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    environment = {**others, **books.environment, "CARNET_PEPPER": OTHER}
    ended = run("serve", environment=environment)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "CARNET_PEPPER is not the pepper" in ended.stderr
    assert OTHER not in ended.stderr


# The file


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    return Settings.read({"CARNET_DATABASE": f"sqlite:///{tmp_path}/carnet.db"})


def test_what_an_editor_adds_around_the_pepper_does_not_count(embedded: Settings) -> None:
    made = make_pepper(embedded)
    embedded.pepper_file.write_bytes(b"\n " + made + b" \r\n")
    assert read_pepper(embedded) == made


@pytest.mark.parametrize("content", [b"", b"\n", b"x", b"0123456789abcde", b"a" * 64])
def test_a_pepper_that_is_too_short_is_refused(embedded: Settings, content: bytes) -> None:
    make_pepper(embedded)
    embedded.pepper_file.write_bytes(content)
    with pytest.raises(WrongSetting, match="at least 16 bytes"):
        read_pepper(embedded)


def test_a_link_to_the_books_has_the_pepper_of_the_books(embedded: Settings, tmp_path: Path) -> None:
    migrate(embedded)
    made = make_pepper(embedded)
    (tmp_path / "link.db").symlink_to(tmp_path / "carnet.db")
    assert read_pepper(Settings.read({"CARNET_DATABASE": f"sqlite:///{tmp_path}/link.db"})) == made


def test_a_link_to_no_pepper_is_told(embedded: Settings, tmp_path: Path) -> None:
    embedded.pepper_file.symlink_to(tmp_path / "nothing")
    with pytest.raises(WrongSetting, match="cannot be read"):
        read_pepper(embedded)


def test_renamed_books_do_not_get_another_pepper(tmp_path: Path) -> None:
    before = Books({"CARNET_DATABASE": f"sqlite:///{tmp_path}/carnet.db"})
    migrate(before.settings())
    key = before.open()
    shutil.move(tmp_path / "carnet.db", tmp_path / "books.db")
    after = Books({"CARNET_DATABASE": f"sqlite:///{tmp_path}/books.db"})

    with pytest.raises(WrongPepper, match=r"books\.db-pepper"):
        after.lets_in(key)
    shutil.move(tmp_path / "carnet.db-pepper", tmp_path / "books.db-pepper")
    assert after.lets_in(key)
