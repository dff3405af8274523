"""The proof of the whole ledger on the pages of auditors: made when a form asks for it, and remembered by the API."""

from time import perf_counter
from typing import Any, NamedTuple

from api.pages.asking import ApiRefused
from api.pages.view import View

DOOR = "/verification"
"""What follows the address of a page where the form is sent that asks for the proof."""


class Proved(NamedTuple):
    """What was found, if it was asked for, and the seconds that it took."""

    told: Any | None = None
    seconds: float = 0.0


NOT_ASKED = Proved()


async def proved(view: View) -> Proved:
    """The chain recomputed. Where the books are only read, it is recomputed and not remembered. Raises ApiRefused."""
    began = perf_counter()
    answer = await view.give("ledger.verify", None, {})
    if answer.status == 503:
        answer = await view.ask("ledger.verification")
    if not answer.is_good:
        raise ApiRefused(answer)
    return Proved(answer.body, perf_counter() - began)


def page_of(view: View) -> str:
    """The address of the page whose form was sent."""
    path, mark, query = view.address.partition("?")
    return path.removesuffix(DOOR) + mark + query


async def last_verification(view: View) -> Any | None:
    """The latest verification of the whole ledger that is remembered."""
    found = await view.know("ledger.verifications", None, {"limit": 1})
    return next(iter(found.body["data"]), None)
