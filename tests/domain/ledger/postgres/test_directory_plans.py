"""How PostgreSQL finds people: by the index made for it alone, with and without statistics, behind its policies."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from domain.ledger.postgres.connections import FOR_BUSINESS
from domain.ledger.postgres.recorder import BORN_ON, SEARCH
from domain.people.name_search import grams_of_words, words
from tests.domain.ledger.examples import BUSINESS, OTHER

PEOPLE = 1_000
FILL = """
    INSERT INTO people (business_id, id, owner_id, data, salt)
    SELECT %s, 'cus_' || n, 'cus_' || n, json_build_object(
           'name', 'Anna ' || n, 'search', 'anna ' || n, 'date_of_birth', date '1950-01-01' + n * 11)::text, ''
      FROM generate_series(1, %s) AS n
"""


@pytest.fixture
def connection(postgres_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET search_path = carnet")
        for business in (BUSINESS, OTHER):
            connection.execute(FOR_BUSINESS, [business])
            connection.execute(FILL, [business, PEOPLE])
        connection.commit()
        yield connection


@contextmanager
def plans(connection: psycopg.Connection) -> Iterator[list[str]]:
    """How each statement is carried out while the block lasts, also inside functions, as the role that serves."""
    found: list[str] = []

    def note(told: psycopg.errors.Diagnostic) -> None:
        found.append(told.message_primary or "")

    connection.execute("LOAD 'auto_explain'")
    for name, value in (("log_min_duration", "0"), ("log_nested_statements", "on"), ("log_analyze", "on")):
        connection.execute("SELECT set_config(%s, %s, true)", [f"auto_explain.{name}", value])
    connection.execute("SET LOCAL ROLE carnet_app")
    connection.execute(FOR_BUSINESS, [BUSINESS])
    connection.execute("SET LOCAL client_min_messages = log")
    connection.add_notice_handler(note)
    yield found
    connection.remove_notice_handler(note)
    connection.rollback()


@pytest.mark.parametrize("analysed", [False, True])
def test_a_search_walks_the_index_of_grams_alone(connection: psycopg.Connection, analysed: bool) -> None:
    if analysed:
        connection.execute("ANALYZE people, people_search")
    for term in ("zzz", "anna 99", "a"):
        searched = words(term)
        with plans(connection) as found:
            rows = connection.execute(
                SEARCH, [BUSINESS, list(searched), grams_of_words(searched), "", 10]
            ).fetchall()
        (told,) = (plan for plan in found if "people_search AS found" in plan)
        assert len(rows) == {"zzz": 0, "anna 99": 10, "a": 10}[term]
        assert "Bitmap Index Scan on people_search_grams" in told, told
        assert "people_search_pkey" not in told, told
        assert "Seq Scan" not in told, told


@pytest.mark.parametrize("analysed", [False, True])
def test_birthdays_walk_the_index_of_birthdays_alone(connection: psycopg.Connection, analysed: bool) -> None:
    if analysed:
        connection.execute("ANALYZE people, people_search")
    with plans(connection) as found:
        rows = connection.execute(BORN_ON, [BUSINESS, [101, 102, 1231], "", 100]).fetchall()
        connection.execute("SELECT 1")  # a statement has ended, and is told, when the next one begins
    (told,) = (plan for plan in found if "FROM people WHERE" in plan)
    assert 0 < len(rows) < 30
    assert "people_by_birthday" in told, told
    assert "people_pkey" not in told, told
    assert "Seq Scan" not in told, told
