"""The household of a customer: adding, changing and removing participants, and taking them in again."""

from collections.abc import Mapping
from typing import Any

from api.pages.desk.customer_details import answered
from api.pages.page import form
from api.pages.view import Redirect, Screen, View

BARRED = "barred-"
"""Begins the names of the boxes that are ticked for services a participant may not have."""


def participant_of(view: View) -> Mapping[str, Any]:
    """The participant that was typed."""
    barred = [name.removeprefix(BARRED) for name in view.fields if name.startswith(BARRED)]
    return {"name": "", **view.typed("name", "kind"), "barred_services": barred}


@form("/desk/customers/{customer_id}/participants")
async def add(view: View) -> Screen | Redirect:
    path = {"customer_id": view.path["customer_id"]}
    return await answered(view, "add", await view.give("participants.add", path, participant_of(view)))


@form("/desk/customers/{customer_id}/participants/{participant_id}/changes")
async def change(view: View) -> Screen | Redirect:
    """Number 0 is the customer, whose name stands in the profile."""
    body = dict(participant_of(view))
    if view.fields.get("number") == "0":
        del body["name"]
    answer = await view.give("participants.change", view.path, body)
    return await answered(view, view.path["participant_id"], answer)


@form("/desk/customers/{customer_id}/participants/{participant_id}/removal")
async def remove(view: View) -> Screen | Redirect:
    """What they used stays as it was."""
    answer = await view.give("participants.remove", view.path, {})
    return await answered(view, view.path["participant_id"], answer)


@form("/desk/customers/{customer_id}/participants/{participant_id}/return")
async def take_in_again(view: View) -> Screen | Redirect:
    answer = await view.give("participants.return", view.path, {})
    return await answered(view, view.path["participant_id"], answer)


PAGES = (add, change, remove, take_in_again)
