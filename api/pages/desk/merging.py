"""Two records of one person made one, after a look at what that does, and two again."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.steps import is_sure, kept_fields, tried_or_done
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

CHOICES = ("name", "email", "mobile", "gender", "date_of_birth", "anniversary", "locale", "category")
"""Fields of which a merge may take either; of a photo that of the survivor stays."""
COMPARED = ("name", "email", "country_code", "mobile", "date_of_birth")
"""Fields by which somebody who may be the same is found."""
FOUND = 10
ABSORBED_MAX = 20
"""Records merged into a customer that are shown."""
FORM = "merge"


@page("/desk/customers/{customer_id}/merge")
async def merging(view: View) -> Screen:
    """Who may be the same, or a search; with `?with=` both beside each other, field by field."""
    return await merging_of(view, view.one("with"))


async def merging_of(
    view: View, other_id: str, refused: Refused | None = None, tried: Answer | None = None
) -> Screen:
    """`tried`: what a dry run of the merge or its undoing says."""
    customer_id, search = view.path["customer_id"], view.one("search")
    tabs, other, found = await gather(
        tabs_of(view, customer_id),
        view.ask_if(other_id, "customers.show", {"customer_id": other_id}),
        view.ask_if(search, "customers.list", None, {"search": search, "limit": FOUND}),
    )
    here = tabs.customer["id"]
    is_alone = other is None or other["id"] == here
    alike = await _alike(view, tabs.customer) if other is None and not search else []
    absorbed = await _absorbed(view, tabs.customer) if is_alone and tried is None else []
    shown = {
        **tabs.shown,
        "other": other if other is not None and other["id"] != here else None,
        "is_same": other is not None and other["id"] == here,
        "differs": [name for name in CHOICES if other is not None and other[name] != tabs.customer[name]],
        "search": search,
        "found": [each for each in (found["data"] if found else ()) if each["id"] != here],
        "alike": alike,
        "absorbed": absorbed,
        "tried": tried and tried.body,
        "kept": kept_fields(view),
    }
    return Screen(
        "desk/merge.html",
        shown,
        true_for=tabs.position,
        refused=refused,
        address=f"/desk/customers/{here}/merge",
    )


async def _alike(view: View, customer: Any) -> list[dict[str, Any]]:
    """Customers who may be the same person, each with what they have in common."""
    known = {name: customer[name] for name in COMPARED if customer[name]}
    tried = await view.foresee("customers.change", {"customer_id": customer["id"]}, known)
    pairs = tried.body.get("possible_duplicates", ()) if tried.is_good else ()
    people = await gather(
        *(view.ask("customers.show", {"customer_id": each["customer_id"]}) for each in pairs)
    )
    return [
        {"customer": person.body, "matches": each["matches"]}
        for each, person in zip(pairs, people, strict=True)
        if person.is_good
    ]


async def _absorbed(view: View, customer: Any) -> list[dict[str, Any]]:
    """The records that were merged into this one, by the names that they had and would have again."""
    path = {"customer_id": customer["id"]}
    ids = customer["absorbed"][:ABSORBED_MAX]
    found = await gather(
        *(view.foresee("customers.unmerge", path, {"absorbed_customer_id": id}) for id in ids)
    )
    return [
        {"id": id, "name": answer.body["name"] if answer.is_good else None}
        for id, answer in zip(ids, found, strict=True)
    ]


@form("/desk/customers/{customer_id}/merge")
async def merge(view: View) -> Screen | Redirect:
    """Say what the merge does; sent again from there, do it."""
    other_id = view.fields.get("absorbed_customer_id", "").strip()
    chosen = {name: "absorbed" for name in CHOICES if view.fields.get(f"take-{name}") == "absorbed"}
    body = {"absorbed_customer_id": other_id, "choices": chosen}
    answer = await tried_or_done(view, "customers.merge", {"customer_id": view.path["customer_id"]}, body)
    if not answer.is_good:
        return await merging_of(view, other_id, view.refused(FORM, answer))
    if not is_sure(view):
        return await merging_of(view, other_id, tried=answer)
    return Redirect(f"/desk/customers/{answer.body['id']}")


@form("/desk/customers/{customer_id}/unmerge")
async def unmerge(view: View) -> Screen | Redirect:
    """Say what taking the merge back does; sent again from there, do it."""
    body = view.typed("absorbed_customer_id")
    answer = await tried_or_done(view, "customers.unmerge", {"customer_id": view.path["customer_id"]}, body)
    if not answer.is_good:
        return await merging_of(view, "", view.refused("unmerge", answer))
    if not is_sure(view):
        return await merging_of(view, "", tried=answer)
    return Redirect(f"/desk/customers/{answer.body['id']}")


PAGES = (merging, merge, unmerge)
