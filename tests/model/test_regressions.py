"""What the machine found, each as the shortest story that shows it."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

from api.resources.packages.card import render
from domain.actor import Actor, Role
from domain.booking.commands import CancelBooking, MakeBooking, NewBooking
from domain.booking.facts import BookingCancelled
from domain.business.commands import OpenBusiness
from domain.business.facts import Policies
from domain.catalogue.commands import DefineService
from domain.catalogue.facts import OfferLine, ServiceTerms
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done, Order
from domain.package.commands import (
    FreezePackage,
    NewPayment,
    RecordPayment,
    RedeemFromCustomer,
    SellPackage,
    SetExpiry,
    UnfreezePackage,
)
from domain.package.evolution import evolve
from domain.package.state import Package
from domain.people.commands import RegisterCustomer
from domain.refusals import PackageIsFrozen
from domain.values import Money, PaymentMethod, Value, Wording
from projections.engine.definition import Row, fold
from projections.engine.rebuild import Rebuild
from projections.models.card_columns import card_status
from projections.models.packages import CARDS
from tests.model.places import places
from tests.use_cases import order

BUSINESS = "biz_1"
NUMBERS = count(1)
NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)


class Desk:
    """A business with one package of five massages, sold at noon, and a clock that can be set."""

    def __init__(self) -> None:
        self.now = NOON
        self.carnet = Carnet("memory://", clock=lambda: self.now)
        self.carnet.store.open_ledger(BUSINESS)
        self.ledger: Ledger = self.carnet.ledger(BUSINESS)
        self.done(OpenBusiness(business_id=BUSINESS, name="Silk Salon", currency="EUR", time_zone="UTC"))
        massage = ServiceTerms(name="Massage 60", service_type="Massage")
        for service_id in ("svc_1", "svc_2"):
            self.done(DefineService(service_id=service_id, service=massage))
        self.done(RegisterCustomer(customer_id="cus_1"))
        line = OfferLine(quantity=5, services=("svc_1",))
        price = Money(amount=500, currency="EUR")
        self.done(
            SellPackage(package_id="pkg_1", customer_id="cus_1", name="By hand", lines=(line,), price=price)
        )

    def order(self, command: Value) -> Order:
        return order(command, Meta(actor=Actor(id="stf_1", role=Role.OWNER)))

    def ask(self, command: Value) -> object:
        return self.ledger.execute([self.order(command)])[0]

    def done(self, command: Value) -> None:
        outcome = self.ask(command)
        assert isinstance(outcome, Done), outcome

    @property
    def package(self) -> Package:
        state: Package | None = None
        for fact in self.ledger.stream("pkg_1"):
            state = evolve(state, fact.fact)  # type: ignore[arg-type]
        assert state is not None
        return state

    def used(self, package_id: str) -> int:
        used: int = fold(CARDS, self.ledger.stream(package_id))[package_id,]["used"]
        return used

    @property
    def card(self) -> Row:
        return fold(CARDS, self.ledger.stream("pkg_1"))["pkg_1",]


def why() -> Wording:
    return Wording(id=f"txt_{next(NUMBERS)}", salt=b"pinch", text="agreed at the desk")


def shown(desk: Desk) -> Row:
    return render(desk.card, desk.now, {}, recorded_at="", terms=Policies())


def test_a_frozen_package_stays_active_whatever_its_expiry_is_set_to() -> None:
    """domain.md, Freeze: "status stays active with `frozen_until`"."""
    desk = Desk()
    desk.now += timedelta(days=400)
    today = desk.now.date()
    desk.done(FreezePackage(package_id="pkg_1", until=today + timedelta(days=9), reason=why()))
    desk.done(SetExpiry(package_id="pkg_1", expires_on=NOON.date()))

    assert desk.package.status(desk.now) == "active"
    assert card_status(desk.card, desk.now) == "active"


def test_a_card_and_its_package_agree_on_the_day_before_a_freeze() -> None:
    """Two hosts whose clocks differ by five minutes, at midnight (trust.md)."""
    desk = Desk()
    desk.done(FreezePackage(package_id="pkg_1", until=date(2026, 10, 9), reason=why()))
    desk.now -= timedelta(days=1)

    freeze = desk.package.freezes[-1] if desk.package.expiry.is_frozen(desk.now.date()) else None
    assert shown(desk)["frozen_until"] == (None if freeze is None else "2026-10-09")


def test_before_a_freeze_the_expiry_counts_as_it_stands() -> None:
    """The same two hosts, and an expiry set into the past while the package is frozen."""
    desk = Desk()
    desk.now += timedelta(days=9)
    desk.done(FreezePackage(package_id="pkg_1", until=desk.now.date(), reason=why()))
    desk.done(SetExpiry(package_id="pkg_1", expires_on=NOON.date()))
    desk.now -= timedelta(days=1)

    assert card_status(desk.card, desk.now) == desk.package.status(desk.now) == "expired"


def test_a_freeze_can_be_ended_by_a_clock_that_is_behind() -> None:
    """rules.md: what cannot be back-dated happens after everything known."""
    desk = Desk()
    desk.done(FreezePackage(package_id="pkg_1", until=date(2026, 10, 9), reason=why()))
    desk.now -= timedelta(minutes=5)
    desk.done(UnfreezePackage(package_id="pkg_1"))

    assert not desk.package.frozen


def test_a_package_is_not_frozen_twice_by_a_clock_that_is_behind() -> None:
    """`package-frozen` (api.md): a second freeze hides the first, which then can never be ended."""
    desk = Desk()
    desk.done(FreezePackage(package_id="pkg_1", until=date(2026, 10, 9), reason=why()))
    desk.now -= timedelta(minutes=5)

    assert isinstance(
        desk.ask(FreezePackage(package_id="pkg_1", until=date(2026, 10, 8), reason=why())), PackageIsFrozen
    )


def test_a_rebuild_is_compared_with_a_live_table_that_no_runner_has_opened() -> None:
    """`carnet rebuild NAME` with a comparison, where no worker ever ran: invariant 8."""
    desk = Desk()
    with places("memory") as make:
        views = make().open_views()
        try:
            making = Rebuild(desk.carnet.store, views, CARDS)
            making.fill()
            assert list(making.differences()) == []
        finally:
            views.close()


def test_a_second_freeze_ends_the_first_whatever_the_clock_says() -> None:
    """domain.md, Freeze: the expiry moves by the days frozen, of both freezes."""
    desk = Desk()
    desk.done(SetExpiry(package_id="pkg_1", expires_on=date(2026, 10, 20)))
    desk.now = datetime(2026, 10, 3, 23, 58, tzinfo=UTC)
    desk.done(FreezePackage(package_id="pkg_1", until=date(2026, 10, 3), reason=why()))
    payment = NewPayment(
        payment_id="pay_1", amount=Money(amount=1, currency="EUR"), method=PaymentMethod.CASH
    )
    after_midnight = desk.now + timedelta(minutes=4)
    desk.done(RecordPayment(package_id="pkg_1", payment=payment, effective_at=after_midnight))
    desk.done(FreezePackage(package_id="pkg_1", until=date(2026, 10, 6), reason=why()))

    assert desk.package.expiry.on(date(2026, 10, 7)) == date(2026, 10, 24)


def test_a_batch_uses_up_packages_in_the_order_in_which_it_sold_them() -> None:
    """domain.md, Redeeming: at last, "lower position"; design.md: each on the state its predecessors left."""
    one_by_one, at_once = Desk(), Desk()
    commands = [_sold("pkg_a", 2), _sold("pkg_b", 1), _redeemed(2)]

    for command in commands:
        one_by_one.done(command)
    at_once.ledger.execute([at_once.order(command) for command in commands])

    assert one_by_one.used("pkg_a") == 2
    assert at_once.used("pkg_a") == 2


def test_the_last_millisecond_of_the_notice_is_in_time_to_its_end() -> None:
    """domain.md, Bookings: "in time means cancelled_at ≤ starts_at − notice", and the ledger says they are equal."""
    desk, ids = Desk(), NewBooking(booking_id="bkg_1", redemption_id="red_1")
    start = NOON + timedelta(hours=24)
    desk.done(MakeBooking(bookings=(ids,), customer_id="cus_1", service_id="svc_1", starts_at=start))
    desk.now += timedelta(microseconds=999)
    desk.done(CancelBooking(booking_id="bkg_1"))

    cancelled = desk.ledger.stream("bkg_1")[-1].fact
    assert isinstance(cancelled, BookingCancelled)
    assert cancelled.in_time


def _sold(package_id: str, lines: int) -> SellPackage:
    """One unit a line, each worth 1.00."""
    line, price = OfferLine(quantity=1, services=("svc_2",)), Money(amount=100 * lines, currency="EUR")
    return SellPackage(
        package_id=package_id, customer_id="cus_1", name="By hand", lines=(line,) * lines, price=price
    )


def _redeemed(quantity: int) -> RedeemFromCustomer:
    return RedeemFromCustomer(
        customer_id="cus_1", redemption_id="red_1", service_id="svc_2", quantity=quantity
    )
