"""Making a booking, or a weekly series: the units it takes and its rules are told before, from a dry run."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.choices import Catalogue, catalogue_of, named
from api.pages.forms import Refused, kept
from api.pages.page import form, page
from api.pages.typed_moments import moment_typed
from api.pages.view import Redirect, Screen, View

FOUND_MAX = 20
GIVEN = ("service_id", "participant_id", "package_id", "day", "time", "staff_id", "location_id")
"""What an address may choose beforehand."""


@page("/desk/bookings/new")
async def new_booking(view: View) -> Screen:
    """For whom, then what and when. The customer, service, participant and package may stand in the address."""
    customer_id = view.one("customer_id")
    if not customer_id:
        found = await view.know("customers.list", None, {"limit": FOUND_MAX, **view.asked("search")})
        return Screen(
            "desk/book_for_whom.html",
            {"found": found.body, "search": view.one("search")},
            true_for=found.position,
        )
    return await new_booking_of(view, customer_id)


async def new_booking_of(
    view: View, customer_id: str, refused: Refused | None = None, tried: Answer | None = None
) -> Screen:
    path = {"customer_id": customer_id}
    person, packages, catalogue = await gather(
        view.know("customers.show", path),
        view.know("packages.list_of_customer", path, {"limit": 200}),
        catalogue_of(view),
    )
    chosen = {name: view.one(name) for name in GIVEN}
    usable = [card for card in packages.body["data"] if card["available"]]
    chosen["service_id"] = chosen["service_id"] or _first_service(usable)
    shown = {
        "customer": person.body,
        "people": named(person.body["participants"]),
        "packages": usable,
        "catalogue": catalogue,
        "chosen": chosen | {"day": chosen["day"] or view.today.isoformat()},
        "tried": tried and tried.body,
        "fields": defaultdict(str, view.fields),
    }
    return Screen(
        "desk/book.html",
        shown,
        true_for=person.position,
        refused=refused,
        address=f"/desk/bookings/new?customer_id={customer_id}",
    )


def _first_service(cards: Sequence[Any]) -> str:
    """What their units are good for, that of the first of them; empty where there are none."""
    lines = [line for card in cards for line in card["lines"] if line["available"] and line["services"]]
    return str(lines[0]["services"][0]["id"]) if lines else ""


@form("/desk/bookings/new")
async def book(view: View) -> Screen | Redirect:
    """Book; a series, or where it was asked for, says first what would happen."""
    customer_id = view.fields.get("customer_id", "")
    body = body_of(view, await catalogue_of(view))
    if isinstance(body, Answer):
        return await new_booking_of(view, customer_id, view.refused("book", body))
    ask_first = "repeat" in body or view.fields.get("check") == "yes"
    sure = not ask_first or view.fields.get("sure") == "yes"
    answer = await view.give("bookings.make", None, body, dry_run=not sure)
    if not answer.is_good:
        return await new_booking_of(view, customer_id, view.refused("book", answer))
    if not sure:
        return await new_booking_of(view, customer_id, kept("book", view.fields), answer)
    if "bookings" in answer.body:
        return Redirect(f"/desk/customers/{customer_id}/bookings?from={view.today}")
    return Redirect(f"/desk/bookings/{answer.body['id']}")


def body_of(view: View, catalogue: Catalogue) -> dict[str, Any] | Answer:
    """The command of the form, or the problem to tell. Times are on the clock of the location."""
    typed = view.typed("customer_id", "service_id", "participant_id", "staff_id", "location_id", "package_id")
    zones: dict[str, str] = {each["id"]: each["time_zone"] for each in catalogue.business["locations"]}
    zone = zones.get(typed.get("location_id", ""), str(catalogue.business["time_zone"]))
    moment = moment_typed(view, zone)
    if isinstance(moment, Answer):
        return moment
    body: dict[str, Any] = {**typed, "starts_at": moment}
    counts = view.numbers("quantity", "repeat")
    if "quantity" in counts:
        body["quantity"] = counts["quantity"]
    if counts.get("repeat", 1) != 1:
        body["repeat"] = {"every": "week", "count": counts["repeat"]}
    if amounts := view.amounts("amount", "price"):
        paid = {name: {"amount": amount} for name, amount in amounts.items()}
        body["payment"] = {"amount": {"amount": ""}, **paid, "method": view.fields.get("method", "")}
    return body


PAGES = (new_booking, book)
