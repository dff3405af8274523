"""What forms and filters let people choose among: services, offers, staff and locations, with their names."""

from asyncio import gather
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.pages.asking import Answer, Parameters
from api.pages.view import View

Row = Mapping[str, Any]
Choice = tuple[str, str]
"""An id, and the text that people read."""
AT_ONCE = 200
"""Rows of a page of a list."""
NOTHING_FOUND: Mapping[str, Any] = {"data": [], "has_more": False, "next_cursor": None}
"""A list whose filters the API refused."""


async def all_of(
    view: View, operation: str, path: Mapping[str, str] | None = None, parameters: Parameters | None = None
) -> list[Any]:
    """All rows of a list, page by page. Raises ApiRefused."""
    rows: list[Any] = (await every_page(view, operation, parameters, path)).body["data"]
    return rows


async def every_page(
    view: View,
    operation: str,
    parameters: Parameters | None = None,
    path: Mapping[str, str] | None = None,
    rows_max: int | None = None,
) -> Answer:
    """The answers of a list, page by page, as one that is true for the position of the first; up to `rows_max`.

    Raises ApiRefused.
    """
    asked = {**(parameters or {}), "limit": AT_ONCE}
    page = first = await view.know(operation, path, asked)
    rows = [*first.body["data"]]
    while page.body["has_more"] and (rows_max is None or len(rows) < rows_max):
        page = await view.know(operation, path, {**asked, "cursor": page.body["next_cursor"]})
        rows += page.body["data"]
    return replace(first, body={**page.body, "data": rows})


def named(rows: Iterable[Row]) -> list[Choice]:
    """Things by name, as a choice shows them; the id stands for a name that is not told."""
    return [(row["id"], row["name"] or row["id"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a business offers, where, and who works there: also what is retired, closed or gone."""

    services: Sequence[Row]
    offers: Sequence[Row]
    staff: Sequence[Row]
    business: Row

    @property
    def service_choices(self) -> list[Choice]:
        return named(self.services)

    @property
    def offer_choices(self) -> list[Choice]:
        return named(self.offers)

    @property
    def staff_choices(self) -> list[Choice]:
        return named(self.staff)

    @property
    def location_choices(self) -> list[Choice]:
        return named(self.business["locations"])

    @property
    def service_types(self) -> list[Choice]:
        names = sorted({each["service_type"] for each in self.services}, key=str.casefold)
        return [(name, name) for name in names]

    @property
    def categories(self) -> list[Choice]:
        return [(name, name) for name in self.business["policies"]["categories"]]

    @property
    def bookable(self) -> list[Choice]:
        """Services that are still performed."""
        return named(each for each in self.services if not each["retired"])

    @property
    def at_work(self) -> list[Choice]:
        return named(each for each in self.staff if each["active"])

    @property
    def open_locations(self) -> list[Choice]:
        return named(each for each in self.business["locations"] if each["open"])

    def reason_codes(self, group: str) -> list[Choice]:
        """The codes that may be given for what is of this group."""
        codes = self.business["policies"]["reason_codes"]
        return [
            (each["code"], each["text"]) for each in codes if group in each["groups"] and not each["retired"]
        ]


async def catalogue_of(view: View) -> Catalogue:
    """Raises ApiRefused."""
    services, offers, staff, business = await gather(
        all_of(view, "services.list"),
        all_of(view, "offers.list"),
        all_of(view, "staff.list"),
        view.know("business.show"),
    )
    return Catalogue(services, offers, staff, business.body)
