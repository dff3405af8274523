"""The headers of one request to a receiver: its id, its moment, and a signature for each secret in force."""

from collections.abc import Sequence

from api.http.ledger_types import StoredWebhook
from api.http.webhook_secrets import secret_of, signatures

OVERLAP_MS = 24 * 3_600_000
"""How long the secret before a rotation still signs."""


def signed_headers(
    webhook: StoredWebhook, peppers: Sequence[bytes], id: str, now_ms: int, body: bytes
) -> dict[str, str]:
    """Those of the Standard Webhooks specification. The same `id` on each try."""
    timestamp = now_ms // 1_000
    return {
        "content-type": "application/json",
        "user-agent": "Carnet",
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(_secrets(webhook, peppers, now_ms), id, timestamp, body),
    }


def _secrets(webhook: StoredWebhook, peppers: Sequence[bytes], now_ms: int) -> list[bytes]:
    marks = [webhook.mark]
    if webhook.rotated_at is not None and now_ms < webhook.rotated_at + OVERLAP_MS:
        marks.append(webhook.previous_mark or "")
    return [secret_of(pepper, webhook.id, mark) for pepper in peppers for mark in marks]
