"""A connection made ready before somebody waits for it: the server has its plans then.

PostgreSQL makes the plans of a function when a connection first runs it, and looks up every table and type for them: 4
to 5 ms for the first load and 4 for the first append. So both are run once, for businesses that nobody has. The append
is rolled back.
"""

from collections.abc import Iterator
from contextlib import suppress
from secrets import token_bytes, token_hex

import psycopg

from domain.claims import Claim
from domain.decision import NewStream, Reads
from domain.ledger.envelope import NewFact
from domain.ledger.postgres import keys
from domain.ledger.postgres.binary_format import Batch, BinaryFormat
from domain.ledger.postgres.connections import FOR_BUSINESS, PatientConnection, host_ms
from domain.ledger.postgres.packed_facts import kept_apart
from domain.ledger.postgres.statements import APPEND_ALL, APPEND_ONE, LOAD_ALL
from domain.ledger.records import Append, Request
from domain.ledger.shapes import Shapes

READS = Reads({"pkg_none": 0}, with_customers=True, counted=("none",))
"""As a use of a package reads."""


def make_ready(connection: PatientConnection, wire: BinaryFormat) -> None:
    """Have the plans made for what tills wait for. Where that fails, the first who ask wait for them.

    Users who may not append get the plans of what they may do.
    """
    businesses = [f"biz_{token_hex(16)}" for _ in range(2)]
    with suppress(psycopg.Error), connection.transaction(force_rollback=True):
        for business in businesses:
            connection.execute(FOR_BUSINESS, [business])
            connection.execute("SELECT open_ledger(%s, %s)", [business, token_bytes(32)])
        for version in (1, 2):
            with kept_apart(Shapes(), connection, [_command(version)]) as packed:
                one = [businesses[0], None, host_ms(), wire.batch([_command(version)], packed)]
                connection.execute(APPEND_ONE, one, binary=True)
        commands = [_command(3), _command(1)]
        with kept_apart(Shapes(), connection, commands) as packed:
            both = [businesses, [1, 1], None, host_ms(), wire.batch(commands, packed)]
            connection.execute(APPEND_ALL, both, binary=True)
    with suppress(psycopg.Error):  # after it: the driver forgets its statements in a rollback
        for questions in _questions(businesses, wire):
            connection.execute(LOAD_ALL, [questions], binary=True)
        connection.execute(keys.FOUND, [["key_none"]], binary=True)


def _questions(businesses: list[str], wire: BinaryFormat) -> Iterator[Batch]:
    """One, as of a lone till, and several."""
    for asked in (businesses[:1], businesses):
        yield wire.questions((business, READS, ["none"]) for business in asked)


def _command(version: int) -> Append:
    """A command as a use of a package is: a fact with a claim and the request; the first one opens a stream."""
    fact = NewFact("package", "pkg_none", version, "none", 1, b"{}", b"{}")
    return Append(
        (fact,),
        {"pkg_none": version - 1},
        claims=(Claim(f"none{version}", "pkg_none"),),
        streams=(NewStream("package", "pkg_none", "cus_none"),) if version == 1 else (),
        request=Request.of(f"none-{version}", b"none", "{}"),
    )
