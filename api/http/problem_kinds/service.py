"""Faults of the service, 500 and 503: the request may be right and could not be answered just now."""

from collections.abc import Mapping

from api.http.problem_kinds.kind import Example, Kind

SOON_S = 1
AFTER_REPAIR_S = 30
"""Somebody has to do something first; a client that waits this long finds it mended, or asks no more often."""
EXPORT_S = 10
AGAIN = "Send the request again with the same Idempotency-Key after Retry-After seconds."

SERVICE: Mapping[str, Kind] = {
    "internal": Kind(
        500,
        "A fault of ours",
        "Something happened that should not.",
        "Sending it again with the same Idempotency-Key is safe. Report the request id in `instance`.",
        Example("this should not have happened"),
    ),
    "storage-unavailable": Kind(
        503,
        "The database cannot be reached",
        "The database does not answer. Nothing was written. With `read_only: true` it answers, and cannot be written"
        " here: reads work, and commands go to where it can.",
        AGAIN,
        Example("the database cannot be reached just now"),
        SOON_S,
    ),
    "not-ready": Kind(
        503,
        "The process cannot do its work",
        "Its settings do not fit its database, or its machine lacks a time zone of the books: `detail` tells which.",
        "The operator has to put the settings or the machine right. Nothing gets better by asking again before.",
        Example("the keys in the database were made under another pepper than this process has"),
        AFTER_REPAIR_S,
    ),
    "clock-skew": Kind(
        503,
        "The clocks are too far apart",
        "The clock of the server is more than five minutes away from the ledger's. Nothing was written, as no moment"
        " could be trusted.",
        "The operator has to set the clock of that machine right. " + AGAIN,
        Example("the clock of the server is too far from the ledger's"),
        AFTER_REPAIR_S,
    ),
    "contention": Kind(
        503,
        "Too many want to write at once",
        "The ledger's lock was not had in time. Nothing was written.",
        AGAIN,
        Example("the ledger's lock was not had in time"),
        SOON_S,
    ),
    "projection-lagging": Kind(
        503,
        "The read models are behind",
        "A list does not yet show the position that was asked for, or a new version of its read model is still being"
        " made. `position` is where it stands; with `head` and `share` it is how far the new version is.",
        "Ask again after Retry-After seconds, or without Ledger-Min-Position for what there is.",
        Example(
            "the read models are not there yet",
            members={"position": 204, "requested": 210, "head": 816, "share": 0.25},
        ),
        SOON_S,
    ),
    "exports-busy": Kind(
        503,
        "Too many exports are running",
        "Each export holds a snapshot of the database while it is read. This process runs four at once, and two of"
        " one business.",
        "Finish reading the others, or ask again after Retry-After seconds.",
        Example("4 exports are running already"),
        EXPORT_S,
    ),
    "projection-stopped": Kind(
        503,
        "A read model has stopped",
        "It met a fact that it cannot read, at `position`, and waits to be mended.",
        "The operator sees it in `carnet status`. What is folded from its own facts can still be read: one"
        " package, one customer, one booking.",
        Example("a read model has stopped", members={"position": 204}),
        AFTER_REPAIR_S,
    ),
    "event-unreadable": Kind(
        503,
        "A stored fact cannot be read",
        "The fact at `position` is damaged or newer than this program. No number is guessed.",
        "The operator finds it with `carnet verify`. Everything that does not rest on it can still be read.",
        Example("a stored fact cannot be read", members={"position": 204}),
        AFTER_REPAIR_S,
    ),
}
"""Code → kind."""
