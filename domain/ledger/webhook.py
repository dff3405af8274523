"""A receiver of facts, as a store keeps it: plain values, and the document they are stored as."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

WebhookState = Literal["active", "paused", "disabled", "removed"]


@dataclass(frozen=True, slots=True)
class StoredWebhook:
    """A receiver of facts. Its secret is derived and never stored. Moments in ms since 1970."""

    business_id: str
    id: str
    url: str
    facts: tuple[str, ...]
    """Names of the facts that are sent; none: all of them."""
    description: str | None
    place: str
    """Of the database that sends to it, as `Store.place()`: a copy does not."""
    position: int
    """Up to this position of the ledger all is delivered."""
    created_at: int
    state: WebhookState = "active"
    mark: str = ""
    """Tells the secret from earlier ones of the same receiver."""
    previous_mark: str | None = None
    rotated_at: int | None = None
    attempts: int = 0
    """Failed tries of the fact after `position`."""
    due_at: int = 0
    """The next try."""
    failing_since: int | None = None
    reason: str | None = None
    """Why the last try failed, or why it is disabled."""
    replays: int = 0
    """How often the owner has set `position`, also to where it was."""
    revision: int = 0


def written(webhook: StoredWebhook) -> str:
    """The document of a receiver, without what its row tells."""
    members = asdict(webhook)
    for name in ("business_id", "id", "revision"):
        del members[name]
    return json.dumps(members, ensure_ascii=False)


def read(business_id: str, id: str, revision: int, data: str) -> StoredWebhook:
    members = json.loads(data)
    members["facts"] = tuple(members["facts"])
    return StoredWebhook(business_id=business_id, id=id, revision=revision, **members)
