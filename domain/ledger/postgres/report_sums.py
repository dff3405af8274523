"""The kept sums of the ledgers in one PostgreSQL database."""

from typing import LiteralString

from domain.ledger.postgres.webhooks import ForBusiness
from domain.ledger.report_sums import COLUMNS, StoredSums

NEW: LiteralString = (
    "INSERT INTO report_sums (" + COLUMNS + ") VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING RETURNING name"
)
CHANGED: LiteralString = (
    "UPDATE report_sums SET version = %s, zone = %s, position = %s, hash = %s, data = %s, digest = %s"
    " WHERE business_id = %s AND name = %s AND digest = %s RETURNING name"
)


class PostgresReportSums:
    """Implements `domain.ledger.kept_beside.ReportSums`."""

    def __init__(self, for_business: ForBusiness) -> None:
        self._for = for_business

    def find(self, business_id: str, name: str) -> StoredSums | None:
        rows = self._for(
            business_id,
            "SELECT " + COLUMNS + " FROM report_sums WHERE business_id = %s AND name = %s",
            business_id,
            name,
        )
        return StoredSums(*rows[0]) if rows else None

    def digest(self, business_id: str, name: str) -> bytes | None:
        rows = self._for(
            business_id,
            "SELECT digest FROM report_sums WHERE business_id = %s AND name = %s",
            business_id,
            name,
        )
        return rows[0][0] if rows else None

    def put(self, sums: StoredSums, *, instead_of: bytes | None) -> bool:
        values = [getattr(sums, name) for name in COLUMNS.split(", ")]
        if instead_of is None:
            put = self._for(sums.business_id, NEW, *values)
        else:
            put = self._for(sums.business_id, CHANGED, *values[2:], sums.business_id, sums.name, instead_of)
        return bool(put)

    def forget(self, business_id: str, name: str) -> None:
        self._for(
            business_id,
            "DELETE FROM report_sums WHERE business_id = %s AND name = %s",
            business_id,
            name,
        )
