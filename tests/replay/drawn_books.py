"""Books that grow by drawn commands, for reports that are held against a fold of everything."""

from datetime import date, timedelta
from random import Random

from domain.ledger.mapper import Meta
from domain.ledger.orders import Done
from domain.package.commands import (
    AdjustPrice,
    CancelPackage,
    CorrectLine,
    FreezePackage,
    ImportedLine,
    ImportPackage,
    RedeemFromCustomer,
    RedeemUnits,
    ReinstatePackage,
    RestoreUnits,
    SetExpiry,
    TransferUnits,
    UndoTransfer,
    UnfreezePackage,
    VoidPackage,
)
from domain.people.commands import MergeCustomers, RegisterCustomer, UnmergeCustomers
from domain.values import ExternalRef, Money, Value
from tests.replay.conftest import FIRST, OWNER, World
from tests.use_cases import order

CUSTOMERS = tuple(f"cus_{name}" for name in ("ann", "bob", "cleo", "dan"))


class Drawn:
    """Books that grow by drawn commands, of which some are refused."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.draw = Random(seed)
        self.day = 0
        self.packages: list[str] = []
        self.uses: list[str] = []
        self.transfers: list[str] = []
        self.done: set[str] = set()
        for name in ("cus_cleo", "cus_dan"):
            world.do(RegisterCustomer(customer_id=name))

    def grow(self) -> None:
        self.day += self.draw.choice((0, 0, 1, 3, 9))
        self.world.on(self.day)
        command = self._command()
        meta: Meta = OWNER
        if command is not None:
            (result,) = self.world.ledger.execute([order(command, meta)])
            if isinstance(result, Done):
                self.done.add(type(command).__name__)

    def moment(self) -> date:
        return FIRST + timedelta(days=self.draw.randrange(-2, self.day + 1))

    def _package(self) -> str:
        return self.draw.choice(self.packages or ["pkg_none"])

    def _new_package(self) -> str:
        self.packages.append(f"pkg_{len(self.packages)}")
        return self.packages[-1]

    def _day(self, first: int, last: int) -> date:
        return FIRST + timedelta(days=self.day + self.draw.randrange(first, last))

    def _money(self) -> Money:
        return Money(amount=self.draw.randrange(0, 2000), currency="EUR")

    def _command(self) -> Value | None:
        draw, because, package_id = self.draw, self.world.because, self._package()
        customer_id, other = draw.sample(CUSTOMERS, 2)
        use = f"red_{len(self.uses)}"
        match draw.randrange(24):
            case 0 | 1 | 2 | 3 | 4:
                last = draw.choice((None, self._day(0, 40)))
                self.world.sell(
                    self._new_package().removeprefix("pkg_"),
                    customer_id.removeprefix("cus_"),
                    draw.randrange(1, 6),
                    draw.randrange(0, 3000),
                    last,
                )
                return None
            case 5 | 6 | 7 | 8:
                self.uses.append(use)
                late = draw.choice((None, None, self._day(-8, 1)))
                return RedeemUnits(
                    package_id=package_id, redemption_id=use, service_id="svc_1", effective_at=late
                )
            case 9 | 10:
                self.uses.append(use)
                return RedeemFromCustomer(
                    customer_id=customer_id,
                    redemption_id=use,
                    service_id="svc_1",
                    quantity=draw.randrange(1, 8),
                )
            case 11 | 12:
                quantity = draw.choice((None, 1))
                return RestoreUnits(redemption_id=draw.choice(self.uses or ["red_none"]), quantity=quantity)
            case 13:
                return CorrectLine(
                    package_id=package_id, line=1, change=draw.choice((-2, -1, 1, 2)), reason=because()
                )
            case 14:
                return AdjustPrice(package_id=package_id, price=self._money(), reason=because())
            case 15:
                expires_on = draw.choice((None, self._day(-5, 30)))
                return SetExpiry(package_id=package_id, expires_on=expires_on, reason=because())
            case 16:
                return FreezePackage(package_id=package_id, until=self._day(0, 20), reason=because())
            case 17:
                return UnfreezePackage(package_id=package_id)
            case 18:
                return CancelPackage(package_id=package_id, reason=because())
            case 19:
                return ReinstatePackage(package_id=package_id, expires_on=self._day(0, 30), reason=because())
            case 20:
                newest = self.packages[-1] if self.packages else package_id
                return VoidPackage(package_id=newest, reason=because())
            case 21:
                self.transfers.append(f"trf_{len(self.transfers)}")
                return TransferUnits(
                    package_id=package_id,
                    transfer_id=self.transfers[-1],
                    new_package_id=self._new_package(),
                    to_customer_id=customer_id,
                    line=1,
                    quantity=1,
                )
            case 22:
                if draw.random() < 0.5:
                    return UndoTransfer(transfer_id=draw.choice(self.transfers or ["trf_none"]))
                id = self._new_package()
                return ImportPackage(
                    import_id="imp_1",
                    package_id=id,
                    customer_id=customer_id,
                    external_ref=ExternalRef(source="till", ref=id),
                    name="Units",
                    lines=(ImportedLine(services=("svc_1",), quantity=4, used_before=draw.randrange(5)),),
                    price=Money(amount=400, currency="EUR"),
                    paid=Money(amount=400, currency="EUR"),
                    payment_id=f"pay_{id}",
                    purchased_on=self._day(-30, 0),
                )
            case _:
                if draw.random() < 0.5:
                    return MergeCustomers(customer_id=customer_id, absorbed_customer_id=other)
                return UnmergeCustomers(customer_id=other)
