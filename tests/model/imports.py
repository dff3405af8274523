"""What is asked of imports: a balance that another system kept, and that one was imported by mistake."""

from domain.package.commands import ImportedLine, ImportPackage, VoidPackage
from domain.values import AMOUNT_MAX, ExternalRef, Money
from tests.model import balances, booking
from tests.model.almanac import moved
from tests.model.desk import CURRENCY, LOCATIONS, OFTEN, PRICES, QUANTITIES, Asked, Desk

SOURCE = "old"


def receive(desk: Desk) -> Asked:
    """Often all that there is to import again: what was voided may come again, and nothing else."""
    balance = _balance(desk)
    command = ImportPackage(
        import_id=balance.batch,
        package_id=balance.id,
        customer_id=balance.customer,
        external_ref=ExternalRef(source=SOURCE, ref=balance.ref),
        name=balance.name,
        lines=tuple(
            ImportedLine(services=services, quantity=granted, used_before=used)
            for granted, used, services in balance.lines
        ),
        price=_money(balance.price),
        paid=_money(balance.paid),
        payment_id=balance.payment,
        purchased_on=balance.bought_on,
        expires_on=balance.expires_on,
        location_id=balance.location,
    )
    return Asked(command, lambda books, asking: balances.receive(books, asking, balance))


def _money(amount: int) -> Money:
    return Money(amount=amount, currency=CURRENCY)


def _balance(desk: Desk) -> balances.Balance:
    price = desk.one_of(*PRICES)
    paid = desk.one_of(price, price, price // 2, 0, min(price + 1, AMOUNT_MAX))
    bought_on = moved(desk.today, desk.one_of(0, -1, -40, -40, -400, -3_650, 1))
    return balances.Balance(
        id=desk.new("pkg", list(desk.books.packages)),
        batch=desk.new("imp"),
        ref=_ref(desk),
        customer=desk.customer_id(),
        name=desk.one_of("Massage ×10 💆", "By hand"),
        lines=tuple(_line(desk) for _ in range(desk.one_of(1, 1, 2))),
        price=price,
        paid=paid,
        payment=desk.new("pay", booking.payments_in(desk)),
        bought_on=bought_on,
        expires_on=desk.one_of(None, desk.day(), moved(bought_on, desk.one_of(0, 365, 800, -1))),
        location=desk.one_of(*[None] * OFTEN, *LOCATIONS, "loc_unknown"),
    )


def _ref(desk: Desk) -> str:
    known = [package.ref for package in desk.books.packages.values() if package.ref]
    voided = [package.ref for package in desk.books.packages.values() if package.ref and package.voided]
    return desk.one_of(desk.new("S"), desk.new("S"), *voided, *known[-1:])


def _line(desk: Desk) -> tuple[int, int, tuple[str, ...]]:
    """(granted, used there, services)."""
    granted = desk.one_of(*QUANTITIES, 5, 10)
    return granted, desk.one_of(0, 0, granted // 2, granted - 1, granted, granted + 1), desk.services(2)


def void(desk: Desk) -> Asked:
    """Where nothing was imported, mostly an import."""
    known = [package.id for package in desk.books.packages.values() if package.batch is not None]
    if not known and desk.one_of(*[True] * OFTEN, False):
        return receive(desk)
    id, release = desk.one_of(*known, *known[-1:] * 2, desk.package_id()), desk.one_of(True, False)
    command = VoidPackage(package_id=id, reason=desk.wording(), release_holds=release)
    return Asked(command, lambda books, asking: books.void(asking, id, release), id)
