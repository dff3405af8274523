"""The statements by which a store reads and extends several ledgers."""

APPEND_ALL = (
    "SELECT nth, first, last, moment, conflicting"
    " FROM append_all(%s::text[], %s::int4[], moment_for(%s::int8, %s::int8), %s)"
)
APPEND_ONE = (
    "SELECT first, last, recorded_at, conflict"
    " FROM append("
    "CASE WHEN set_config('lock_timeout', '10', true) <> '' THEN set_config('carnet.business', %s, true) END,"
    " moment_for(%s::int8, %s::int8), %s)"
)
"""As `append`, but that it waits for the head of the ledger no longer than a flush or two take: 10 ms."""
LOAD_ALL = (
    "SELECT nth, part, position, moment, last, stream, version, name_version, kind, id, name, data, meta, hash"
    " FROM load_all(%s)"
)
