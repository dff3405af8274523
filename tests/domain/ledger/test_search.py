"""The search of the directory: the same on every store, as the folded text says, and gone with the person."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from domain.decision import NewStream
from domain.ledger.contract import Store
from domain.ledger.embedded import sqlite
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.postgres.store import PostgresStore
from domain.ledger.records import Append
from domain.people.name_search import matches, words
from domain.people.profile import Profile, row
from tests.domain.ledger.examples import BUSINESS, OTHER, fact, stored

NAMES = (
    "Kovács Anna",
    "Kovács-Nagy Ágnes",
    "O'Brien Séan",
    "Łukasz Ørsted",
    "Straße Jörg",
    "Аня",
    "陈伟",
    "X Æ 12",
    "Anna\u00adMaria Zo\u200de",
)
TERMS = (
    *(
        "a",
        "an",
        "ANNA",
        "kovacs",
        "ovac",
        "agnes nagy",
        "obrien",
        "o'b",
        "lukasz",
        "strasse",
        "annamaria",
        "Zoe",
        "ан",
        "陈",
        "12",
    ),
    *("+36 (0)20", "+36 (0", "0036 (0) 20 1"),
    *("anna1@example.org", "ANNA1@EXA", "séan+2@", "@example.org", "1@example", "anna1", "example"),
    *("3620", "+36 20", "06 20 1", "20123", "zz", "annak", "kovacs anna", "na ko"),
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "sqlite":
        sqlite.migrate(tmp_path / "ledger.db")
        made = SqliteStore(tmp_path / "ledger.db")
    else:
        made = PostgresStore(request.getfixturevalue("postgres_url"))
    yield made
    made.close()


def registered(store: Store, business: str, people: dict[str, Profile]) -> None:
    store.open_ledger(business)
    for id, profile in people.items():
        opening = Append(
            (fact(id, 1, kind="customer"),),
            {id: 0},
            streams=(NewStream("customer", id),),
            people=(row(id, id, profile),),
        )
        stored(store.ledger(business), opening)


def crowd(count: int) -> dict[str, Profile]:
    """Customers whose names and numbers are put together from a few parts."""
    drawn = random.Random(7)
    return {
        f"cus_{n:03}": Profile(
            name=f"{drawn.choice(NAMES)} {drawn.choice(NAMES)}",
            mobile=f"+3620{drawn.randrange(10**7):07}",
            email=f"{drawn.choice(('Anna', 'séan+', 'ł.'))}{n}@Example.org" if n % 2 else None,
        )
        for n in range(count)
    }


def test_every_store_finds_whom_the_text_names_and_nobody_of_another_business(store: Store) -> None:
    people = crowd(60)
    registered(store, BUSINESS, people)
    registered(store, OTHER, {f"cus_other_{n}": profile for n, profile in enumerate(people.values())})
    ledger = store.ledger(BUSINESS)
    texts = {id: row(id, id, profile) for id, profile in people.items()}
    for term in TERMS:
        searched = words(term)
        held = [id for id, person in texts.items() if matches(_text(person.data), searched)]
        assert sorted(ledger.search(searched, "", 100)) == held, term
        behind = [id for id in held if id > "cus_030"]
        assert sorted(ledger.search(searched, "cus_030", 100)) == behind, term
        assert len(ledger.search(searched, "", 3)) == min(3, len(held)), term


def _text(data: str) -> str:
    text = Profile.model_validate_json(data).search
    assert text is not None
    return text


def test_a_new_name_is_found_and_the_old_one_no_longer(store: Store) -> None:
    registered(store, BUSINESS, {"cus_1": Profile(name="Anna", mobile="+36201234567")})
    ledger = store.ledger(BUSINESS)
    renamed = row("cus_1", "cus_1", Profile(name="Zoé"))
    stored(ledger, Append((fact("cus_1", 2, kind="customer"),), {"cus_1": 1}, people=(renamed,)))
    assert list(ledger.search(words("zoe"), "", 10)) == ["cus_1"]
    assert list(ledger.search(words("anna"), "", 10)) == []
    assert list(ledger.search(words("3620"), "", 10)) == []


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("+353 (0)86 123 4567", "353861234567"),
        ("00353 (0) 86-123", "35386123"),
        ("+353(0)", "353"),
        ("+353 (0", "353"),
        ("+1 (205) 123", "1205123"),
        ("(0)86 123", "086123"),
        ("086 (0)12", "086012"),
    ],
)
def test_the_0_that_is_dialled_at_home_alone_is_no_digit_behind_a_country_code(
    typed: str, digits: str
) -> None:
    assert words(typed) == (digits,)


# Birthdays


def born(day: date | None) -> Profile:
    return Profile(name='"date_of_birth":"1990-06-01"', date_of_birth=day)


def test_every_store_finds_who_was_born_on_a_day_and_nobody_of_another_business(store: Store) -> None:
    drawn = random.Random(11)
    days = {f"cus_{n:03}": date(1980, 1, 1) + timedelta(days=drawn.randrange(8_000)) for n in range(60)}
    people = {id: born(day) for id, day in days.items()} | {"cus_new": born(None)}
    registered(store, BUSINESS, people)
    registered(store, OTHER, {f"cus_other_{n}": profile for n, profile in enumerate(people.values())})
    ledger = store.ledger(BUSINESS)
    for wanted in ([101], [601, 1231], list(range(101, 1232)), list(range(301, 932)), []):
        held = [id for id, day in days.items() if 100 * day.month + day.day in wanted]
        assert sorted(ledger.born_on(wanted, "", 100)) == held
        assert sorted(ledger.born_on(wanted, "cus_030", 100)) == [id for id in held if id > "cus_030"]
        assert len(ledger.born_on(wanted, "", 3)) == min(3, len(held))


def test_another_birthday_is_found_and_the_old_one_no_longer(store: Store) -> None:
    registered(store, BUSINESS, {"cus_1": born(date(2000, 2, 29)), "cus_2": born(date(1999, 2, 28))})
    ledger = store.ledger(BUSINESS)
    assert list(ledger.born_on([229], "", 10)) == ["cus_1"]
    for version, day in ((2, date(2000, 3, 1)), (3, None)):
        changed = row("cus_1", "cus_1", born(day))
        stored(
            ledger,
            Append((fact("cus_1", version, kind="customer"),), {"cus_1": version - 1}, people=(changed,)),
        )
        assert list(ledger.born_on([229], "", 10)) == []
        assert list(ledger.born_on([301], "", 10)) == ([] if day is None else ["cus_1"])


# Erasing


def test_erasing_a_person_leaves_nothing_of_the_name_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    sqlite.migrate(file)
    store = SqliteStore(file)
    registered(store, BUSINESS, {"cus_1": Profile(name="Xylophagous"), "cus_2": Profile(name="Anna")})
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("DELETE FROM people WHERE id = 'cus_1'")
        connection.commit()
        left = connection.execute("SELECT count(*) FROM people_search").fetchone()
        grams = b"".join(data for (data,) in connection.execute("SELECT block FROM people_grams_data"))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert left == (1,)
    assert b"x" not in grams
    assert b"a" in grams, "the index holds the grams of the others"
    assert list(store.ledger(BUSINESS).search(words("xylo"), "", 10)) == []
    assert list(store.ledger(BUSINESS).search(words("anna"), "", 10)) == ["cus_2"]
    store.close()
    assert b"ylophagou" not in file.read_bytes()


def test_erasing_a_person_erases_the_search_on_postgresql(postgres_url: str) -> None:
    store = PostgresStore(postgres_url)
    registered(store, BUSINESS, {"cus_1": Profile(name="Anna"), "cus_2": Profile(name="Annabel")})
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET search_path = carnet")
        connection.execute("SET ROLE carnet_app")
        connection.execute("SELECT set_config('carnet.business', %s, true)", [BUSINESS])
        connection.execute("DELETE FROM people WHERE id = 'cus_1'")
    assert list(store.ledger(BUSINESS).search(words("anna"), "", 10)) == ["cus_2"]
    store.close()
