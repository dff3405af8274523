"""A salon whose customer has one package, for what is tried through the whole write path."""

from domain.actor import Actor, Role
from domain.business.commands import OpenBusiness
from domain.catalogue.commands import DefineService
from domain.catalogue.facts import OfferLine, ServiceTerms
from domain.ledger.carnet import Carnet
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done, Order, Result
from domain.package.commands import RedeemUnits, SellPackage
from domain.people.commands import RegisterCustomer
from domain.values import Money, Value
from tests.use_cases import order

BUSINESS = "biz_salon"
META = Meta(actor=Actor(id="stf_rosa", role=Role.OWNER))


class Process:
    """A process with its own memory on the shared database."""

    def __init__(self, carnet: Carnet, business_id: str = BUSINESS) -> None:
        self.ledger = carnet.ledger(business_id)

    def ask(self, command: Value, key: str, content: bytes = b"", new_ids: tuple[str, ...] = ()) -> Result:
        (result,) = self.ledger.execute([self.order(command, key, content, new_ids)])
        return result

    def redeem(self, name: str, quantity: int = 1, content: bytes = b"", key: str | None = None) -> Result:
        """`name` makes the redemption's id, and the request key where none is given."""
        id = f"red_{name}"
        command = RedeemUnits(package_id="pkg_1", redemption_id=id, service_id="svc_1", quantity=quantity)
        return self.ask(command, key or name, content, (id,))

    def redeem_grouped(self, name: str) -> Result:
        """One unit, together with whoever else asks at the moment."""
        return self.ledger.execute_grouped(self.use(name))

    def use(self, name: str) -> Order:
        """To redeem one unit."""
        id = f"red_{name}"
        command = RedeemUnits(package_id="pkg_1", redemption_id=id, service_id="svc_1")
        return self.order(command, name, new_ids=(id,))

    def order(self, command: Value, key: str, content: bytes = b"", new_ids: tuple[str, ...] = ()) -> Order:
        return order(command, META, self.ledger.request(key, content), new_ids=new_ids)


def opened(carnet: Carnet, units: int, business_id: str = BUSINESS) -> Process:
    """The salon with a package of so many units, `pkg_1`."""
    carnet.store.open_ledger(business_id)
    desk = Process(carnet, business_id)
    lines = (OfferLine(quantity=units, services=("svc_1",)),)
    price = Money(amount=3000, currency="EUR")
    for n, command in enumerate(
        (
            OpenBusiness(business_id=business_id, name="Salon", currency="EUR", time_zone="Europe/Budapest"),
            DefineService(service_id="svc_1", service=ServiceTerms(name="Massage", service_type="Massage")),
            RegisterCustomer(customer_id="cus_1"),
            SellPackage(package_id="pkg_1", customer_id="cus_1", name="Massages", lines=lines, price=price),
        )
    ):
        assert isinstance(desk.ask(command, f"made {n}"), Done)
    return desk
