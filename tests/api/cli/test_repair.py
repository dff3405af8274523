"""What somebody did to the database by hand is told row by row, and what follows from the facts is made anew."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psycopg
import pytest

from domain.ledger.numbers import number_of
from tests.api.cli.conftest import SAMPLE, Terminal


def by_hand(terminal: Terminal, *statements: str) -> None:
    """Change the database behind every trigger and policy."""
    url = terminal.environment["CARNET_DATABASE"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            triggers = connection.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
            for _, sql in triggers:
                connection.execute(sql)
            connection.commit()
        return
    with psycopg.connect(url) as server:
        server.execute("SET LOCAL session_replication_role = replica")
        server.execute("SET LOCAL search_path = carnet")
        for statement in statements:
            server.execute(statement)


def rows(terminal: Terminal, query: str) -> Sequence[Any]:
    url = terminal.environment["CARNET_DATABASE"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(query).fetchall()
    with psycopg.connect(url) as server:
        server.execute("SET LOCAL search_path = carnet")
        return server.execute(query).fetchall()


@pytest.fixture
def books(terminal: Terminal) -> Terminal:
    """Two businesses, of which the first has a history."""
    first = terminal.open_business()
    terminal.load(SAMPLE, "--business", first)
    terminal.open_business("Dogs")
    return terminal


def first_of(terminal: Terminal) -> str:
    (id,) = rows(terminal, "SELECT business_id FROM readable_facts WHERE position = 100")[0]
    return str(id)


def test_a_deleted_head_is_found_named_and_made_anew(books: Terminal) -> None:
    id = first_of(books)
    before = books.run("verify").stdout
    assert "not as they should be" not in before
    by_hand(books, f"DELETE FROM ledgers WHERE business_id = '{id}'")

    assert f"{id}: ledgers: is missing" in books.run("verify", status=1).stdout
    assert f"{id}: its head is gone" in books.run("status", status=1).stderr
    shown = books.run("repair", status=1).stdout
    assert f"{id}: ledgers: is missing" in shown
    assert "--apply makes it anew" in shown
    assert f"{id}: ledgers: is missing" in books.run("verify", status=1).stdout, "a dry run changes nothing"

    books.run("repair", "--apply")
    # The secret of the requests was in the row, and in no fact.
    again = books.run("verify", status=1).stdout
    assert f"{id}: ledgers: has another secret" in again
    heads = [line for line in before.splitlines() if "intact" in line]
    assert all(line in again for line in heads)


def test_the_heads_of_all_businesses_may_be_gone(books: Terminal) -> None:
    first = first_of(books)
    by_hand(books, "DELETE FROM ledgers")
    assert books.run("verify", status=1).stdout.count("ledgers: is missing") == 2
    assert books.run("status", status=1).stderr.count("its head is gone") == 2
    only = books.run("verify", "--business", first, status=1).stdout
    assert only.count("ledgers: is missing") == 1


def test_streams_and_claims_are_made_anew_from_the_facts(books: Terminal) -> None:
    id = first_of(books)
    tables = [f"SELECT * FROM {name} ORDER BY 1, 2, 3" for name in ("streams", "claims")]
    before = [sorted(map(str, rows(books, query))) for query in tables]
    by_hand(
        books,
        f"DELETE FROM claims WHERE ledger = {number_of(id)}",
        f"DELETE FROM streams WHERE ledger = {number_of(id)} AND kind = 'customer'",
        f"UPDATE streams SET customer = 17 WHERE ledger = {number_of(id)} AND kind = 'package'",
        f"INSERT INTO claims (ledger, claim, stream) VALUES ({number_of(id)}, 'payment/pay_forged/', 18)",
        f"DELETE FROM people_search WHERE business_id = '{id}'",
    )
    told = books.run("verify", status=1).stdout
    assert "claims payment/pay_forged/: is there: stream_id 18; no fact says so" in told
    assert "has customer_id 17; the facts say customer_id cus_" in told

    books.run("repair", "--apply")

    books.run("verify", "--read-models")
    assert [sorted(map(str, rows(books, query))) for query in tables] == before
    assert "0 rows differ" in books.run("repair", "--apply").stdout


def test_a_mark_of_a_package_that_was_set_by_hand_is_found_named_and_made_anew(books: Terminal) -> None:
    """A wrong mark would hide units from whoever uses them."""
    theirs = f"ledger = {number_of(first_of(books))} AND kind = 'package'"
    marks = f"SELECT stream, spent FROM streams WHERE {theirs} ORDER BY stream"
    before = rows(books, marks)
    left = [stream for stream, spent in before if spent is None]
    spent = [(stream, version) for stream, version in before if version is not None]
    (hidden, ahead, *_), ((lost, version), (moved, _), *_) = left, spent
    last = "(SELECT max(version) FROM facts WHERE facts.ledger = streams.ledger AND facts.stream = streams.stream)"
    by_hand(
        books,
        f"UPDATE streams SET spent = {last} WHERE {theirs} AND stream = {hidden}",
        f"UPDATE streams SET spent = {last} + 1 WHERE {theirs} AND stream = {ahead}",
        f"UPDATE streams SET spent = NULL WHERE {theirs} AND stream = {lost}",
        f"UPDATE streams SET spent = 1 WHERE {theirs} AND stream = {moved}",
    )
    told = books.run("verify", status=1).stdout
    for stream in (hidden, ahead):
        assert (
            f"streams {stream}: has spent {dict(rows(books, marks))[stream]}; the facts say spent None"
            in told
        )
    assert f"streams {lost}: has spent None; the facts say spent {version}" in told
    assert f"streams {moved}: has spent 1; the facts say spent {dict(before)[moved]}" in told

    books.run("repair", "--apply")

    books.run("verify", "--read-models")
    assert rows(books, marks) == before


def test_what_cannot_be_made_anew_is_told_with_what_to_do(books: Terminal) -> None:
    id = first_of(books)
    by_hand(
        books,
        f"UPDATE requests SET body = fingerprint WHERE ledger = {number_of(id)} AND key = (SELECT key FROM requests"
        f" WHERE ledger = {number_of(id)} ORDER BY key LIMIT 1)",
        "UPDATE api_keys SET role = 'auditor'",
    )
    told = books.run("verify", status=1).stdout
    assert "is not as it was stored" in told
    assert told.count("api_keys key_") == 2
    left = books.run("repair", "--apply", status=1).stdout
    assert "restore it from a backup" in left
    assert "revoke the key" in left
    assert books.run("verify", status=1).stdout == told


def test_a_revocation_that_was_taken_back_is_found(books: Terminal) -> None:
    key = books.run(
        "keys", "issue", "--role", "staff", "--name", "till", "--business", first_of(books)
    ).stdout
    id = f"key_{key.split('_')[2]}"
    books.run("keys", "revoke", id, "--business", first_of(books))
    books.run("verify")
    by_hand(books, f"UPDATE api_keys SET revoked_at = NULL WHERE id = '{id}'")
    assert f"api_keys {id}: is not as it was written" in books.run("verify", status=1).stdout


def test_nothing_is_made_of_broken_facts(books: Terminal) -> None:
    id = first_of(books)
    by_hand(
        books,
        f"DELETE FROM claims WHERE ledger = {number_of(id)}",
        f"DELETE FROM facts WHERE ledger = {number_of(id)} AND position = 200",
    )
    told = books.run("repair", "--apply", status=1).stdout
    assert f"{id}: BROKEN at position 200: it is missing" in told
    assert not rows(books, f"SELECT * FROM claims WHERE ledger = {number_of(id)}")
