"""The card of a customer: what is left of each service, until when, and who used what."""

from asyncio import gather

from api.pages.asking import Parameters
from api.pages.page import page
from api.pages.stamps import stamps_of
from api.pages.view import Screen, View


@page("/card")
async def card(view: View) -> Screen:
    """Packages, usable first, with their stamps."""
    own = {"customer_id": str(view.me["customer_id"])}
    upcoming: Parameters = {"from": view.today.isoformat(), "status": ("pending", "confirmed"), "limit": 1}
    person, packages, credits, bookings = await gather(
        view.know("customers.show", own),
        view.know("packages.list_of_customer", own, {"limit": 200, "include": "units"}),
        view.know("credits.show", own),
        view.know("bookings.list_of_customer", own, upcoming),
    )
    cards = packages.body["data"]
    shown = {
        "customer": person.body,
        "services": [each for each in credits.body["services"] if each["available"]],
        "cards": [each for each in cards if not each["collapsed"]],
        "ended": [each for each in cards if each["collapsed"]],
        "stamps": stamps_of(cards),
        "next": next(iter(bookings.body["data"]), None),
    }
    return Screen("card/packages.html", shown, true_for=packages.position, listed=packages)


@page("/card/packages/{package_id}")
async def history(view: View) -> Screen:
    """One package: who used what, and when."""
    package, rows = await gather(
        view.know("packages.show", view.path), view.know("packages.history", view.path, {"limit": 200})
    )
    shown = {"card": package.body, "rows": list(reversed(rows.body["data"]))}
    return Screen("card/package.html", shown, true_for=package.position, listed=rows)


PAGES = (card, history)
