"""Moving in: customers and balances of another system from a file, looked at before anything is written.

A file is sent once. The page that says what would happen carries it along, packed, so that what is imported is to the
byte what was looked at, and nothing of it stays on the server in between.
"""

import gzip
from asyncio import gather
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.desk.steps import is_sure, kept_fields, tried_or_done
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import File, Redirect, Screen, View

ADDRESS = "/desk/house/import"
FILE_BYTES_MAX = 4 * 1024 * 1024
"""Of a file that is sent to this page; the command line takes larger ones."""
WHAT = ("customers", "packages")
MAPPINGS: Mapping[str, tuple[str, ...]] = {
    "customers": (
        "acuity-clients",
        "salontrac-clients",
        "schedulista-clients",
        "shopify-customers",
        "square-customers",
    ),
    "packages": (),
}
"""The forms of other systems' files that are known, by what is in them."""
SHOWN_MAX = 50
"""Refused rows and possible duplicates that are shown; all are counted."""
IMPORTS = 20
"""Past imports that are shown, the latest."""
PACKED = "application/octet-stream"


@page(ADDRESS)
async def moving_in(view: View) -> Screen:
    """Both forms, the undoing of an import of packages, and the imports that took place."""
    return await _shown(view)


async def _shown(
    view: View,
    refused: Refused | None = None,
    *,
    what: str = "",
    tried: Answer | None = None,
    done: Answer | None = None,
    packed: str = "",
    undone: Answer | None = None,
) -> Screen:
    """`tried`, `done`: what became of the rows of a file. `packed`: the file. `undone`: of a reversal."""
    answered = tried or done
    business, past, names = await gather(
        view.know("business.show"),
        view.know("imports.list", None, {"limit": str(IMPORTS), **view.asked("cursor", "limit")}),
        _names(view, answered.body if answered else {}),
    )
    shown = {
        "business": business.body,
        "past": past.body,
        "names": names,
        "what": what,
        "mappings": MAPPINGS,
        "tried": tried and tried.body,
        "done": done and done.body,
        "packed": packed,
        "undone": undone and undone.body,
        "is_undone": is_sure(view),
        "shown_max": SHOWN_MAX,
        "megabytes": FILE_BYTES_MAX // (1024 * 1024),
        "kept": {name: value for name, value in kept_fields(view).items() if name != "packed"},
        "import_id": view.one("import_id"),
    }
    return Screen(
        "desk/house/import.html",
        shown,
        true_for=business.position,
        listed=past,
        refused=refused,
        address=ADDRESS if view.fields else "",
    )


async def _names(view: View, result: Mapping[str, Any]) -> dict[str, str]:
    """Customers who may be the same as those of a file, by their ids: the names of the first."""
    alike = result.get("possible_duplicates", ())[:SHOWN_MAX]
    ids = [*dict.fromkeys(other for each in alike for other in each["others"])][:SHOWN_MAX]
    people = await gather(*(view.ask("customers.show", {"customer_id": id}) for id in ids))
    return {
        id: person.body["name"]
        for id, person in zip(ids, people, strict=True)
        if person.is_good and person.body["name"]
    }


@form(f"{ADDRESS}/{{what}}")
async def take_in(view: View) -> Screen:
    """Say what would become of each row; sent again from there, import the file.

    What an import did stands in its answer alone, so this page shows it; sent again it says the same.
    """
    what = view.path["what"]
    if what not in WHAT:
        raise ApiRefused(Answer(404, {"code": "not-found"}, None))
    sure = is_sure(view)
    file = _carried(view) if sure else _chosen(view)
    if isinstance(file, Answer):
        return await _shown(view, view.refused(what, file), what=what)
    parameters: dict[str, str | bool] = {**view.typed("source", "mapping", "format"), "dry_run": not sure}
    answer = await view.upload(f"imports.{what}", file, parameters)
    if not answer.is_good:
        return await _shown(view, view.refused(what, answer), what=what)
    if sure:
        return await _shown(view, what=what, done=answer)
    return await _shown(view, what=what, tried=answer, packed=b64encode(file.content).decode())


def _chosen(view: View) -> File | Answer:
    """The file of the form, packed; where there is none, or it is too large, the problem to tell."""
    file = view.files.get("file")
    if file is None or not file.content:
        return Answer(400, {"code": "no-file"}, None)
    if len(file.content) > FILE_BYTES_MAX:
        return Answer(413, {"code": "file-too-large", "limit": FILE_BYTES_MAX // (1024 * 1024)}, None)
    return File(gzip.compress(file.content, mtime=0), PACKED)


def _carried(view: View) -> File | Answer:
    """The file that the page carried along."""
    try:
        return File(b64decode(view.fields.get("packed", ""), validate=True), PACKED)
    except ValueError:  # no base64
        return Answer(400, {"code": "no-file"}, None)


@form(f"{ADDRESS}/reversal")
async def reverse(view: View) -> Screen | Redirect:
    """Say which packages of an import would be voided; sent again from there, void them."""
    path: dict[str, Any] = {"import_id": view.fields.get("import_id", "").strip() or "-"}
    answer = await tried_or_done(view, "imports.reverse", path, view.typed("reason", "reason_code"))
    if not answer.is_good:
        return await _shown(view, view.refused("reversal", answer))
    return await _shown(view, undone=answer)


PAGES = (moving_in, take_in, reverse)
