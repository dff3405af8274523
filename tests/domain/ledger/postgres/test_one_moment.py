"""What a decision reads is of one moment, whatever is committed while it is being read."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg

from domain.decision import Reads
from domain.ledger.numbers import number_of
from domain.ledger.postgres.store import PostgresStore
from tests.domain.ledger.examples import BUSINESS, PACKAGE, opening, stored
from tests.ready import wait_for

WAITS = "SELECT FROM pg_locks WHERE relation = 'carnet.people'::regclass AND NOT granted"
CLAIM = "INSERT INTO carnet.claims (ledger, claim, stream) VALUES (%s, 'redemption/red_1/1', %s)"


def test_a_claim_that_comes_while_it_is_read_is_seen_with_its_package_or_not_at_all(
    postgres_url: str,
) -> None:
    """People are read after the packages that hold claims, and before claims are counted."""
    with (
        closing(PostgresStore(postgres_url)) as store,
        ThreadPoolExecutor() as threads,
        psycopg.connect(postgres_url) as locking,
        psycopg.connect(postgres_url, autocommit=True) as other,
    ):
        store.open_ledger(BUSINESS)
        ledger = store.ledger(BUSINESS)
        stored(ledger, opening(PACKAGE))
        locking.execute("LOCK TABLE carnet.people IN ACCESS EXCLUSIVE MODE")
        prefix = "redemption/red_1/"
        reading = threads.submit(ledger.load, Reads(claimed=(prefix,), counted=(prefix,)))
        wait_for(lambda: other.execute(WAITS).fetchone() is not None)
        other.execute(CLAIM, [number_of(BUSINESS), number_of(PACKAGE)])
        locking.rollback()
        loaded = reading.result(timeout=30)

    assert len({fact.stream_id for fact in loaded.facts}) == loaded.counts[prefix]
