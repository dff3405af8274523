"""Facts and commands to store. What they say does not matter to a store; their places do."""

from collections.abc import Mapping

from domain.decision import NewStream, Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import NewFact, first_hash, seal
from domain.ledger.records import Answered, Append, Conflict, Request, Stored

BUSINESS = "biz_1"
OTHER = "biz_2"
CUSTOMER = "cus_1"
PACKAGE = "pkg_1"


def fact(
    stream_id: str,
    version: int,
    *,
    kind: str = "package",
    data: bytes = b'{"units":[1]}',
    name: str | None = None,
) -> NewFact:
    return NewFact(kind, stream_id, version, name or f"{kind}.happened", 1, data, b'{"actor":"stf_1"}')


def request(key: str, body: str = '{"recorded_at":"{recorded_at}"}', people: tuple[str, ...] = ()) -> Request:
    return Request.of(key, b"fingerprint of " + key.encode(), body, people)


def opening(stream_id: str, kind: str = "package", customer_id: str | None = None) -> Append:
    """A new stream with its first fact."""
    return Append(
        (fact(stream_id, 1, kind=kind),), {stream_id: 0}, streams=(NewStream(kind, stream_id, customer_id),)
    )


def next_fact(stream_id: str, version: int, key: str | None = None, also: Mapping[str, int] = {}) -> Append:
    """One more fact for a stream of which `version - 1` was seen."""
    return Append(
        (fact(stream_id, version),),
        {stream_id: version - 1, **also},
        request=None if key is None else request(key),
    )


def stored(ledger: LedgerRecorder, command: Append) -> Stored:
    """Append one command that must be stored."""
    (outcome,) = ledger.append([command])
    assert isinstance(outcome, Stored)
    return outcome


def conflict(ledger: LedgerRecorder, command: Append) -> str:
    """Append one command that must conflict: on what it did."""
    (outcome,) = ledger.append([command])
    assert isinstance(outcome, Conflict)
    return outcome.on


def answered(ledger: LedgerRecorder, key: str) -> Answered | None:
    return ledger.load(Reads(), [key]).answered.get(key)


def assert_chained(ledger: LedgerRecorder) -> int:
    """Positions are 1, 2, 3 … and every hash is that of the stored bytes. How many facts there are."""
    previous, count, moment = first_hash(ledger.business_id), 0, 0
    while page := ledger.facts(after=count):
        for found in page:
            count += 1
            assert (found.business_id, found.position) == (ledger.business_id, count)
            new = NewFact(
                found.kind,
                found.stream_id,
                found.version,
                found.name,
                found.name_version,
                found.data,
                found.meta,
            )
            assert found.hash == seal(previous, ledger.business_id, count, new, found.recorded_at)
            assert found.recorded_at >= moment
            previous, moment = found.hash, found.recorded_at
    head = ledger.head()
    assert (head.position, head.hash) == (count, previous)
    return count
