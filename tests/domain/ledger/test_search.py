"""The search of the directory: the same on every store, as the folded text says, and gone with the person."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from domain.decision import NewStream
from domain.ledger.contract import Store
from domain.ledger.embedded import sqlite
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.embedded.sqlite.schema import steps as sqlite_steps
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.postgres.migrations import migrate, migrations
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


# Erasing, and customers of before


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


MESSAGES = ("message_switch", "message_positions", "messages", "webhooks")
"""Tables that a later step makes."""


PROVED = {
    "requests": ("people", "answered", "seal"),
    "people": ("salt",),
    "api_keys": ("guard",),
}
"""Columns that a later step adds."""


ANSWERS = "CREATE TABLE answers (business_id text, key text, body text)"
"""As it was before a later step moved answers to their requests."""


def _drop_later_steps_of_the_file(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TRIGGER requests_update")
    for column in ("body", "salt"):
        connection.execute(f"ALTER TABLE requests DROP COLUMN {column}")
    connection.execute("CREATE TRIGGER requests_update BEFORE DELETE ON requests BEGIN SELECT 1; END")
    connection.execute(ANSWERS)
    connection.execute("CREATE TABLE answer_people (business_id text)")
    for table in (*MESSAGES, "key_rosters", "copies"):
        connection.execute(f"DROP TABLE {table}")
    for table, columns in PROVED.items():
        for column in columns:
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def _drop_later_steps(connection: psycopg.Connection[Any]) -> None:
    connection.execute("DROP FUNCTION table_space")
    connection.execute("DROP TRIGGER erase_only ON requests")
    connection.execute("ALTER TABLE requests DROP COLUMN body, DROP COLUMN salt")
    connection.execute("ALTER TYPE command ALTER ATTRIBUTE body TYPE text")
    connection.execute(ANSWERS)
    connection.execute("ALTER TABLE answers ADD COLUMN people text[]")
    connection.execute("ALTER TABLE answers OWNER TO carnet_owner")
    connection.execute("DROP FUNCTION moment_for, require_business, business_ids, gather_statistics")
    connection.execute("DROP TABLE key_rosters")
    looks = "SELECT tablename FROM pg_policies WHERE policyname = 'owner_looks'"
    for (name,) in connection.execute(looks).fetchall():
        connection.execute(sql.SQL("DROP POLICY owner_looks ON {}").format(sql.Identifier(name)))
    connection.execute("ALTER TYPE new_person DROP ATTRIBUTE salt")
    connection.execute("ALTER TYPE command DROP ATTRIBUTE salt, DROP ATTRIBUTE answered")
    for table, columns in PROVED.items():
        for column in columns:
            drop = sql.SQL("ALTER TABLE {} DROP COLUMN {}")
            connection.execute(drop.format(sql.Identifier(table), sql.Identifier(column)))
    connection.execute(
        "DROP FUNCTION message_switch, switch_messages_on, switch_messages_off, message_positions"
    )
    connection.execute(
        "DROP FUNCTION plan_messages, due_messages, put_message, message_totals, waiting_messages"
    )
    connection.execute("DROP FUNCTION all_webhooks, erase, add_messages, forget_messages")
    connection.execute("DROP TABLE message_switch, message_positions, messages, webhooks")


def test_customers_of_before_are_found_after_migrating(
    empty_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This step and those after it are taken back by hand, and the rows are as they were written before it."""
    file = tmp_path / "ledger.db"
    sqlite.migrate(file)
    on_file = SqliteStore(file)
    registered(on_file, BUSINESS, crowd(5))
    on_file.close()
    with closing(sqlite3.connect(file)) as connection:
        _drop_later_steps_of_the_file(connection)
        for undo in (
            "DROP TRIGGER people_erase",
            "DROP TABLE people_grams",
            "DROP TABLE people_search",
            "UPDATE people SET data = json_remove(data, '$.search')",
            *(f"DROP TABLE {table}" for table in ("peppers", "servers")),
            "ALTER TABLE api_keys DROP COLUMN scopes",
            "PRAGMA user_version = 2",
        ):
            connection.execute(undo)
        connection.commit()
    migrate(empty_postgres_url)
    on_server = PostgresStore(empty_postgres_url)
    registered(on_server, BUSINESS, crowd(5))
    on_server.close()
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("SET search_path = carnet")
        number = max(number for number, name, _ in migrations() if name == "0004_people_search.sql")
        connection.execute("DROP FUNCTION search_people")
        connection.execute("DROP TRIGGER searched ON people")
        connection.execute("DROP FUNCTION keep_people_search")
        connection.execute("DROP TABLE people_search")
        connection.execute("DROP FUNCTION search_grams, search_gram")
        connection.execute("UPDATE people SET data = (data::jsonb - 'search')::text")
        _drop_later_steps(connection)
        connection.execute("DROP TABLE peppers, servers CASCADE")
        connection.execute("DROP FUNCTION has_keys, known_peppers, settle_pepper, add_server, remove_server")
        connection.execute("DROP FUNCTION current_place")
        connection.execute("ALTER TABLE api_keys DROP COLUMN scopes")
        connection.execute("DELETE FROM schema_migrations WHERE version >= %s", [number])
    sqlite.migrate(file)
    migrate(empty_postgres_url)
    stores: tuple[Store, ...] = (SqliteStore(file), PostgresStore(empty_postgres_url))
    for store in stores:
        assert len(store.ledger(BUSINESS).search(words("3620"), "", 10)) == 5
        store.close()


def test_migrating_writes_search_texts_of_an_older_form_anew(empty_postgres_url: str, tmp_path: Path) -> None:
    """The files of the ledgers are set back to the step before, with texts by which nobody is found now."""
    file, people = (
        tmp_path / "ledger.db",
        {"cus_1": Profile(name="Anna\u00adMaria", email="anna@example.org")},
    )
    sqlite.migrate(file)
    on_file = SqliteStore(file)
    registered(on_file, BUSINESS, people)
    on_file.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE people_search SET folded = 'anna maria', grams = 'a n ann mar'")
        _drop_later_steps_of_the_file(connection)
        (step,) = (step for step in sqlite_steps() if step.name.endswith("_search_forms.sql"))
        connection.execute(f"PRAGMA user_version = {int(step.name[:4]) - 1}")
        connection.commit()
    migrate(empty_postgres_url)
    on_server = PostgresStore(empty_postgres_url)
    registered(on_server, BUSINESS, people)
    on_server.close()
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("SET search_path = carnet")
        connection.execute("SELECT set_config('carnet.business', %s, true)", [BUSINESS])
        _drop_later_steps(connection)
        number = max(number for number, name, _ in migrations() if name.endswith("_search_forms.sql"))
        connection.execute('UPDATE people SET data = (data::jsonb || \'{"search": "anna maria"}\')::text')
        connection.execute("DELETE FROM schema_migrations WHERE version >= %s", [number])
    sqlite.migrate(file)
    migrate(empty_postgres_url)
    stores: tuple[Store, ...] = (SqliteStore(file), PostgresStore(empty_postgres_url))
    for store in stores:
        for term in ("annamaria", "anna@exa"):
            assert list(store.ledger(BUSINESS).search(words(term), "", 10)) == ["cus_1"]
        store.close()
