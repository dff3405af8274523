"""Finding a package without a name: the list across customers, by what is stored of each."""

from dataclasses import replace
from urllib.parse import quote

from api.pages.asking import ApiRefused
from api.pages.audit.asked import asked_of
from api.pages.audit.nameless import nameless
from api.pages.page import page
from api.pages.view import Redirect, Screen, View

FILTERS = (
    "status",
    "payment_status",
    "owing",
    "customer_id",
    "offer_id",
    "service_id",
    "location_id",
    "purchased_from",
    "purchased_to",
    "expires_from",
    "expires_to",
    "external_ref",
    "import_id",
)


@page("/audit/packages")
async def packages(view: View) -> Screen | Redirect:
    """All packages, latest purchase first, or those that fit."""
    if wanted := view.one("id").strip():
        return Redirect(f"/audit/packages/{quote(wanted, safe='')}")
    found = await view.ask("packages.list", None, view.asked(*FILTERS, "cursor"))
    if found.status == 400:  # told beside the form, with what was asked
        shown = {"found": None, "problem": found.body, "asked": asked_of(view, *FILTERS)}
        return Screen("audit/packages.html", shown, status=400)
    if not found.is_good:
        raise ApiRefused(found)
    shown = {"found": found.body, "problem": None, "asked": asked_of(view, *FILTERS)}
    return Screen(
        "audit/packages.html",
        shown,
        true_for=found.position,
        listed=replace(found, body=nameless(found.body)),
    )


PAGES = (packages,)
