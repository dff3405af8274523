"""Keys: issued for a role or a member of staff, shown once, and revoked."""

from asyncio import gather
from datetime import date, timedelta
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.choices import all_of, named
from api.pages.desk.package.actions import ticked
from api.pages.desk.steps import is_sure, kept_fields, tried_or_done
from api.pages.forms import Refused
from api.pages.moments import moment_of
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

ADDRESS = "/desk/house/keys"
NEW = "new"
ROLES = ("staff", "manager", "owner", "auditor", "integration")
"""Roles that a key is issued for here. A customer gets a link, from the page of the card on the phone."""
SCOPES = ("sell", "book", "restore", "read", "read_people", "write_people")


@page(ADDRESS)
async def keys(view: View) -> Screen:
    """Who can get in, without the secrets."""
    return await _list(view)


async def _list(
    view: View,
    refused: Refused | None = None,
    issued: Answer | None = None,
    tried: Answer | None = None,
) -> Screen:
    """`issued`: a new key, shown this once. `tried`: a key as it would be once it is revoked."""
    found, staff = await gather(
        view.know("keys.list", None, view.asked("cursor", "limit")), all_of(view, "staff.list")
    )
    shown = {
        "found": found.body,
        "staff": named(each for each in staff if each["active"]),
        "staff_names": dict(named(staff)),
        "roles": ROLES,
        "scopes": SCOPES,
        "issued": issued and issued.body,
        "tried": tried and tried.body,
        "kept": kept_fields(view),
    }
    return Screen(
        "desk/house/keys.html",
        shown,
        true_for=found.position,
        listed=found,
        refused=refused,
        address=ADDRESS if view.fields else "",
    )


@form(ADDRESS)
async def issue(view: View) -> Screen:
    """The answer to this form is the only page that shows the key, so it leads nowhere else."""
    body: dict[str, Any] = {**view.typed("name", "role", "staff_id"), **_until(view)}
    if scopes := ticked(view.fields, "may"):
        body["scopes"] = scopes
    answer = await view.give("keys.issue", None, body)
    if not answer.is_good:
        return await _list(view, view.refused(NEW, answer))
    return await _list(view, issued=answer)


def _until(view: View) -> dict[str, str]:
    """The end of the last day, on the clock of the business."""
    last = view.fields.get("last_day", "").strip()
    if not last:
        return {}
    try:
        after = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return {"expires_at": last}
    return {"expires_at": moment_of(after, "00:00", view.me["business"]["time_zone"])}


@form(f"{ADDRESS}/{{key_id}}/revocation")
async def revoke(view: View) -> Screen | Redirect:
    """Say whose key it is; sent again from there, revoke it."""
    answer = await tried_or_done(view, "keys.revoke", view.path, {})
    if not answer.is_good:
        return await _list(view, view.refused("revocation", answer))
    return Redirect(ADDRESS) if is_sure(view) else await _list(view, tried=answer)


PAGES = (keys, issue, revoke)
