"""The remembered verifications of the ledgers in one SQLite file."""

from collections.abc import Sequence
from dataclasses import astuple, replace

from domain.ledger.embedded.sqlite.outbox import Transaction
from domain.ledger.verification import COLUMNS, KEPT_MAX, StoredVerification


class SqliteVerifications:
    """Implements `domain.ledger.kept_beside.Verifications`. `read` and `write` begin a transaction of the store."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    def add(self, verification: StoredVerification) -> None:
        with self._write() as connection:
            connection.execute(
                f"INSERT INTO verifications ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                astuple(verification),
            )
            connection.execute(
                "DELETE FROM verifications WHERE business_id = ?1 AND verified_at <= (SELECT verified_at"
                " FROM verifications WHERE business_id = ?1 ORDER BY verified_at DESC LIMIT 1 OFFSET ?2)",
                (verification.business_id, KEPT_MAX),
            )

    def of(self, business_id: str) -> Sequence[StoredVerification]:
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM verifications WHERE business_id = ? ORDER BY verified_at DESC",
                (business_id,),
            ).fetchall()
        return [
            replace(each, intact=bool(each.intact)) for each in (StoredVerification(*row) for row in rows)
        ]
