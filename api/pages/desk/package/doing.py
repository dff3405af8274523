"""The forms of a package: done at once, or tried first and then done, from its own page or from its customer's."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from api.pages.addresses import address_with
from api.pages.asking import Answer, ApiRefused
from api.pages.desk.customer import packages_of
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.meanwhile import LATEST, version_made_for
from api.pages.desk.package.actions import ACTIONS, action_path
from api.pages.desk.package.shown import package_page
from api.pages.page import form
from api.pages.view import Redirect, Screen, View

LEFT_OUT = ("mark", "sure")
"""Fields that the form which asks whether to go on has of its own. The key stays: both steps are one command."""


@form("/desk/packages/{package_id}/{action}")
async def do(view: View) -> Screen | Redirect:
    """Do what a form of a package says, or first show what that will change."""
    name = view.path["action"]
    action = ACTIONS.get(name)
    if action is None:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    path, body = action_path(action, view), action.body(view)
    if action.tried_first and view.fields.get("sure") != "yes":
        tried = await view.give(action.operation, path, body, dry_run=True)
        return await _ask(view, name, tried) if tried.is_good else await _refused(view, name, tried)
    answer = await view.give(action.operation, path, body)
    if not answer.is_good:
        return await _refused(view, name, answer)
    done = _after(answer.body, view.path["package_id"])
    has_moved = done is not None and view.fields.get("if_match") != f'"v{done["version"]}"'
    return Redirect(_saying_done(_back(view), done["version"] if has_moved else None))


async def _ask(view: View, name: str, tried: Answer) -> Screen:
    """What will happen, and a button to go on."""
    package_id = view.path["package_id"]
    card = (await view.know("packages.show", {"package_id": package_id})).body
    tabs = await tabs_of(view, card["customer"]["id"])
    after = _after(tried.body, package_id)
    shown = {
        **tabs.shown,
        "action": name,
        "card": card,
        "after": after,
        "tried": tried.body,
        "lines": _lines(card, after),
        "kept": {each: value for each, value in view.fields.items() if each not in LEFT_OUT},
        "back": _back(view),
    }
    return Screen(
        "desk/package/sure.html", shown, true_for=tried.position, address=f"/desk/packages/{package_id}"
    )


def _saying_done(address: str, version: int | None) -> str:
    """The page to go back to, which says what was done from the row of the history with this version; None: nothing
    was recorded, as all was so already."""
    page, sign, part = address.partition("#")
    return address_with(page, done=version) + sign + part


def _back(view: View) -> str:
    """The page that the form stood on: the customer's with the panel still open, or that of the package."""
    package_id = quote(view.path["package_id"], safe="")
    customer_id = quote(view.fields.get("customer_id", ""), safe="")
    if customer_id:
        return f"/desk/customers/{customer_id}?edit={package_id}#{package_id}"
    return f"/desk/packages/{package_id}"


def _after(tried: Any, package_id: str) -> Any:
    """The card of this package as it would be, in whatever the command answers."""
    cards = [tried, *tried.get("packages", ())]
    return next((each for each in cards if each.get("id") == package_id), None)


def _lines(card: Any, after: Any) -> list[dict[str, Any]]:
    """The lines that would change, before and after."""
    pairs = zip(card["lines"], after["lines"], strict=False) if after is not None else ()
    return [
        {"before": before, "after": then}
        for before, then in pairs
        if before["remaining"] != then["remaining"]
    ]


async def _refused(view: View, name: str, answer: Answer) -> Screen:
    package_id, customer_id = view.path["package_id"], view.fields.get("customer_id")
    meanwhile = await _meanwhile(view, answer)
    if customer_id:
        refused = view.refused(f"{name}-{package_id}", answer)
        return await packages_of(view, customer_id, edit=package_id, refused=refused, meanwhile=meanwhile)
    return await package_page(view, refused=view.refused(name, answer), meanwhile=meanwhile)


async def _meanwhile(view: View, answer: Answer) -> Sequence[Any]:
    """What was recorded of the package since the form was shown, the latest first; nothing where that is not why."""
    made_for = version_made_for(view, answer)
    if made_for is None:
        return ()
    path = {"package_id": view.path["package_id"]}
    found = await view.ask_if(True, "packages.history", path, {"order": "newest", "limit": LATEST})
    return [row for row in found["data"] if row["version"] > made_for] if found else ()


PAGES = (do,)
