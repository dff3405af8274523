"""Every table of a store, and what holds it to the facts.

facts         the facts themselves: the hash chain
shared        what facts of all businesses have in common: the hash chain covers each fact as its shape makes it
derived       follows from the facts, row by row: compared with them, and made anew by `carnet repair`
committed     facts hold digests of it: compared with them; only a backup brings it back
guarded       a MAC under the pepper, which is not in the database, covers each row
cached        follows from the facts, and may be missing: a row is believed where it fits, and else made anew
own           the business's own, about which facts say little: what it refers to is looked up
installation  of the process or the database, and of no business: nothing in the books rests on it
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Standing = Literal["facts", "shared", "derived", "committed", "guarded", "cached", "own", "installation"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, with the columns that prove it: those of its key first, without the business's id."""

    standing: Standing
    key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    by_number: bool = False
    """Whether the number of the business stands in its rows, in place of the id (domain/ledger/numbers.py)."""


TABLES: Mapping[str, Table] = {
    "facts": Table("facts", by_number=True),
    "shapes": Table("shared"),
    "ledgers": Table("derived", (), ("position", "hash", "recorded_at", "secret")),
    "streams": Table("derived", ("stream",), ("kind", "customer_id", "opened", "spent"), by_number=True),
    "claims": Table("derived", ("claim",), ("stream_id",), by_number=True),
    "people_search": Table("derived", ("person_id",), ("folded", "grams")),
    "requests": Table(
        "committed",
        ("key",),
        ("key_text", "fingerprint", "first", "facts", "people", "answered", "seal", "body", "salt"),
        by_number=True,
    ),
    "texts": Table("committed", ("id",), ("owner_id", "salt", "text")),
    "people": Table("committed", ("id",), ("owner_id", "data", "salt")),
    "api_keys": Table(
        "guarded",
        ("id",),
        (
            "name",
            "role",
            "actor_id",
            "mac",
            "created_at",
            "expires_at",
            "revoked_at",
            "scopes",
            "guard",
        ),
    ),
    "key_rosters": Table("guarded", ("page",), ("ids", "mac")),
    "photos": Table("own", ("id",), ("media_type",)),
    "messages": Table("own", ("id",), ("position", "recorded_at", "customer_id", "thing_id", "occasion")),
    "message_positions": Table("own", (), ("position",)),
    "webhooks": Table("own", ("id",), ("revision",)),
    "verifications": Table("own", ("verified_at",), ("position", "intact")),
    "report_sums": Table("cached", ("name",), ("version", "zone", "position", "hash", "data", "digest")),
    "message_switch": Table("installation"),
    "peppers": Table("installation"),
    "servers": Table("installation"),
}
"""Those that both stores have. The secret of a ledger, and the photos' claims, are committed to by facts, too."""

NUMBERED: Mapping[tuple[str, str], str] = {
    ("streams", "customer_id"): "customer",
    ("claims", "stream_id"): "stream",
}
"""Columns of the tables above that hold the number of the id."""

OF_SQLITE: Mapping[str, Table] = {
    "people_grams": Table("derived"),
    "copies": Table("installation"),
}
"""The index of `people_search`: PostgreSQL keeps it within the table. `copies` tells of an erasure that is not
finished."""
OF_POSTGRESQL: Mapping[str, Table] = {"schema_migrations": Table("installation")}
OF_BUSINESSES = tuple(
    name for name, table in TABLES.items() if table.standing not in ("installation", "shared")
)
"""Tables whose rows belong to a business."""
