"""The remembered verifications of the ledgers in one PostgreSQL database."""

from collections.abc import Sequence
from dataclasses import astuple

from domain.ledger.postgres.webhooks import ForBusiness
from domain.ledger.verification import COLUMNS, KEPT_MAX, StoredVerification


class PostgresVerifications:
    """Implements `domain.ledger.kept_beside.Verifications`."""

    def __init__(self, for_business: ForBusiness) -> None:
        self._for = for_business

    def add(self, verification: StoredVerification) -> None:
        self._for(
            verification.business_id,
            "WITH added AS (INSERT INTO verifications (" + COLUMNS + ")"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING)"
            " DELETE FROM verifications WHERE business_id = %s AND verified_at <= (SELECT verified_at"
            " FROM verifications WHERE business_id = %s ORDER BY verified_at DESC LIMIT 1 OFFSET %s)"
            " RETURNING verified_at",
            *astuple(verification),
            verification.business_id,
            verification.business_id,
            KEPT_MAX - 1,  # of those before the one that is added
        )

    def of(self, business_id: str) -> Sequence[StoredVerification]:
        rows = self._for(
            business_id,
            "SELECT " + COLUMNS + " FROM verifications WHERE business_id = %s ORDER BY verified_at DESC",
            business_id,
        )
        return [StoredVerification(*row) for row in rows]
