"""What can be done to a package at the desk: for each form the command of the API, and its body as it was typed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from api.pages.view import View

Body = dict[str, Any]
REASON = ("reason", "reason_code")


@dataclass(frozen=True, slots=True)
class Action:
    """The last part of the address of a form names it."""

    operation: str
    body: Callable[[View], Body]
    tried_first: bool = False
    """Whether the form says what will happen, and asks, before it is done."""
    of: str = "package_id"
    """The member of the path; for all but a package a field of the form names it."""


def action_path(action: Action, view: View) -> Mapping[str, str]:
    named = view.path["package_id"] if action.of == "package_id" else view.fields.get(action.of, "")
    return {action.of: named or "-"}


def ticked(fields: Mapping[str, str], name: str) -> list[str]:
    """The ids of the boxes that are ticked: `for-par_…`."""
    before = f"{name}-"
    return [each.removeprefix(before) for each, value in fields.items() if each.startswith(before) and value]


def _expiry(view: View) -> Body:
    never = view.fields.get("never") == "yes"
    day = None if never else view.fields.get("expires_on", "")
    return {"expires_on": day, **view.typed(*REASON)}


def _correction(view: View) -> Body:
    """`step` is that of a button of the panel: the line, and one unit more or less."""
    line, _, change = view.fields.get("step", "").partition(":")
    stepped: Body = (
        {"line": int(line), "change": int(change)} if line.isdigit() and change in ("1", "-1") else {}
    )
    return {**view.numbers("line", "change"), **stepped, **view.typed(*REASON)}


def _price(view: View) -> Body:
    return {**view.amounts("price"), **view.typed(*REASON)}


def _payment(view: View) -> Body:
    return {**view.amounts("amount"), **view.typed("method", "effective_at")}


def _refund(view: View) -> Body:
    return {**view.amounts("amount"), **view.typed(*REASON)}


def _cancellation(view: View) -> Body:
    body: Body = {**view.typed(*REASON), "release_holds": view.fields.get("release_holds") == "yes"}
    if refund := view.amounts("amount"):
        body["refund"] = {**refund, **view.typed("payment_id")}
    return body


def _voiding(view: View) -> Body:
    return {**view.typed(*REASON), "release_holds": view.fields.get("release_holds") == "yes"}


def _reinstatement(view: View) -> Body:
    return view.typed("expires_on", *REASON)


def _freeze(view: View) -> Body:
    return view.typed("until", *REASON)


def _sharing(view: View) -> Body:
    body: Body = dict(view.typed("sharing"))
    if people := ticked(view.fields, "for"):
        body["beneficiaries"] = people
    return body


def _locations(view: View) -> Body:
    return {"locations": ticked(view.fields, "at"), **view.typed("reason")}


def _transfer(view: View) -> Body:
    body: Body = {**view.typed("to_customer_id", "expires_on", *REASON), **view.numbers("line", "quantity")}
    if view.fields.get("never") == "yes":
        body["expires_on"] = None
    return body


def _reason(view: View) -> Body:
    return dict(view.typed(*REASON))


def _nothing(_: View) -> Body:
    return {}


def _note(view: View) -> Body:
    return dict(view.typed("text"))


ACTIONS: Mapping[str, Action] = {
    "expiry": Action("packages.set_expiry", _expiry),
    "correction": Action("packages.correct", _correction, tried_first=True),
    "price": Action("packages.adjust_price", _price, tried_first=True),
    "payment": Action("payments.record", _payment),
    "refund": Action("payments.refund", _refund, tried_first=True, of="payment_id"),
    "cancellation": Action("packages.cancel", _cancellation, tried_first=True),
    "voiding": Action("packages.void", _voiding, tried_first=True),
    "reinstatement": Action("packages.reinstate", _reinstatement),
    "freeze": Action("packages.freeze", _freeze),
    "unfreeze": Action("packages.unfreeze", _nothing),
    "sharing": Action("packages.share", _sharing),
    "locations": Action("packages.change_locations", _locations),
    "transfer": Action("transfers.move", _transfer, tried_first=True),
    "transfer-undo": Action("transfers.undo", _reason, tried_first=True, of="transfer_id"),
    "note": Action("packages.add_note", _note),
}
