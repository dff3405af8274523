"""Read models: how far each is, and what each fact of a stream does to its rows, step by step."""

from typing import Any

from api.pages.asking import Answer, ApiRefused, Parameters
from api.pages.page import page
from api.pages.system.trend import trend_of
from api.pages.view import Screen, View

STEPS = 10
"""On one page."""


@page("/system/read-models")
async def read_models(view: View) -> Screen:
    """Each with its state, how far behind the ledger it is, and where and why it stopped."""
    found = await view.know("read_models.list", None, {"limit": 200})
    body = found.body
    trends = {each["name"]: trend_of(each["lags"], body["sampled_at"]) for each in body["data"]}
    shown = {"found": body, "trends": trends}
    return Screen("system/read_models.html", shown, true_for=found.position, listed=found)


@page("/system/read-models/{name}/steps")
async def steps(view: View) -> Screen:
    """One stream, fact by fact: the row before, the fact, and the row after."""
    path, stream = {"name": view.path["name"]}, view.one("stream_id").strip()
    shown: dict[str, Any] = {"name": path["name"], "stream_id": stream, "found": None, "problem": None}
    if not stream:
        models = await view.know("read_models.list", None, {"limit": 200})
        if path["name"] not in {each["name"] for each in models.body["data"]}:
            raise ApiRefused(Answer(404, {"code": "not-found"}, None))
        return Screen("system/steps.html", shown)
    asked: Parameters = {"stream_id": stream, "limit": STEPS, **view.asked("cursor")}
    found = await view.ask("read_models.steps", path, asked)
    if found.status in (400, 404):  # told beside the question
        return Screen("system/steps.html", {**shown, "problem": found.body}, status=found.status)
    if not found.is_good:
        raise ApiRefused(found)
    rows = [
        {
            "version": step["version"],
            "position": step["fact"]["position"],
            "name": step["fact"]["name"],
            **row,
        }
        for step in found.body["data"]
        for row in step["rows"]
    ]
    listed = Answer(200, {**found.body, "data": rows}, found.position)
    body = {
        **found.body,
        "data": [{**step, "rows": [*map(_changed, step["rows"])]} for step in found.body["data"]],
    }
    return Screen("system/steps.html", {**shown, "found": body}, true_for=found.position, listed=listed)


def _changed(row: Any) -> dict[str, Any]:
    """With the columns of the row: its name, the value before and after, and whether that is another."""
    before, after = row["before"] or {}, row["after"] or {}
    columns = [
        (name, before.get(name), after.get(name), before.get(name) != after.get(name))
        for name in dict.fromkeys([*before, *after])
    ]
    return {**row, "columns": columns}


PAGES = (read_models, steps)
