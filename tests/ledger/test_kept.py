"""What a process keeps between commands saves it reading, and never misleads it: other processes write too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.business import OpenBusiness
from domain.catalogue import DefineService, OfferLine, ServiceTerms
from domain.customer import RegisterCustomer
from domain.ledger import sqlite
from domain.ledger.application import Carnet
from domain.ledger.execute import Done, Order, Result
from domain.ledger.mapper import Meta
from domain.ledger.recorder import LedgerUnavailable, Wanted
from domain.package import RedeemUnits, RestoreUnits, SellPackage
from domain.refusals import IdempotencyKeyReused, InsufficientUnits
from domain.values import Actor, Money, Role, Value

BUSINESS = "biz_salon"
META = Meta(actor=Actor(id="stf_rosa", role=Role.OWNER))


class Process:
    """A process with its own memory on the shared database."""

    def __init__(self, carnet: Carnet) -> None:
        self.ledger = carnet.ledger(BUSINESS)

    def ask(self, command: Value, key: str, content: bytes = b"", new_ids: tuple[str, ...] = ()) -> Result:
        (result,) = self.ledger.execute(
            [Order(command, META, self.ledger.request(key, content), new_ids=new_ids)]
        )
        return result

    def redeem(self, name: str, quantity: int = 1, content: bytes = b"") -> Result:
        id = f"red_{name}"
        command = RedeemUnits(package_id="pkg_1", redemption_id=id, service_id="svc_1", quantity=quantity)
        return self.ask(command, name, content, (id,))


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """Two processes on one database, in which a customer has a package of three units."""
    sqlite.migrate(tmp_path / "ledger.db")
    first, second = (Carnet(f"sqlite:///{tmp_path / 'ledger.db'}") for _ in range(2))
    first.store.open_ledger(BUSINESS)
    desk = Process(first)
    lines = (OfferLine(quantity=3, services=("svc_1",)),)
    price = Money(amount=3000, currency="EUR")
    for n, command in enumerate(
        (
            OpenBusiness(business_id=BUSINESS, name="Salon", currency="EUR", time_zone="Europe/Budapest"),
            DefineService(service_id="svc_1", service=ServiceTerms(name="Massage", service_type="Massage")),
            RegisterCustomer(customer_id="cus_1"),
            SellPackage(package_id="pkg_1", customer_id="cus_1", name="×3", lines=lines, price=price),
        )
    ):
        assert isinstance(desk.ask(command, f"made {n}"), Done)
    yield desk, Process(second)
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

    def unreadable(wanted: Wanted, keys: object = ()) -> None:
        raise LedgerUnavailable("nothing may be read")

    one.ledger.recorder.load = unreadable  # type: ignore[method-assign, assignment]
    assert isinstance(one.redeem("second"), Done)
