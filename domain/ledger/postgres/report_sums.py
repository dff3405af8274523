"""The kept sums of the ledgers in one PostgreSQL database."""

from domain.ledger.postgres.webhooks import ForBusiness
from domain.ledger.report_sums import COLUMNS, StoredSums


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

    def put(self, sums: StoredSums) -> None:
        self._for(
            sums.business_id,
            "INSERT INTO report_sums (" + COLUMNS + ") VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (business_id, name) DO UPDATE SET version = excluded.version, zone = excluded.zone,"
            " position = excluded.position, hash = excluded.hash, data = excluded.data, digest = excluded.digest",
            *(getattr(sums, name) for name in COLUMNS.split(", ")),
        )

    def forget(self, business_id: str, name: str) -> None:
        self._for(
            business_id,
            "DELETE FROM report_sums WHERE business_id = %s AND name = %s",
            business_id,
            name,
        )
