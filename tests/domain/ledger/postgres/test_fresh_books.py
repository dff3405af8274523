"""Fresh books that are filled: what was planned while they were small must do when they are large."""

import psycopg
from msgspec import structs

from domain.ledger.postgres.store import PostgresStore
from domain.ledger.records import Append, Stored
from tests.domain.ledger.examples import BUSINESS, CUSTOMER, next_fact, opening

BATCHES, PACKAGES = 12, 100
"""A plan is kept from the sixth batch on. Each batch sells so many packages and uses them up."""


def sold_and_used_up(package_id: str) -> list[Append]:
    return [
        opening(package_id, customer_id=CUSTOMER),
        structs.replace(next_fact(package_id, 2), spent={package_id: 2}),
    ]


def test_a_mark_is_found_by_its_stream_however_many_there_are(postgres_url: str) -> None:
    """And not by reading all of them, as a plan for an empty table would."""
    store = PostgresStore(postgres_url, pool_size=1)
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    for batch in range(BATCHES):
        commands = [each for n in range(PACKAGES) for each in sold_and_used_up(f"pkg_{batch}_{n}")]
        assert {type(outcome) for outcome in ledger.append(commands)} == {Stored}
    with store.connection() as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
    store.close()
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'streams'"
        ).fetchone()
    assert row is not None
    assert row[0] < 10 * BATCHES * PACKAGES
