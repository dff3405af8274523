"""The locations of a business: opening, closing, and opening again."""

from zoneinfo import available_timezones

from api.pages.asking import Answer, ApiRefused
from api.pages.desk.roles import may_of
from api.pages.desk.steps import is_sure, kept_fields, tried_or_done
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

ADDRESS = "/desk/house/locations"
NEW = "new"


@page(ADDRESS)
async def locations(view: View) -> Screen:
    """Open and closed ones."""
    return await _list(view)


async def _list(view: View, refused: Refused | None = None, tried: Answer | None = None) -> Screen:
    """`tried`: the location as it would be once it is closed."""
    found = await view.know("locations.list", None, view.asked("cursor", "limit"))
    shown = {
        "found": found.body,
        "may": may_of(view),
        "zones": sorted(zone for zone in available_timezones() if "/" in zone),
        "tried": tried and tried.body,
        "kept": kept_fields(view),
    }
    return Screen(
        "desk/house/locations.html",
        shown,
        true_for=found.position,
        listed=found,
        refused=refused,
        address=ADDRESS if view.fields else "",
    )


@form(ADDRESS)
async def open_location(view: View) -> Screen | Redirect:
    answer = await view.give("locations.open", None, view.typed("name", "address", "time_zone"))
    return Redirect(ADDRESS) if answer.is_good else await _list(view, view.refused(NEW, answer))


@form(f"{ADDRESS}/{{location_id}}/{{step}}")
async def take_step(view: View) -> Screen | Redirect:
    """Close a location, after saying what that ends, or open it again."""
    step, path = view.path["step"], {"location_id": view.path["location_id"]}
    if step == "reopening":
        answer = await view.give("locations.reopen", path, {})
    elif step == "closure":
        answer = await tried_or_done(view, "locations.close", path, {})
        if answer.is_good and not is_sure(view):
            return await _list(view, tried=answer)
    else:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    return Redirect(ADDRESS) if answer.is_good else await _list(view, view.refused(step, answer))


PAGES = (locations, open_location, take_step)
