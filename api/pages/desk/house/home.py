"""The door of the house."""

from api.pages.page import page
from api.pages.view import Redirect, View


@page("/desk/house")
async def home(_: View) -> Redirect:
    """Its first room."""
    return Redirect("/desk/house/offers")


PAGES = (home,)
