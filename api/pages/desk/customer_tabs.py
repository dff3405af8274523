"""What all pages of one customer have on top: who it is, and the tabs with their counts.

    tabs = await tabs_of(view, customer_id)
    Screen("desk/credits.html", {**tabs.shown, …}, true_for=tabs.true_for(found))

The template shows them with `head` and `tabs` of `parts/customer_tabs.html`.
"""

from asyncio import gather
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from api.pages.asking import Answer, Parameters
from api.pages.view import View

UPCOMING_MAX = 20
"""Upcoming bookings that are at hand for a page; all are counted."""


@dataclass(frozen=True, slots=True)
class CustomerTabs:
    """A customer, and what the badges of the tabs count."""

    customer: Mapping[str, Any]
    upcoming: Sequence[Mapping[str, Any]]
    """The next bookings that have not started, the first one first."""
    upcoming_count: int
    position: int

    @property
    def shown(self) -> Mapping[str, Any]:
        """The names that `parts/customer_tabs.html` wants, and whether anything new may be sold or booked."""
        return {
            "customer": self.customer,
            "may_have_more": not self.customer["blocked"] and self.customer["status"] == "active",
            "counts": {
                "packages": self.customer["active_packages"],
                "bookings": self.upcoming_count,
                "points": self.customer["points"],
            },
        }

    def true_for(self, *answers: Answer) -> int:
        """The position that the customer, the counts and these answers are all true for."""
        known = (each.position for each in answers)
        return min([self.position, *(each for each in known if each is not None)])


async def tabs_of(view: View, customer_id: str) -> CustomerTabs:
    """Raises ApiRefused for a customer who is not here."""
    path = {"customer_id": customer_id}
    wanted: Parameters = {
        "from": view.today.isoformat(),
        "status": ("pending", "confirmed"),
        "limit": UPCOMING_MAX,
    }
    person, bookings = await gather(
        view.know("customers.show", path), view.know("bookings.list_of_customer", path, wanted)
    )
    now = datetime.now(UTC).isoformat()
    ahead = [each for each in bookings.body["data"] if each["starts_at"] >= now[:19]]
    return CustomerTabs(
        customer=person.body,
        upcoming=sorted(ahead, key=itemgetter("starts_at")),
        upcoming_count=bookings.body["upcoming_count"],
        position=min(each.position or 0 for each in (person, bookings)),
    )
