"""The purchase numbers that are shown for a customer who absorbed another.

Each counted its own purchases; together they are counted anew, by the moment of the purchase and then by position.
The number of the fact is kept.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from domain.package.state import Package


class Purchase(NamedTuple):
    """A purchase, as far as its number depends on it."""

    package_id: str
    counted_with: tuple[str | None, ...]
    """Purchases that are counted together are alike in this: the offer, else the membership's or the own name."""
    moment: float
    """Of the purchase, in ms since 1970."""
    position: int


def counted_with(offer_id: str | None, name: str, origin: str | None) -> tuple[str | None, ...]:
    """`origin`: how a package came about; what a membership grants is counted by itself."""
    return (
        (offer_id,)
        if offer_id is not None
        else (None, name, "membership" if origin == "membership" else None)
    )


def purchase_on(card: Mapping[str, Any]) -> Purchase:
    """The purchase of a card, or of a row with its columns."""
    together = counted_with(card["offer_id"], card["name"], card["origin"])
    moment = card["purchased_at"].timestamp() * 1000
    return Purchase(card["package_id"], together, moment, card["position"] or 2**62)


def purchase_of(package_id: str, package: Package, position: int) -> Purchase:
    """`position`: of the first fact; 0 while that is not stored."""
    origin = None if package.membership_id is None else "membership"
    together = counted_with(package.offer_id, package.name, origin)
    return Purchase(package_id, together, package.bought_at.timestamp() * 1000, position or 2**62)


def numbered(purchases: Iterable[Purchase]) -> dict[str, int]:
    """Package → its number among those that are counted with it."""
    numbers: dict[str, int] = {}
    last: dict[tuple[str | None, ...], int] = {}
    for each in sorted(purchases, key=lambda each: (each.moment, each.position)):
        last[each.counted_with] = numbers[each.package_id] = last.get(each.counted_with, 0) + 1
    return numbers
