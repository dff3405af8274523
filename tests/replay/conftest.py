"""A small business whose packages have lived through everything, in memory, with its read models."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from domain.actor import Actor, Role
from domain.business.commands import OpenBusiness
from domain.catalogue.commands import DefineService
from domain.catalogue.facts import OfferLine, ServiceTerms
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done
from domain.package.commands import (
    AdjustPrice,
    CancelPackage,
    CorrectLine,
    FreezePackage,
    RedeemFromCustomer,
    RedeemUnits,
    ReinstatePackage,
    RestoreUnits,
    SellPackage,
    SetExpiry,
    UnfreezePackage,
    VoidPackage,
)
from domain.people.commands import RegisterCustomer
from domain.values import Money, Value, Wording
from projections.engine.freshness import FreshReads
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.use_cases import order

BUSINESS = "biz_1"
ZONE = "Europe/Budapest"
FIRST = date(2026, 1, 1)
OWNER = Meta(actor=Actor(id="stf_ann", role=Role.OWNER))


class World:
    """Books whose clock is set by hand; what is done must not be refused."""

    def __init__(self, folder: Path, database: str = "memory://") -> None:
        self.now = datetime(2026, 1, 1, 9, tzinfo=UTC)
        self.carnet = Carnet(database, clock=lambda: self.now)
        self.carnet.store.open_ledger(BUSINESS)
        self.ledger: Ledger = self.carnet.ledger(BUSINESS)
        self.views = ReadTables(folder / "views.db", READ_MODELS)
        self.views.create()
        self.reads = FreshReads(
            self.carnet.store, self.views, Runner(self.carnet.store, self.views), patience_s=None
        )
        self._texts = 0

    def on(self, day: int) -> "World":
        """Noon of so many days after the first."""
        self.now = datetime(2026, 1, 1, 11, tzinfo=UTC) + timedelta(days=day)
        return self

    def do(self, *commands: Value) -> None:
        results = self.ledger.execute([order(command, OWNER) for command in commands])
        assert all(isinstance(result, Done) for result in results), results

    def because(self) -> Wording:
        self._texts += 1
        return Wording(id=f"txt_{self._texts}", salt=b"salt", text="a reason")

    def sell(self, package: str, customer: str, units: int, price: int, expires_on: date | None) -> None:
        self.do(
            SellPackage(
                package_id=f"pkg_{package}",
                customer_id=f"cus_{customer}",
                name="Units",
                lines=(OfferLine(quantity=units, services=("svc_1",)),),
                price=Money(amount=price, currency="EUR"),
                expires_on=expires_on,
            )
        )

    def use(self, package: str, use: str, quantity: int = 1, day: date | None = None) -> None:
        self.do(
            RedeemUnits(
                package_id=f"pkg_{package}",
                redemption_id=f"red_{use}",
                service_id="svc_1",
                quantity=quantity,
                effective_at=day,
            )
        )


@dataclass(frozen=True)
class Lived:
    world: World
    packages: tuple[str, ...]
    days: int
    """How many days they lived through."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    open_business(made)
    yield made
    made.views.close()


def open_business(made: World) -> None:
    made.do(
        OpenBusiness(business_id=BUSINESS, name="Spa", currency="EUR", time_zone=ZONE),
        DefineService(service_id="svc_1", service=ServiceTerms(name="Massage", service_type="Massage")),
        RegisterCustomer(customer_id="cus_ann"),
        RegisterCustomer(customer_id="cus_bob"),
    )


@pytest.fixture
def lived(world: World) -> Lived:
    return live(world)


def live(world: World) -> Lived:
    """Nine packages: used, restored, corrected, frozen, cancelled, brought back, voided, expired."""
    packages = ("used", "corrected", "frozen", "thawed", "cancelled", "back", "voided", "over", "late")
    for n, name in enumerate(packages):
        last = None if name in ("used", "cancelled") else FIRST + timedelta(days=20)
        world.on(n).sell(name, "ann" if n % 2 else "bob", 7, 1000 + n, last)
        if name == "voided":
            world.do(VoidPackage(package_id="pkg_voided", reason=world.because()))
    _use_and_restore(world)
    _correct_and_freeze(world)
    _end_and_bring_back(world)
    return Lived(world, packages, days=60)


def _use_and_restore(world: World) -> None:
    across = RedeemFromCustomer(
        customer_id="cus_ann", redemption_id="red_across", service_id="svc_1", quantity=9
    )
    world.on(9).do(across)
    world.use("used", "gone", 2)
    world.use("used", "kept", 3, day=FIRST + timedelta(days=4))
    world.on(10).do(RestoreUnits(redemption_id="red_gone"))
    world.do(RestoreUnits(redemption_id="red_kept", quantity=1))


def _correct_and_freeze(world: World) -> None:
    world.on(11).do(CorrectLine(package_id="pkg_corrected", line=1, change=2, reason=world.because()))
    world.do(CorrectLine(package_id="pkg_used", line=1, change=-2, reason=world.because()))
    price = Money(amount=1500, currency="EUR")
    world.do(AdjustPrice(package_id="pkg_used", price=price, reason=world.because()))
    until = FIRST + timedelta(days=30)
    for name in ("frozen", "thawed"):
        world.on(12).do(FreezePackage(package_id=f"pkg_{name}", until=until, reason=world.because()))
    world.on(15).do(UnfreezePackage(package_id="pkg_thawed"))


def _end_and_bring_back(world: World) -> None:
    world.on(16).do(CancelPackage(package_id="pkg_cancelled", reason=world.because()))
    world.do(CancelPackage(package_id="pkg_back", reason=world.because()))
    back = ReinstatePackage(
        package_id="pkg_back", expires_on=FIRST + timedelta(days=40), reason=world.because()
    )
    world.on(22).do(back)
    later = SetExpiry(package_id="pkg_frozen", expires_on=FIRST + timedelta(days=50), reason=world.because())
    world.on(25).do(later)
