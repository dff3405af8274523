"""Bookings through the whole write path: their ids, their owner, and many who want the last unit."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from domain.actor import Actor, Role
from domain.booking.commands import (
    CancelBooking,
    ConfirmBooking,
    MakeBooking,
    MarkAttendance,
    NewBooking,
    RescheduleBooking,
)
from domain.business.commands import ChangePolicies
from domain.business.facts import Deduct
from domain.decision import Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.carnet import Carnet
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done, Result
from domain.package.commands import RestoreUnits
from domain.package.state import Package
from domain.people.commands import RegisterCustomer
from domain.refusals import DuplicateExternalRef, IdTaken, InsufficientUnits, NotFound, VersionMismatch
from domain.values import ExternalRef, Value, Wording
from tests.domain.ledger.salon import BUSINESS, Process, opened
from tests.use_cases import order

WRITERS = 12
NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)
START = NOON + timedelta(days=10)
DEDUCTS: tuple[Deduct, Deduct] = ("at_booking", "at_attendance")
EVA = Actor(id="cus_eva", role=Role.CUSTOMER)


@dataclass
class SetClock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def carnet(carnet_url: str, clock: SetClock) -> Iterator[Carnet]:
    with closing(Carnet(carnet_url, clock=clock)) as carnet:
        yield carnet


def salon(carnet: Carnet, units: int, deduct: Deduct) -> Process:
    """At noon of 3 October; another customer, Eva, has nothing yet."""
    desk = opened(carnet, units)
    for command in (ChangePolicies(deduct=deduct), RegisterCustomer(customer_id="cus_eva")):
        assert isinstance(desk.ask(command, type(command).__name__), Done)
    return desk


def ids(name: str, redemption: str | None = None) -> NewBooking:
    return NewBooking(booking_id=f"bkg_{name}", redemption_id=f"red_{redemption or name}")


def book(*named: NewBooking, **fields: Any) -> MakeBooking:
    standard: dict[str, Any] = {"customer_id": "cus_1", "service_id": "svc_1", "starts_at": START}
    return MakeBooking(bookings=named, **(standard | fields))


def ask_as(actor: Actor, desk: Process, command: Value, if_match: tuple[int, ...] | None = None) -> Result:
    (result,) = desk.ledger.execute([order(command, Meta(actor=actor), if_match=if_match)])
    return result


def stored(desk: Process) -> Package:
    """The package as it is stored, whatever is kept."""
    wanted = Reads({"pkg_1": 0})
    found = LoadedBooks(BUSINESS, wanted, desk.ledger.recorder.load(wanted)).package("pkg_1")
    assert found is not None
    return found


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_ids_are_taken_once(carnet: Carnet, deduct: Deduct) -> None:
    desk = salon(carnet, 5, deduct)
    assert isinstance(desk.ask(book(ids("1")), "1"), Done)
    for n, command in enumerate(
        (
            book(ids("1", "new")),
            book(ids("2", "1")),
            book(ids("2"), ids("2", "3")),
            book(ids("2"), ids("3", "2")),
        )
    ):
        assert isinstance(desk.ask(command, f"again {n}"), IdTaken)
    assert isinstance(desk.redeem("1", key="use"), IdTaken), "also before it is attended"
    assert stored(desk).lines[0].available == 4


def test_a_reference_of_another_system_is_taken_once(carnet: Carnet) -> None:
    desk, ref = salon(carnet, 5, "at_booking"), ExternalRef(source="mindbody", ref="991")
    assert isinstance(desk.ask(book(ids("1"), external_ref=ref), "1"), Done)
    assert isinstance(desk.ask(book(ids("2"), external_ref=ref), "2"), DuplicateExternalRef)


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_series_is_one_append_with_units_of_its_own(carnet: Carnet, deduct: Deduct) -> None:
    desk = salon(carnet, 2, deduct)
    done = desk.ask(book(ids("1"), ids("2"), ids("3")), "1")
    assert isinstance(done, Done)
    facts = desk.ledger.recorder.facts(after=done.first - 1, limit=10)
    assert sorted(fact.stream_id for fact in facts) == ["bkg_1", "bkg_2", "pkg_1", "pkg_1"]
    assert len({fact.recorded_at for fact in facts}) == 1
    assert isinstance(desk.ask(ConfirmBooking(booking_id="bkg_3"), "2"), NotFound)


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_a_use_by_a_booking_is_given_back_by_hand_like_any_other(
    carnet: Carnet, clock: SetClock, deduct: Deduct
) -> None:
    desk = salon(carnet, 2, deduct)
    assert isinstance(desk.ask(book(ids("1")), "1"), Done)
    if deduct == "at_attendance":
        assert isinstance(desk.ask(RestoreUnits(redemption_id="red_1"), "2"), NotFound), "it is only held"
        clock.now = START
        assert isinstance(desk.ask(MarkAttendance(booking_id="bkg_1", attendance="attended"), "3"), Done)
    assert isinstance(desk.ask(RestoreUnits(redemption_id="red_1"), "4"), Done)
    assert stored(desk).lines[0].available == 2


def test_a_customer_knows_only_bookings_of_their_own(carnet: Carnet) -> None:
    desk = salon(carnet, 5, "at_booking")
    assert isinstance(desk.ask(book(ids("1")), "1"), Done)
    for command in (
        book(ids("2")),
        book(ids("2"), customer_id="cus_eva", package_id="pkg_1"),
        RescheduleBooking(booking_id="bkg_1", starts_at=START + timedelta(days=1)),
        CancelBooking(booking_id="bkg_1"),
    ):
        assert isinstance(ask_as(EVA, desk, command), NotFound)
    assert isinstance(ask_as(EVA, desk, book(ids("2"), customer_id="cus_eva")), Done)
    assert isinstance(ask_as(EVA, desk, CancelBooking(booking_id="bkg_2")), Done)


def test_a_change_may_name_the_version_it_has_seen(carnet: Carnet) -> None:
    desk = salon(carnet, 5, "at_booking")
    assert isinstance(desk.ask(book(ids("1")), "1"), Done)
    owner = Actor(id="stf_rosa", role=Role.OWNER)
    assert isinstance(ask_as(owner, desk, ConfirmBooking(booking_id="bkg_1"), if_match=(2,)), VersionMismatch)
    assert isinstance(ask_as(owner, desk, ConfirmBooking(booking_id="bkg_1"), if_match=(1,)), Done)


def test_the_reason_of_a_cancellation_goes_into_the_directory(carnet: Carnet) -> None:
    desk = salon(carnet, 5, "at_booking")
    assert isinstance(desk.ask(book(ids("1")), "1"), Done)
    reason = Wording(id="txt_1", salt=b"pinch", text="the therapist is ill")
    assert isinstance(desk.ask(CancelBooking(booking_id="bkg_1", by="business", reason=reason), "2"), Done)
    assert [text.text for text in desk.ledger.recorder.texts(["txt_1"])] == ["the therapist is ill"]


@pytest.mark.parametrize("deduct", DEDUCTS)
def test_of_many_who_book_the_last_units_as_many_get_them(carnet: Carnet, deduct: Deduct) -> None:
    """Invariant 6, for bookings: nobody is promised what somebody else was."""
    desk = salon(carnet, 5, deduct)
    barrier = Barrier(WRITERS)

    def try_to(n: int) -> Result:
        barrier.wait()
        return desk.ask(book(ids(f"w{n}"), package_id="pkg_1"), f"w{n}")

    with ThreadPoolExecutor(WRITERS) as pool:
        results = list(pool.map(try_to, range(WRITERS)))
    assert Counter(type(result) for result in results) == {Done: 5, InsufficientUnits: WRITERS - 5}
    assert stored(desk).lines[0].available == 0
