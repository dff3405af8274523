"""Finding a customer: the list, searched and page by page."""

from api.pages.page import Redirect, Screen, View, page

PASSED_ON = ("search", "cursor")


@page("/desk")
async def desk(view: View) -> Redirect:
    """Where the desk begins."""
    return Redirect("/desk/customers")


@page("/desk/customers")
async def customers(view: View) -> Screen:
    """Everybody, or whoever fits what is searched."""
    asked = {name: value for name in PASSED_ON if (value := view.parameters.get(name))}
    found = await view.know("customers.list", None, asked)
    shown = {"found": found.body, "search": asked.get("search", ""), "is_first": "cursor" not in asked}
    return Screen("desk/customers.html", shown, true_for=found.position)


PAGES = (desk, customers)
