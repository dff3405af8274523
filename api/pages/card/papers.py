"""The papers of a customer: receipts, points, and what is known of them."""

from asyncio import gather

from api.pages.page import page
from api.pages.view import Document, Screen, View


@page("/card/receipts")
async def receipts(view: View) -> Screen:
    """A receipt for each purchase, the newest first."""
    found = await view.know("packages.list_of_customer", {"customer_id": _own(view)}, {"limit": 200})
    rows = sorted(found.body["data"], key=lambda each: each["recorded_at"], reverse=True)
    return Screen("card/receipts.html", {"rows": rows}, true_for=found.position, listed=found)


@page("/card/receipts/{package_id}")
async def receipt(view: View) -> Document:
    """One receipt, for a printer."""
    return await view.document("packages.receipt", view.path, {"media": "html"})


@page("/card/points")
async def points(view: View) -> Screen:
    """How many points there are, and where they come from."""
    found = await view.know("points.list", {"customer_id": _own(view)}, view.asked("cursor"))
    return Screen("card/points.html", {"found": found.body}, true_for=found.position, listed=found)


@page("/card/me")
async def me(view: View) -> Screen:
    """What the business knows of the customer."""
    person, memberships = await gather(
        view.know("customers.show", {"customer_id": _own(view)}),
        view.know("memberships.list_of_customer", {"customer_id": _own(view)}),
    )
    shown = {"customer": person.body, "memberships": memberships.body["data"]}
    return Screen("card/me.html", shown, true_for=person.position)


def _own(view: View) -> str:
    return str(view.me["customer_id"])


PAGES = (receipts, receipt, points, me)
