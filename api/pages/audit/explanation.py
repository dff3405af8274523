"""Why a package stands as it does: each number with the facts and the rules that made it."""

from asyncio import gather

from api.pages.asking import Answer
from api.pages.audit.every_row import every_row
from api.pages.page import page
from api.pages.view import Screen, View


@page("/audit/packages/{package_id}/explanation")
async def explanation(view: View) -> Screen:
    """Balance, status, last day and payment, step by step."""
    path = {"package_id": view.path["package_id"]}
    why, card, (facts, _) = await gather(
        view.know("packages.explain", path),
        view.know("packages.show", path),
        every_row(view, "packages.facts", path),
    )
    numbers = ("balance", "status", "expiry", "payment_status")
    rows = [{"of": name, **step} for name in numbers for step in why.body[name]["steps"]]
    shown = {"why": why.body, "card": card.body, "facts": {fact["version"]: fact for fact in facts}}
    return Screen(
        "audit/explanation.html",
        shown,
        true_for=why.position,
        listed=Answer(200, {**why.body, "data": rows}, why.position),
    )


PAGES = (explanation,)
