"""Adjust the price of a sold package; the units that are left carry the difference."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import AdjustPrice
from domain.package.payment import adjust_price
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: AdjustPrice, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `adjust_price` raises."""
    return decided(command.package_id, command, books, at, lambda package: adjust_price(package, command, at))


ADJUST_PRICE = UseCase(AdjustPrice, reads_package, decide, id_in("package_id"))
