"""Streams as they stand now, from what is kept: the same as from all their facts, whoever has written."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from domain.catalogue.facts import OfferLine
from domain.decision import Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.carnet import Carnet
from domain.ledger.orders import Done
from domain.ledger.records import Loaded
from domain.package.commands import RedeemFromCustomer, SellPackage
from domain.people.commands import MergeCustomers, RegisterCustomer
from domain.values import Money
from tests.domain.ledger.salon import BUSINESS, Process, opened

PACKAGE = Reads({"pkg_1": 0, BUSINESS: 0}, with_customers=True)


def versions(before: Any, fact: Any) -> tuple[int, ...]:
    """A view: the version of each fact."""
    return (*(before or ()), fact.version)


@pytest.fixture(params=["sqlite", "postgres"])
def processes(request: pytest.FixtureRequest) -> Iterator[tuple[Process, Process]]:
    """Two processes on one database, in which a customer has a package of 30 units."""
    name = "ledger_file" if request.param == "sqlite" else "postgres_url"
    found = request.getfixturevalue(name)
    url = f"sqlite:///{found}" if request.param == "sqlite" else found
    first, second = (Carnet(url, views={"package": versions}) for _ in range(2))
    yield opened(first, 30), Process(second)
    first.close()
    second.close()


def present(process: Process, wanted: Reads) -> LoadedBooks:
    return process.ledger.present(wanted)


def assert_as_from_facts(process: Process, wanted: Reads) -> None:
    """Twice: what was not kept is kept then."""
    for _ in range(2):
        found, read = present(process, wanted), process.ledger.look(wanted)
        assert found.head == read.head
        assert {stream.id for stream in found.streams} == {stream.id for stream in read.streams}
        for expected in read.streams:
            stream = found.stream(expected.id)
            assert stream is not None
            told = (stream.state, stream.version, stream.view, stream.people, stream.position)
            assert told == (
                expected.state,
                expected.version,
                expected.view,
                expected.people,
                expected.position,
            )
            assert stream.last is not None
            last = expected.facts[-1]
            assert (stream.last.position, stream.last.recorded_at) == (last.position, last.stored.recorded_at)


def test_it_is_what_the_facts_say_after_commands_of_every_process(processes: tuple[Process, Process]) -> None:
    for turn, process in enumerate((*processes, *processes)):
        assert isinstance(process.redeem(f"use_{turn}"), Done)
        for looking in processes:
            assert_as_from_facts(looking, PACKAGE)


def test_it_is_what_the_facts_say_after_commands_that_were_decided_together(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    orders = []
    for number in range(3):
        command = RedeemFromCustomer(customer_id="cus_1", redemption_id=f"red_{number}", service_id="svc_1")
        orders.append(one.order(command, f"use {number}", new_ids=(f"red_{number}",)))
    assert all(isinstance(result, Done) for result in one.ledger.execute(orders))
    assert_as_from_facts(one, PACKAGE)
    assert_as_from_facts(other, PACKAGE)


def test_a_merged_customer_is_the_survivor(processes: tuple[Process, Process]) -> None:
    one, other = processes
    assert_as_from_facts(other, PACKAGE)
    assert isinstance(one.ask(RegisterCustomer(customer_id="cus_2"), "second"), Done)
    merge = MergeCustomers(customer_id="cus_2", absorbed_customer_id="cus_1")
    assert isinstance(one.ask(merge, "merge"), Done)

    for process in processes:
        package = present(process, PACKAGE).package("pkg_1")
        assert package is not None
        assert package.customer_id == "cus_2"


# What is read for a customer


def sell(process: Process, id: str) -> None:
    lines = (OfferLine(quantity=5, services=("svc_1",)),)
    price = Money(amount=1_000, currency="EUR")
    sale = SellPackage(package_id=id, customer_id="cus_1", name="More", lines=lines, price=price)
    assert isinstance(process.ask(sale, id), Done)


def use(process: Process, name: str, quantity: int = 1) -> None:
    command = RedeemFromCustomer(
        customer_id="cus_1", redemption_id=f"red_{name}", service_id="svc_1", quantity=quantity
    )
    assert isinstance(process.ask(command, name, new_ids=(f"red_{name}",)), Done)


def facts_read(process: Process, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The streams of the facts that are read from now on."""
    read: list[str] = []
    load = process.ledger.recorder.load

    def noting(wanted: Reads, keys: Sequence[str] = ()) -> Loaded:
        loaded = load(wanted, keys)
        read.extend(fact.stream_id for fact in loaded.facts)
        return loaded

    monkeypatch.setattr(process.ledger.recorder, "load", noting)
    return read


def test_the_packages_of_a_customer_are_read_once(
    processes: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = processes
    for number in range(2, 8):
        sell(one, f"pkg_{number}")
    use(one, "first")
    read = facts_read(one, monkeypatch)

    use(one, "second")
    assert read == []
    sell(other, "pkg_8")
    use(other, "elsewhere")
    read.clear()
    use(one, "third")
    assert sorted(set(read)) == ["pkg_1", "pkg_8"]


def test_packages_are_used_in_the_order_of_their_sales_whichever_are_kept(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    sell(other, "pkg_a")
    assert isinstance(one.redeem("kept"), Done)
    assert present(one, Reads({"pkg_a": 0})).package("pkg_a") is not None
    sell(other, "pkg_0")

    books = one.ledger.look(Reads(packages_of=("cus_1",)))
    assert [id for id, _, _ in books.packages_of("cus_1")] == ["pkg_1", "pkg_a", "pkg_0"]
    use(one, "more", 31)
    left = {id: present(one, Reads({id: 0})).package(id) for id in ("pkg_1", "pkg_a", "pkg_0")}
    assert {id: package.remaining for id, package in left.items() if package} == {
        "pkg_1": 0,
        "pkg_a": 3,
        "pkg_0": 5,
    }
