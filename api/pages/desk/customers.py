"""Finding a customer: the list, searched and page by page."""

from api.pages.page import page
from api.pages.view import Redirect, Screen, View

PASSED_ON = ("search", "cursor")


@page("/desk")
async def desk(view: View) -> Redirect:
    """Where the desk begins."""
    return Redirect("/desk/customers")


@page("/desk/customers")
async def customers(view: View) -> Screen:
    """Everybody, or whoever fits what is searched."""
    found = await view.know("customers.list", None, view.asked(*PASSED_ON))
    shown = {"found": found.body, "search": view.one("search")}
    return Screen("desk/customers.html", shown, true_for=found.position, listed=found)


PAGES = (desk, customers)
