"""The kept sums of the ledgers in one SQLite file."""

from domain.ledger.embedded.sqlite.outbox import Transaction
from domain.ledger.report_sums import COLUMNS, StoredSums

DIGEST = "SELECT digest FROM report_sums WHERE business_id = ? AND name = ?"


class SqliteReportSums:
    """Implements `domain.ledger.kept_beside.ReportSums`. `read` and `write` begin a transaction of the store."""

    def __init__(self, read: Transaction, write: Transaction) -> None:
        self._read = read
        self._write = write

    def find(self, business_id: str, name: str) -> StoredSums | None:
        with self._read() as connection:
            row = connection.execute(
                f"SELECT {COLUMNS} FROM report_sums WHERE business_id = ? AND name = ?", (business_id, name)
            ).fetchone()
        return None if row is None else StoredSums(*row)

    def digest(self, business_id: str, name: str) -> bytes | None:
        with self._read() as connection:
            row = connection.execute(DIGEST, (business_id, name)).fetchone()
        return None if row is None else row[0]

    def put(self, sums: StoredSums, *, instead_of: bytes | None) -> bool:
        values = [getattr(sums, name) for name in COLUMNS.split(", ")]
        with self._write() as connection:
            row = connection.execute(DIGEST, (sums.business_id, sums.name)).fetchone()
            if (None if row is None else row[0]) != instead_of:
                return False
            connection.execute(
                f"INSERT OR REPLACE INTO report_sums ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
            )
            return True

    def forget(self, business_id: str, name: str) -> None:
        with self._write() as connection:
            connection.execute(
                "DELETE FROM report_sums WHERE business_id = ? AND name = ?", (business_id, name)
            )
