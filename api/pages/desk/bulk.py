"""One change of many customers at once: those who were selected in the list, or all of a segment."""

from asyncio import gather
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from api.pages.asking import Answer
from api.pages.desk.choices import all_of
from api.pages.desk.steps import is_sure, kept_fields
from api.pages.forms import Refused
from api.pages.page import form, page
from api.pages.view import Redirect, Screen, View

NAMED_MAX = 20
"""Customers who are named; of more the number is told."""


@page("/desk/customers/bulk")
async def bulk(view: View) -> Screen:
    """Who was chosen, and what can be done with all of them."""
    return await bulk_of(view, view.parameters.get("customer_id", ()), view.one("segment_id"))


async def bulk_of(
    view: View,
    customer_ids: Sequence[str],
    segment_id: str,
    refused: Refused | None = None,
    tried: Answer | None = None,
    done: Answer | None = None,
) -> Screen:
    """`tried`: what a dry run says. `done`: what was done, where not all of it was."""
    ids = list(dict.fromkeys(customer_ids))
    business, segments, *people = await gather(
        view.know("business.show"),
        all_of(view, "segments.list"),
        *(view.ask("customers.show", {"customer_id": id}) for id in ids[:NAMED_MAX]),
    )
    answered = tried or done
    shown = {
        "customer_ids": ids,
        "people": [each.body for each in people if each.is_good],
        "segment": next((each for each in segments if each["id"] == segment_id), None),
        "categories": business.body["policies"]["categories"],
        "tried": tried and tried.body,
        "done": done and done.body,
        "reasons": [] if answered is None else reasons_in(answered.body),
        "fields": defaultdict(str, view.fields),
        "kept": kept_fields(view),
    }
    return Screen("desk/bulk.html", shown, true_for=business.position, refused=refused, address=view.address)


def reasons_in(answer: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], int]]:
    """The refusals of a bulk action, each with how many customers it is about, most first."""
    counted = Counter(row["code"] for row in answer["rows"] if not row["done"])
    first = {row["code"]: row for row in reversed(answer["rows"]) if not row["done"]}
    return [(first[code], count) for code, count in counted.most_common()]


@form("/desk/customers/bulk")
async def change_all(view: View) -> Screen | Redirect:
    """Say what would happen; sent again from there, do it."""
    ids, segment_id = view.fields.get("customer_ids", "").split(), view.fields.get("segment_id", "")
    sure = is_sure(view)
    answer = await view.give("customers.bulk", None, body_of(view, ids, segment_id), dry_run=not sure)
    if not answer.is_good:
        return await bulk_of(view, ids, segment_id, view.refused("bulk", answer))
    if not sure:
        return await bulk_of(view, ids, segment_id, tried=answer)
    if answer.body["refused"]:
        return await bulk_of(view, ids, segment_id, done=answer)
    return Redirect(f"/desk/customers?segment_id={segment_id}" if segment_id else "/desk/customers")


def body_of(view: View, ids: Sequence[str], segment_id: str) -> dict[str, Any]:
    """The command of the form."""
    given: dict[str, Any] = view.typed("action", "reason")
    if given.get("action") == "categorise":
        given["category"] = view.fields.get("category") or None
    if given.get("action") != "block":
        given.pop("reason", None)
    return given | ({"segment_id": segment_id} if segment_id else {"customer_ids": ids})


PAGES = (bulk, change_all)
