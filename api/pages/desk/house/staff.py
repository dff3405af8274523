"""The staff of a business: registering, roles and places of work, leaving and coming back."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.desk.choices import named
from api.pages.desk.house.meanwhile import changed_since
from api.pages.desk.package.actions import ticked
from api.pages.desk.roles import may_of
from api.pages.desk.steps import is_sure, kept_fields, tried_or_done
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

ADDRESS = "/desk/house/staff"
NEW = "new"


@page(ADDRESS)
async def staff(view: View) -> Screen:
    """Who works here, and who did."""
    return await _list(view)


@form(ADDRESS)
async def register(view: View) -> Screen | Redirect:
    """Register a member. A key comes from the page of keys."""
    body: dict[str, Any] = {**view.typed("name", "role"), "locations": ticked(view.fields, "at")}
    answer = await view.give("staff.register", None, body)
    if not answer.is_good:
        return await _list(view, view.refused(NEW, answer))
    return Redirect(f"{ADDRESS}/{answer.body['id']}")


async def _list(view: View, refused: Refused | None = None) -> Screen:
    found, business = await gather(
        view.know("staff.list", None, view.asked("cursor", "limit")), view.know("business.show")
    )
    places = business.body["locations"]
    shown = {
        "found": found.body,
        "places": places,
        "place_names": dict(named(places)),
        "may": may_of(view),
        "roles": roles_of(view),
    }
    return Screen(
        "desk/house/staff.html",
        shown,
        true_for=found.position,
        listed=found,
        refused=refused,
        address=ADDRESS if view.fields else "",
    )


def roles_of(view: View) -> tuple[str, ...]:
    """The roles that this visitor may give: only an owner makes an owner."""
    return ("staff", "manager", "owner") if view.role == "owner" else ("staff", "manager")


@page(f"{ADDRESS}/{{staff_id}}")
async def member(view: View) -> Screen:
    """One member, with what can be changed."""
    return await member_of(view)


async def member_of(view: View, refused: Refused | None = None, tried: Answer | None = None) -> Screen:
    """That page; `tried`: the member as they would be once deactivated."""
    found, business = await gather(
        view.know("staff.show", {"staff_id": view.path["staff_id"]}), view.know("business.show")
    )
    role = found.body["role"]
    shown = {
        "member": found.body,
        "places": business.body["locations"],
        "may": may_of(view),
        "roles": tuple(dict.fromkeys((*roles_of(view), role))),
        "meanwhile": await changed_since(view, refused, found.body["id"]),
        "tried": tried and tried.body,
        "kept": kept_fields(view),
    }
    return Screen(
        "desk/house/member.html",
        shown,
        true_for=found.position,
        refused=refused,
        address=f"{ADDRESS}/{found.body['id']}",
    )


@form(f"{ADDRESS}/{{staff_id}}")
async def change(view: View) -> Screen | Redirect:
    """Change name, role and places of work."""
    body: dict[str, Any] = {
        "name": view.fields.get("name", "").strip(),
        **view.typed("role"),
        "locations": ticked(view.fields, "at"),
    }
    answer = await view.give("staff.change", view.path, body)
    return await _answered(view, "member", answer)


@form(f"{ADDRESS}/{{staff_id}}/photo")
async def photo(view: View) -> Screen | Redirect:
    """Take in a photo, or take it away."""
    photo_id: str | None = None
    if "photo" in view.files:
        taken_in = await view.upload("photos.upload", view.files["photo"])
        if not taken_in.is_good:
            return await _answered(view, "photo", taken_in)
        photo_id = taken_in.body["id"]
    elif view.fields.get("away") != "yes":
        return await _answered(view, "photo", Answer(400, {"code": "no-file"}, None))
    return await _answered(view, "photo", await view.give("staff.change", view.path, {"photo": photo_id}))


@form(f"{ADDRESS}/{{staff_id}}/{{step}}")
async def take_step(view: View) -> Screen | Redirect:
    """Deactivate a member, after saying what that ends, or let them come back."""
    step, path = view.path["step"], {"staff_id": view.path["staff_id"]}
    if step == "reactivation":
        return await _answered(view, step, await view.give("staff.reactivate", path, {}))
    if step != "deactivation":
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    answer = await tried_or_done(view, "staff.deactivate", path, {})
    if answer.is_good and not is_sure(view):
        return await member_of(view, tried=answer)
    return await _answered(view, step, answer)


async def _answered(view: View, name: str, answer: Answer) -> Screen | Redirect:
    if not answer.is_good:
        return await member_of(view, view.refused(name, answer))
    return Redirect(f"{ADDRESS}/{view.path['staff_id']}")


PAGES = (staff, register, member, change, photo, take_step)
