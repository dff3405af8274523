"""A customer who has bought much before: what is decided is the same, however little of it is read."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from domain.actor import Circumstances
from domain.booking.commands import MakeBooking, NewBooking
from domain.catalogue.facts import OfferLine
from domain.decision import Reads
from domain.ledger.batch_reads import load
from domain.ledger.cache import StreamCache
from domain.ledger.carnet import Carnet
from domain.ledger.one_order import decide
from domain.ledger.orders import Done
from domain.ledger.records import Loaded
from domain.moments import whole_milliseconds
from domain.package.commands import (
    AddNote,
    CancelPackage,
    CorrectLine,
    RedeemFromCustomer,
    RedeemUnits,
    ReinstatePackage,
    RestoreUnits,
    SellPackage,
    TransferUnits,
    UndoTransfer,
)
from domain.people.commands import MergeCustomers, RegisterCustomer
from domain.refusals import InsufficientUnits
from domain.values import Money, Value, Wording
from tests.domain.ledger.salon import BUSINESS, META, Process, opened
from tests.proved import assert_proved

LINE = (OfferLine(quantity=2, services=("svc_1",)),)
TOMORROW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
USE_ALL = RedeemUnits(package_id="pkg_old", redemption_id="red_old", service_id="svc_1", quantity=2)
CANCEL = CancelPackage(package_id="pkg_old", reason=Wording(id="txt_1", salt=b"salt", text="asked"))
REINSTATE = ReinstatePackage(
    package_id="pkg_old",
    expires_on=TOMORROW.date(),
    reason=Wording(id="txt_2", salt=b"salt", text="a mistake"),
)
MOVE = TransferUnits(
    package_id="pkg_old",
    transfer_id="trf_1",
    new_package_id="pkg_given",
    to_customer_id="cus_2",
    line=1,
    quantity=2,
)
REVIVALS: Sequence[tuple[Value, Value]] = (
    (USE_ALL, RestoreUnits(redemption_id="red_old", quantity=1)),
    (USE_ALL, CorrectLine(package_id="pkg_old", line=1, change=1)),
    (CANCEL, REINSTATE),
    (MOVE, UndoTransfer(transfer_id="trf_1")),
)
"""What spends `pkg_old`, and what gives units back."""
revived = pytest.mark.parametrize(
    ("end", "back"), REVIVALS, ids=[type(back).__name__ for _, back in REVIVALS]
)


def sold(carnet: Carnet) -> Process:
    """The salon: `pkg_1` has one unit and costs 30, `pkg_old` has two that cost 1 together and go first."""
    desk = opened(carnet, 1)
    done(desk, RegisterCustomer(customer_id="cus_2"))
    done(desk, sale("pkg_old"))
    return desk


def sale(package_id: str, customer_id: str = "cus_1") -> SellPackage:
    return SellPackage(
        package_id=package_id,
        customer_id=customer_id,
        name="Old",
        lines=LINE,
        price=Money(amount=100, currency="EUR"),
    )


def done(desk: Process, command: Value) -> Done:
    result = desk.ask(command, command.model_dump_json())
    assert isinstance(result, Done), result
    return result


def use(name: str, quantity: int = 1) -> RedeemFromCustomer:
    """By the rule."""
    return RedeemFromCustomer(
        customer_id="cus_1", redemption_id=f"red_{name}", service_id="svc_1", quantity=quantity
    )


def booking(name: str) -> MakeBooking:
    ids = NewBooking(booking_id=f"bkg_{name}", redemption_id=f"red_{name}")
    return MakeBooking(bookings=(ids,), customer_id="cus_1", service_id="svc_1", starts_at=TOMORROW)


def used_by(desk: Process, name: str) -> list[str]:
    """The packages that a redemption took units of."""
    facts = desk.ledger.recorder.facts()
    return [
        fact.stream_id for fact in facts if f'"red_{name}"'.encode() in fact.data and fact.kind == "package"
    ]


def refusal(desk: Process, command: Value) -> tuple[int, int | None, int | None]:
    """The units asked for, available and left."""
    refused = desk.ask(command, command.model_dump_json())
    assert isinstance(refused, InsufficientUnits)
    return refused.requested, refused.available, refused.remaining


def read_for(carnet: Carnet, desk: Process, command: Value) -> set[str]:
    """The packages that a process which keeps nothing reads for a command, in one load; it needs no other."""
    order, now = desk.order(command, "k"), whole_milliseconds(carnet.clock())
    books, _ = load(desk.ledger.recorder, [order], StreamCache(), Reads())
    decide(order, books, Circumstances(now, META.actor))
    return {stream.id for stream in books.streams if stream.kind == "package"}


@pytest.mark.parametrize("asked", [use("1"), booking("1")], ids=["use", "booking"])
def test_what_is_spent_is_not_read(carnet: Carnet, asked: Value) -> None:
    desk = sold(carnet)
    assert read_for(carnet, desk, asked) == {"pkg_1", "pkg_old"}
    done(desk, USE_ALL)
    assert read_for(carnet, desk, asked) == {"pkg_1"}
    done(desk, AddNote(package_id="pkg_old", note=Wording(id="txt_3", salt=b"salt", text="all used")))
    assert read_for(carnet, desk, asked) == {"pkg_1"}, "nothing is left of it after the note either"
    done(desk, RestoreUnits(redemption_id="red_old", quantity=1))
    assert read_for(carnet, desk, asked) == {"pkg_1", "pkg_old"}
    assert_proved(carnet.store)


@revived
@pytest.mark.parametrize("asked", [use("1"), booking("1")], ids=["use", "booking"])
def test_what_comes_back_is_used(carnet: Carnet, end: Value, back: Value, asked: Value) -> None:
    desk = sold(carnet)
    done(desk, end)
    assert read_for(carnet, desk, asked) == {"pkg_1"}
    done(desk, back)
    done(desk, asked)
    assert used_by(desk, "1") == ["pkg_old"]
    assert_proved(carnet.store)


def test_a_refusal_tells_the_same_numbers(carnet: Carnet) -> None:
    desk = sold(carnet)
    done(desk, USE_ALL)
    assert refusal(desk, use("2", 2)) == (2, 1, 1)
    done(desk, use("3"))
    assert refusal(desk, use("4")) == (1, 0, 0)


def test_in_one_batch_each_command_sees_what_the_one_before_left(carnet: Carnet) -> None:
    desk = sold(carnet)
    asked = [use("1"), USE_ALL.model_copy(update={"quantity": 1}), use("2"), sale("pkg_new"), use("3", 2)]
    orders = [desk.order(command, str(number)) for number, command in enumerate(asked)]
    results = desk.ledger.execute([*orders, desk.order(use("4"), "last")])
    assert [type(result) for result in results] == [Done] * 5 + [InsufficientUnits]
    assert [used_by(desk, name) for name in ("1", "2", "3")] == [["pkg_old"], ["pkg_1"], ["pkg_new"]]
    assert_proved(carnet.store)


def test_what_a_merged_customer_brings_along_is_passed_over_too(carnet: Carnet) -> None:
    desk = sold(carnet)
    done(desk, sale("pkg_theirs", "cus_2"))
    done(desk, USE_ALL.model_copy(update={"package_id": "pkg_theirs", "redemption_id": "red_theirs"}))
    done(desk, USE_ALL)
    done(desk, MergeCustomers(customer_id="cus_1", absorbed_customer_id="cus_2"))
    done(desk, RestoreUnits(redemption_id="red_theirs", quantity=1))
    done(desk, use("1"))
    assert used_by(desk, "1") == ["pkg_theirs"]
    assert_proved(carnet.store)


# Two processes


@pytest.fixture(params=["sqlite", "postgres"])
def processes(request: pytest.FixtureRequest) -> Iterator[tuple[Process, Process]]:
    """Two processes on one database with the salon of `sold`."""
    file = "ledger_file" if request.param == "sqlite" else "postgres_url"
    found = request.getfixturevalue(file)
    url = f"sqlite:///{found}" if request.param == "sqlite" else found
    first, second = Carnet(url), Carnet(url)
    yield sold(first), Process(second)
    assert_proved(first.store)
    first.close()
    second.close()


def after_its_load(desk: Process, act: Callable[[], object]) -> None:
    """Have something happen once, between the next load of this process and the append that stands on it."""
    recorder = desk.ledger.recorder
    load_now = recorder.load

    def load_and_act(wanted: Reads, keys: Sequence[str] = ()) -> Loaded:
        found = load_now(wanted, keys)
        recorder.load = load_now  # type: ignore[method-assign]
        act()
        return found

    recorder.load = load_and_act  # type: ignore[method-assign]


@revived
@pytest.mark.parametrize("asked", [use("1"), booking("1")], ids=["use", "booking"])
def test_what_comes_back_between_load_and_append_is_not_passed_over(
    processes: tuple[Process, Process], end: Value, back: Value, asked: Value
) -> None:
    """The rule takes the cheaper units first, and they are there when the use is recorded."""
    one, other = processes
    done(one, end)
    after_its_load(one, lambda: done(other, back))

    done(one, asked)

    assert used_by(one, "1") == ["pkg_old"]


def test_what_is_sold_between_load_and_append_is_seen(processes: tuple[Process, Process]) -> None:
    one, other = processes
    done(one, USE_ALL)
    after_its_load(one, lambda: done(other, sale("pkg_new")))
    done(one, use("1"))
    assert used_by(one, "1") == ["pkg_new"]


def test_what_another_process_spent_is_known_to_be_spent(processes: tuple[Process, Process]) -> None:
    """What is kept of a package is not what decides whether it is read."""
    one, other = processes
    done(one, use("1"))
    done(other, use("2"))
    done(one, use("3"))
    assert [used_by(one, name) for name in ("1", "2", "3")] == [["pkg_old"], ["pkg_old"], ["pkg_1"]]
    done(other, CorrectLine(package_id="pkg_old", line=1, change=1))
    done(one, use("4"))
    assert used_by(one, "4") == ["pkg_old"]
    assert isinstance(one.ask(use("5"), "5"), InsufficientUnits)


def test_of_uses_and_revivals_at_once_no_unit_is_lost_or_used_twice(
    processes: tuple[Process, Process],
) -> None:
    """One process uses what the other gives back, over and over."""
    one, other = processes
    done(one, USE_ALL)
    done(one, use("first"))
    rounds, barrier = 10, Barrier(2)

    def give_back() -> None:
        barrier.wait()
        for n in range(rounds):
            assert isinstance(
                other.ask(CorrectLine(package_id="pkg_old", line=1, change=1), f"back {n}"), Done
            )

    thread = Thread(target=give_back)
    thread.start()
    barrier.wait()
    used = sum(isinstance(one.ask(use(f"at_once_{n}"), f"at once {n}"), Done) for n in range(rounds))
    thread.join()
    left = one.ledger.look(Reads({"pkg_old": 0})).package("pkg_old")
    assert left is not None
    assert used + left.remaining == rounds
    books = one.ledger.look(Reads({BUSINESS: 0}, unspent_of=("cus_1",)))
    assert [id for id, _, _ in books.unspent_packages_of("cus_1")] == (["pkg_old"] if left.remaining else [])
