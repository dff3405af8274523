"""What the forms of the catalogue say, as the API takes it: all terms, so that a revision loses none."""

from collections.abc import Iterator
from typing import Any

from api.pages.desk.house.percent import basis_points_of
from api.pages.desk.package.actions import ticked
from api.pages.view import View

Body = dict[str, Any]
LINES_MAX = 50
SPARE_LINES = 2
"""Empty lines of a new form, and those that are added where more are asked for."""


def service_body(view: View) -> Body:
    """A field that was left empty is null."""
    price, minutes = view.amounts("list_price"), view.numbers("duration_minutes")
    return {
        **view.typed("name", "service_type"),
        "duration_minutes": minutes.get("duration_minutes"),
        "list_price": price.get("list_price"),
        "tax_rate": _rate(view, "tax_rate"),
    }


def offer_body(view: View) -> Body:
    return {**_terms(view), "validity": _validity(view), **view.numbers("max_per_customer")}


def plan_body(view: View) -> Body:
    period: Body = {**view.numbers("count"), **view.typed("unit")}
    return {**_terms(view), "period": period, **view.numbers("rollover_limit")}


def _terms(view: View) -> Body:
    """What offers and plans have in common."""
    body: Body = {
        **view.typed("name", "sharing"),
        **view.amounts("price"),
        **view.numbers("cap_per_participant"),
        "lines": [*_lines(view)],
        "locations": ticked(view.fields, "at"),
    }
    if view.fields.get("own_rule") == "yes":
        body["cancellation"] = cancellation_of(view)
    return body


def cancellation_of(view: View) -> Body:
    return {**view.numbers("notice_hours"), **view.typed("late", "text")}


def lines_of(view: View) -> int:
    """How many lines the form had."""
    count = view.fields.get("lines", "")
    return min(int(count), LINES_MAX + SPARE_LINES) if count.isdecimal() and len(count) < 4 else 0


def _lines(view: View) -> Iterator[Body]:
    """Lines of which something was filled in."""
    for number in range(1, lines_of(view) + 1):
        quantity = view.numbers(f"quantity-{number}")
        services = ticked(view.fields, f"service-{number}")
        label, rate = view.typed(f"label-{number}"), _rate(view, f"tax-{number}")
        if quantity or services or label:
            line: Body = {"quantity": next(iter(quantity.values()), None), "services": services}
            if label:
                line["label"] = label[f"label-{number}"]
            yield line if rate is None else line | {"tax_rate": rate}


def _validity(view: View) -> Body:
    rule = view.fields.get("rule", "never")
    if rule == "never":
        return {"rule": rule}
    if rule == "on_date":
        return {"rule": rule, "date": view.fields.get("date", "")}
    return {"rule": rule, **view.numbers("count"), **view.typed("unit")}


def _rate(view: View, name: str) -> int | str | None:
    typed = view.typed(name)
    return basis_points_of(typed[name]) if typed else None
