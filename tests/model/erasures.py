"""Erased customers: what ends with them, and how the commands after it are judged."""

from typing import TYPE_CHECKING, Any

from domain.package.commands import RecordExpiry
from domain.values import Value
from tests.model.plain import Asking, Booking, Package, Refusal

if TYPE_CHECKING:
    from tests.model.reference import Reference


NAMING = ("customer_id", "to_customer_id", "purchased_by", "absorbed_customer_id")


class Erasures:
    """The erased customers of one business."""

    def __init__(self, books: "Reference") -> None:
        self.books = books
        self.customers: set[str] = set()

    def erase(self, asking: Asking, id: str, *, ends: bool, keeps: bool) -> bool:
        self.books.customer(id)
        id = self.books.called(id)
        usable = [package for package in self._packages(id) if self._is_usable(package, asking)]
        ahead = {
            name: booking
            for name, booking in self._bookings(id).items()
            if self._is_ahead(name, booking, asking)
        }
        rules = self.books.top_ups.rules
        live = [name for name, rule in rules.items() if rule.customer == id and rule.status != "removed"]
        members = [
            member
            for member in self.books.members.members.values()
            if member.customer == id and member.status(max(asking.now, member.latest)) != "ended"
        ]
        if not ends and (usable or ahead or live or members):
            raise Refusal("erasure-outstanding")
        if not keeps and self._owes(id, usable if ends else [], list(ahead) if ends else []):
            raise Refusal("erasure-outstanding")
        desk = Asking(asking.now, asking.who, "owner")
        for name in ahead:
            self.books.diary.cancel(desk, name, "business", None, reason=True)
        for member in members:
            member.settle(asking.now)
            member.ending = "now"
            member.touch(asking.now)
        for name in live:
            self.books.top_ups.turn(asking, name, "removed")
        for package in self._packages(id):
            if self._is_usable(package, asking):
                self.books.cancel(asking, package.id, None, release=True)
        self.customers.add(id)
        return True

    def _packages(self, id: str) -> list[Package]:
        return [package for package in self.books.packages.values() if package.customer == id]

    def _bookings(self, id: str) -> dict[str, Booking]:
        return {name: each for name, each in self.books.diary.bookings.items() if each.customer == id}

    def _is_usable(self, package: Package, asking: Asking) -> bool:
        return package.status(package.moment(asking.now)) == "active" or bool(package.holds())

    def _is_ahead(self, name: str, booking: Booking, asking: Asking) -> bool:
        is_open = booking.status in ("pending", "confirmed") and booking.attendance is None
        held = any(package.holds(name) for package in self._packages(booking.customer))
        return is_open and (booking.start > asking.now or held)

    def _owes(self, id: str, ending: list[Package], called_off: list[str]) -> bool:
        unused = [each.id for each in ending if not any(use.in_use for use in each.uses.values())]
        owed = [
            each for each in self._packages(id) if each.owing and not each.cancelled and each.id not in unused
        ]
        booked = [
            name
            for name, each in self._bookings(id).items()
            if each.owing and each.status != "cancelled" and name not in called_off
        ]
        return bool(owed or booked)

    # The commands after it

    def names(self, command: Value) -> bool:
        """Whether a command names an erased customer."""
        named = (getattr(command, name, None) for name in NAMING)
        known = [id for id in named if id is not None and id in self.books.customers]
        return any(self.books.called(id) in self.customers for id in known)

    def changes(self, after: "Reference", command: Value) -> bool:
        """Whether the books after a command differ in what an erased customer had. The clock may still record that a
        package has expired."""
        if isinstance(command, RecordExpiry):
            return False
        return any(self._theirs(self.books, id) != self._theirs(after, id) for id in self.customers)

    def _theirs(self, books: "Reference", id: str) -> tuple[Any, ...]:
        return (
            books.customers[id],
            {name: each for name, each in books.packages.items() if each.customer == id},
            {name: each for name, each in books.diary.bookings.items() if each.customer == id},
            {name: each for name, each in books.top_ups.rules.items() if each.customer == id},
            {name: each for name, each in books.members.members.items() if each.customer == id},
            len(books.accounts.of(id).entries),
        )
