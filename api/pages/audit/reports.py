"""Reports on all packages, now or in the past, on both clocks. Each number leads to the facts behind it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.audit.asked import asked_of, report_of
from api.pages.audit.nameless import nameless
from api.pages.page import page
from api.pages.view import Screen, Unchanged, View

CLOCKS = ("as_of", "effective_as_of")
PERIOD = ("from", "to", "clock", "as_of")
Rows = Callable[[Any], Iterable[Any]]


@page("/audit/reports")
async def reports(view: View) -> Screen:
    """What there is, and what each answers."""
    await view.know("ledger.head")  # whoever may not read the books is told so
    return Screen("audit/reports.html")


@page("/audit/reports/liability")
async def liability(view: View) -> Screen | Unchanged:
    """What is owed to customers."""
    return await _report(view, "liability", "reports.liability", CLOCKS, rows=_figures)


@page("/audit/reports/movements")
async def movements(view: View) -> Screen | Unchanged:
    """What moved it in a period, by cause."""
    return await _report(view, "movements", "reports.movements", PERIOD, rows=_moved)


@page("/audit/reports/movements/lines")
async def movement_lines(view: View) -> Screen | Unchanged:
    """The movements behind the sums."""
    return await _report(view, "lines", "reports.movement_lines", (*PERIOD, "cause", "cursor"))


@page("/audit/reports/sales")
async def sales(view: View) -> Screen | Unchanged:
    """What was sold in a period, and the tax in it."""
    return await _report(view, "sales", "reports.sales", PERIOD, rows=lambda body: body["taxes"])


@page("/audit/reports/reasons")
async def reasons(view: View) -> Screen | Unchanged:
    """Why things were done by hand in a period."""
    names = (*PERIOD, "group")
    return await _report(view, "reasons", "reports.reasons", names, rows=lambda body: body["reasons"])


@page("/audit/reports/reasons/lines")
async def reason_lines(view: View) -> Screen | Unchanged:
    """The facts behind the reasons."""
    names = (*PERIOD, "group", "code", "without_code", "cursor")
    return await _report(view, "entries", "reports.reason_lines", names)


@page("/audit/reports/expiring")
async def expiring(view: View) -> Screen | Unchanged:
    """Packages whose last day comes."""
    return await _report(view, "watched", "reports.expiring", (*CLOCKS, "from", "to", "cursor"))


@page("/audit/reports/outstanding")
async def outstanding(view: View) -> Screen | Unchanged:
    """Packages that are not paid."""
    return await _report(view, "watched", "reports.outstanding", (*CLOCKS, "cursor"))


@page("/audit/reports/corrections")
async def corrections(view: View) -> Screen | Unchanged:
    """What was changed by hand in a period; without one, this month."""
    return await _report(
        view, "entries", "reports.corrections", ("from", "to", "cursor"), instead=_month(view)
    )


@page("/audit/reports/late-entries")
async def late_entries(view: View) -> Screen | Unchanged:
    """What was recorded in a period, and had happened before it; without one, this month."""
    return await _report(
        view, "entries", "reports.late_entries", ("from", "to", "cursor"), instead=_month(view)
    )


def _day_beside(day: str, days: int) -> str:
    """So many days after a day as an address has it; empty where that is no day."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return ""


def _month(view: View) -> dict[str, str]:
    return {"from": view.today.replace(day=1).isoformat()}


async def _report(
    view: View,
    template: str,
    operation: str,
    names: tuple[str, ...],
    *,
    rows: Rows | None = None,
    instead: Mapping[str, str] | None = None,
) -> Screen | Unchanged:
    """A report with its question. `instead`: parameters where the address has none."""
    asked = asked_of(view, *names, **(instead or {}))
    found = await report_of(view, operation, asked)
    shown: dict[str, Any] = {
        "asked": asked,
        "names": names,
        "kind": operation.partition(".")[2],
        "problem": None,
    }
    if found is None:
        return Unchanged() if view.is_part else Screen("audit/reports/waiting.html", shown)
    shown["opens_after"] = _day_beside(view.one("from"), -1)
    shown["day_after"] = _day_beside(view.one("effective_as_of"), 1)
    if found.status == 400:  # told beside the question
        shown |= {"report": None, "problem": found.body}
        return Screen(f"audit/reports/{template}.html", shown, status=400)
    if not found.is_good:
        raise ApiRefused(found)
    body = nameless(found.body)
    listed = Answer(found.status, body if rows is None else {**body, "data": [*rows(body)]}, found.position)
    return Screen(
        f"audit/reports/{template}.html",
        {**shown, "report": found.body},
        true_for=found.position,
        listed=listed,
    )


def _figures(body: Any) -> Iterable[Any]:
    return ({"figure": name, "value": value} for name, value in body.items())


def _moved(body: Any) -> Iterable[Any]:
    named = {"opening": body["opening"], **body["changes"], "closing": body["closing"]}
    return ({"row": name, **owed} for name, owed in named.items())


PAGES = (
    reports,
    liability,
    movements,
    movement_lines,
    sales,
    reasons,
    reason_lines,
    expiring,
    outstanding,
    corrections,
    late_entries,
)
