"""What is known of a customer: registering, changing, consents, and whether they may book and buy."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.choices import all_of, catalogue_of
from api.pages.desk.customer_tabs import tabs_of
from api.pages.desk.meanwhile import changed_meanwhile
from api.pages.forms import Refused, kept
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

TEXTS = (
    "email",
    "country_code",
    "mobile",
    "gender",
    "date_of_birth",
    "anniversary",
    "category",
    "locale",
)
"""Fields that can be left empty."""
CONSENTS = ("session_reminder", "birthday", "marketing")
HISTORY_MAX = 20


@page("/desk/customers/new")
async def new_customer(view: View) -> Screen:
    return await new_customer_of(view)


async def new_customer_of(
    view: View, refused: Refused | None = None, duplicates: tuple[Any, ...] = ()
) -> Screen:
    """An empty form; `duplicates`: customers who may be the same person as was typed."""
    business = await view.know("business.show")
    shown = {
        "known": dict.fromkeys(("name", *TEXTS, "consents")),
        "categories": business.body["policies"]["categories"],
        "duplicates": duplicates,
    }
    return Screen("desk/customer_new.html", shown, refused=refused, address="/desk/customers/new")


@form("/desk/customers/new")
async def register(view: View) -> Screen | Redirect:
    """Register a customer. Somebody who may be the same is shown first, and the form keeps its key."""
    body = {name: value for name, value in body_of(view).items() if value is not None}
    source, ref = (view.fields.get(name, "").strip() for name in ("source", "ref"))
    if source or ref:
        body["external_ref"] = {"source": source, "ref": ref}
    if view.fields.get("sure") != "yes":
        tried = await view.give("customers.register", None, body, dry_run=True)
        if tried.is_good and (found := tried.body["possible_duplicates"]):
            asked = (view.ask("customers.show", {"customer_id": each["customer_id"]}) for each in found)
            people = tuple(each.body for each in await gather(*asked) if each.is_good)
            return await new_customer_of(view, kept("new", view.fields), people)
    answer = await view.give("customers.register", None, body)
    if not answer.is_good:
        return await new_customer_of(view, view.refused("new", answer))
    return Redirect(f"/desk/customers/{answer.body['id']}/details")


def body_of(view: View) -> dict[str, Any]:
    """The fields of a customer as the form has them: null for those that were left empty."""
    typed = view.typed("name", *TEXTS)
    return {
        **({"name": typed["name"]} if "name" in typed else {"name": ""}),
        **{name: typed.get(name) for name in TEXTS},
        "consents": {name: view.fields.get(name) == "yes" for name in CONSENTS},
    }


@page("/desk/customers/{customer_id}/details")
async def details(view: View) -> Screen:
    """All that is known of a customer, and what was changed of it."""
    return await details_of(view, view.path["customer_id"])


async def details_of(
    view: View,
    customer_id: str,
    refused: Refused | None = None,
    meanwhile: list[Any] | None = None,
) -> Screen:
    """That page, perhaps with why a form of it was refused."""
    path = {"customer_id": customer_id}
    tabs, catalogue, history = await gather(
        tabs_of(view, customer_id), catalogue_of(view), all_of(view, "customers.history", path)
    )
    here = {each["id"] for each in tabs.customer["participants"]}
    gone = {
        row["participant"]["id"]: row["participant"]
        for row in history
        if row["participant"] is not None and row["participant"]["id"] not in here
    }
    kept = tabs.customer["category"]
    shown = {
        **tabs.shown,
        "catalogue": catalogue,
        "categories": list(
            dict.fromkeys([*catalogue.business["policies"]["categories"], *([kept] if kept else [])])
        ),
        "gone": list(gone.values()),
        "history": history[::-1][:HISTORY_MAX],
        "meanwhile": meanwhile or [],
    }
    return Screen(
        "desk/customer_details.html",
        shown,
        true_for=tabs.position,
        refused=refused,
        address=f"/desk/customers/{customer_id}/details",
    )


async def answered(view: View, name: str, answer: Answer) -> Screen | Redirect:
    """Back to the details; a refusal is told there, beside the form of this name."""
    customer_id = view.path["customer_id"]
    if answer.is_good:
        return Redirect(f"/desk/customers/{customer_id}/details")
    if answer.status in (404, 410):
        await view.know("customers.show", {"customer_id": customer_id})
    meanwhile = await changed_meanwhile(view, answer, "customers.history", {"customer_id": customer_id})
    return await details_of(view, customer_id, view.refused(name, answer), meanwhile)


@form("/desk/customers/{customer_id}/details")
async def change(view: View) -> Screen | Redirect:
    """Change what is known of a customer; what was left empty is taken away."""
    path = {"customer_id": view.path["customer_id"]}
    answer = await view.give("customers.change", path, body_of(view))
    return await answered(view, "profile", answer)


STANDINGS = {
    "activation": "customers.activate",
    "deactivation": "customers.deactivate",
    "block": "customers.block",
    "unblock": "customers.unblock",
}


@form("/desk/customers/{customer_id}/standing/{standing}")
async def stand(view: View) -> Screen | Redirect:
    """Activate, deactivate, block or unblock a customer."""
    standing = view.path["standing"]
    if standing not in STANDINGS:
        return Redirect(f"/desk/customers/{view.path['customer_id']}/details")
    body = view.typed("reason") if standing == "block" else {}
    answer = await view.give(STANDINGS[standing], {"customer_id": view.path["customer_id"]}, body)
    return await answered(view, standing, answer)


PAGES = (new_customer, register, details, change, stand)
