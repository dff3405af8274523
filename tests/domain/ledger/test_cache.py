"""What a process keeps between commands saves it reading, and never misleads it: other processes write too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.decision import Reads
from domain.ledger.carnet import Carnet
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.orders import Done
from domain.package.commands import RestoreUnits
from domain.refusals import IdempotencyKeyReused, InsufficientUnits
from tests.domain.ledger.salon import Process, opened


@pytest.fixture
def processes(ledger_file: Path) -> Iterator[tuple[Process, Process]]:
    """Two processes on one database, in which a customer has a package of three units."""
    first, second = (Carnet(f"sqlite:///{ledger_file}") for _ in range(2))
    yield opened(first, 3), Process(second)
    first.close()
    second.close()


def test_a_command_is_decided_on_what_another_process_did_since(processes: tuple[Process, Process]) -> None:
    one, other = processes
    assert isinstance(one.redeem("first"), Done)
    assert isinstance(other.redeem("second", 2), Done)

    refused = one.redeem("third")

    assert isinstance(refused, InsufficientUnits)
    assert refused.available == 0


def test_a_refusal_never_stands_on_what_is_kept(processes: tuple[Process, Process]) -> None:
    one, other = processes
    assert isinstance(one.redeem("all", 3), Done)
    assert isinstance(one.redeem("more"), InsufficientUnits)
    assert isinstance(other.ask(RestoreUnits(redemption_id="red_all"), "back"), Done)

    assert isinstance(one.redeem("again"), Done)


def test_a_request_that_another_process_answered_is_replayed(processes: tuple[Process, Process]) -> None:
    one, other = processes
    assert isinstance(one.redeem("before"), Done)
    done = other.redeem("visit", content=b"1")
    replayed = one.redeem("visit", content=b"1")

    assert isinstance(done, Done)
    assert isinstance(replayed, Done)
    assert (replayed.first, replayed.replayed) == (done.first, True)
    assert isinstance(one.redeem("visit", content=b"2"), IdempotencyKeyReused)


def test_what_is_kept_is_not_read_again(processes: tuple[Process, Process]) -> None:
    """One round trip: with everything kept, a command loads nothing."""
    one, _ = processes
    assert isinstance(one.redeem("first"), Done)

    def unreadable(wanted: Reads, keys: object = ()) -> None:
        raise LedgerUnavailable("nothing may be read")

    one.ledger.recorder.load = unreadable  # type: ignore[method-assign, assignment]
    assert isinstance(one.redeem("second"), Done)
