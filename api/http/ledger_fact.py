"""A fact as auditors and webhooks read it."""

from typing import Annotated

from pydantic import JsonValue, StringConstraints

from api.http.ledger_types import StoredFact
from domain.moments import from_milliseconds, rfc3339
from domain.values import Value
from replay.feed import members

StreamId = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,4}_[0-9A-Za-z_-]{1,60}$")]
"""The id of a stream of any kind."""


class LedgerFact(Value):
    position: int
    stream: str
    stream_id: str
    version: int
    name: str
    name_version: int
    recorded_at: str
    data: dict[str, JsonValue]
    meta: dict[str, JsonValue]
    hash: str
    """SHA-256 over the fact and all before it, hex."""


def shown_fact(stored: StoredFact) -> LedgerFact:
    """A fact as an auditor reads it: ids only, no personal data."""
    return LedgerFact(
        position=stored.position,
        stream=stored.kind,
        stream_id=stored.stream_id,
        version=stored.version,
        name=stored.name,
        name_version=stored.name_version,
        recorded_at=rfc3339(from_milliseconds(stored.recorded_at)),
        data=members(stored.data, stored.position),
        meta=members(stored.meta, stored.position),
        hash=stored.hash.hex(),
    )
