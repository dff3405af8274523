"""The terms of a business: what is decided by rule from now on. Each part is a form of its own."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.desk.house.bodies import Body, cancellation_of
from api.pages.desk.house.meanwhile import changed_since
from api.pages.desk.package.actions import ticked
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

ADDRESS = "/desk/house/terms"
SPARE = 3
"""Empty rows that a list of names or codes has below those that are filled in."""
ROWS_MAX = 200
GROUPS = (
    "correction",
    "expiry",
    "price",
    "reinstatement",
    "freeze",
    "cancellation",
    "voiding",
    "refund",
    "restoration",
    "transfer",
    "booking_cancellation",
)
"""What a reason may be asked for."""
KINDS = (
    "package_purchased",
    "package_cancelled",
    "package_voided",
    "expiry_reminder",
    "top_up_sold",
    "top_up_failed",
    "session_reminder",
    "birthday",
    "anniversary",
)
"""The messages to customers."""
CHANNELS = ("email", "sms", "whatsapp")
CAUSES = ("payment", "purchase", "visit")
"""What points are given for by rule."""


@page(ADDRESS)
async def terms(view: View) -> Screen:
    """All terms as they stand."""
    return await _terms(view)


async def _terms(view: View, refused: Refused | None = None) -> Screen:
    found = await view.know("business.show")
    policies = found.body["policies"]
    shown = {
        "business": found.body,
        "terms": policies,
        "earn": dict.fromkeys(CAUSES) | {rule["on"]: rule for rule in policies["earn"]},
        "codes": [each for each in policies["reason_codes"] if not each["retired"]],
        "retired": [each for each in policies["reason_codes"] if each["retired"]],
        "spare": SPARE,
        "groups": GROUPS,
        "kinds": KINDS,
        "channels": CHANNELS,
        "currency": found.body["currency"],
        "meanwhile": await changed_since(view, refused, found.body["id"]),
    }
    return Screen("desk/house/terms.html", shown, true_for=found.position, refused=refused, address=ADDRESS)


@form(f"{ADDRESS}/{{part}}")
async def change(view: View) -> Screen | Redirect:
    """Change one part. Packages and bookings that exist keep the terms they were made under."""
    part = view.path["part"]
    if part not in PARTS:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    answer = await view.give("policies.change", None, PARTS[part](view))
    if not answer.is_good:
        return await _terms(view, view.refused(part, answer))
    return Redirect(f"{ADDRESS}#{part}")


def _bookings(view: View) -> Body:
    return {
        "cancellation": cancellation_of(view),
        **view.typed("deduct"),
        **view.numbers("attendance_opens_minutes"),
    }


def _packages(view: View) -> Body:
    """A limit that was left empty is taken away."""
    return {
        "payment_required": view.fields.get("payment_required") == "yes",
        "correction_max": view.numbers("correction_max").get("correction_max"),
    }


def _points(view: View) -> Body:
    """A rule without points is none."""
    rules: list[Body] = []
    if payment := view.numbers("payment_points"):
        per = view.amounts("per_amount").get("per_amount", "")
        rules.append({"on": "payment", "points": payment["payment_points"], "per_amount": per})
    for cause in CAUSES[1:]:
        if given := view.numbers(f"{cause}_points"):
            rules.append({"on": cause, "points": given[f"{cause}_points"]})
    return {"earn": rules}


def _categories(view: View) -> Body:
    return {"categories": [*_rows(view, "category")]}


def _messages(view: View) -> Body:
    return {
        **view.typed("locale", "message_language"),
        "reminder_lead_days": view.numbers("reminder_lead_days").get("reminder_lead_days"),
        "session_reminder_hours": view.numbers("session_reminder_hours").get("session_reminder_hours"),
        **view.numbers("message_days"),
        "message_channels": {kind: ticked(view.fields, f"by-{kind}") for kind in KINDS},
    }


def _reasons(view: View) -> Body:
    codes = [
        {
            "code": view.fields.get(f"code-{number}", "").strip(),
            "text": view.fields.get(f"text-{number}", "").strip(),
            "groups": ticked(view.fields, f"for-{number}"),
        }
        for number in range(1, ROWS_MAX)
        if view.typed(f"code-{number}", f"text-{number}")
    ]
    return {"reason_codes": codes, "reason_code_required": ticked(view.fields, "required")}


def _rows(view: View, name: str) -> Iterator[str]:
    """The numbered fields of this name, without those that were left empty."""
    for number in range(1, ROWS_MAX):
        yield from view.typed(f"{name}-{number}").values()


PARTS: Mapping[str, Callable[[View], dict[str, Any]]] = {
    "bookings": _bookings,
    "packages": _packages,
    "points": _points,
    "categories": _categories,
    "messages": _messages,
    "reasons": _reasons,
}

PAGES = (terms, change)
