"""Finding customers: the list with every filter, what is kept as segments, and a selection to be changed at once."""

from asyncio import gather
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

from api.pages.desk.choices import NOTHING_FOUND, all_of, catalogue_of
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

SEVERAL = (
    "category",
    "status",
    "consent",
    "service_type",
    "service_id",
    "unused_service_type",
    "unused_service_id",
    "offer_id",
    "booking_status",
)
"""Filters that take several values."""
ALONE = ("blocked", "booking_from", "booking_to")
FILTERS = (*SEVERAL, *ALONE)
"""The filters that a segment keeps."""
OF_PEOPLE = ("birthday_from", "birthday_to")
"""Filters by people's data, which no segment keeps."""
PASSED_ON = (*FILTERS, *OF_PEOPLE, "import_id", "search", "segment_id", "cursor", "limit")
ADDRESS = "/desk/customers"


@page(ADDRESS)
async def customers(view: View) -> Screen:
    """Everybody, or whoever fits what is searched and passes the filters."""
    return await customers_of(view)


async def customers_of(view: View, refused: Refused | None = None) -> Screen:
    """That page, perhaps with why a form of it was refused."""
    found, catalogue, segments = await gather(
        view.ask("customers.list", None, view.asked(*PASSED_ON)),
        catalogue_of(view),
        all_of(view, "segments.list"),
    )
    if not found.is_good and found.status != 400:
        await view.know("customers.list", None, view.asked(*PASSED_ON))
    opened = view.one("segment_id")
    shown = {
        "found": found.body if found.is_good else NOTHING_FOUND,
        "wrong": None if found.is_good else found.body,
        "search": view.one("search"),
        "catalogue": catalogue,
        "segments": segments,
        "opened": next((each for each in segments if each["id"] == opened), None),
        "filters": _query(view),
        "narrowed": any(view.one(name) for name in (*OF_PEOPLE, "import_id")),
        "picked": view.one("pick") == "all",
    }
    return Screen(
        "desk/customers.html",
        shown,
        true_for=found.position,
        listed=found if found.is_good else None,
        refused=refused,
    )


def _query(view: View) -> str:
    """The filters in the address, without the search and the page of the list."""
    kept = [(name, value) for name in FILTERS for value in view.parameters.get(name, ())]
    return urlencode(kept)


@form("/desk/customers/segments")
async def save_segment(view: View) -> Screen | Redirect:
    """Keep the filters of the list under a name, and open it."""
    query = view.fields.get("filters", "")
    answer = await view.give("segments.save", None, view.typed("name") | {"filters": filters_in(query)})
    if answer.is_good:
        return Redirect(f"{ADDRESS}?segment_id={answer.body['id']}")
    parameters = parse_qs(query)
    again = replace(view, address=f"{ADDRESS}?{urlencode(parameters, doseq=True)}", parameters=parameters)
    return await customers_of(again, view.refused("segment", answer))


def filters_in(query: str) -> dict[str, str | bool | Sequence[str]]:
    """The filters of a query as a segment keeps them."""
    given = parse_qs(query)
    found: dict[str, str | bool | Sequence[str]] = {name: given[name] for name in SEVERAL if name in given}
    found |= {name: given[name][-1] for name in ALONE if name in given}
    if "blocked" in found:
        found["blocked"] = found["blocked"] == "true"
    return found


@form("/desk/customers/segments/{segment_id}/removal")
async def remove_segment(view: View) -> Screen | Redirect:
    """Forget the filters; the customers stay."""
    answer = await view.give("segments.remove", {"segment_id": view.path["segment_id"]}, {})
    if answer.is_good:
        return Redirect(ADDRESS)
    segment_id = view.path["segment_id"]
    parameters = {"segment_id": [segment_id]}
    again = replace(view, address=f"{ADDRESS}?segment_id={segment_id}", parameters=parameters)
    return await customers_of(again, view.refused("removal", answer))


PAGES = (customers, save_segment, remove_segment)
