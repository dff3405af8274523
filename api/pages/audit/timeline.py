"""One package as an auditor sees it: every fact, on two clocks, with its proof and its place in the chain."""

from asyncio import gather
from datetime import datetime
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.audit.asked import asked_of
from api.pages.audit.every_row import every_row
from api.pages.audit.neighbours import neighbours_of
from api.pages.audit.plot import NARROW, plot_of
from api.pages.audit.proof import DOOR, NOT_ASKED, Proved, last_verification, page_of, proved
from api.pages.audit.story import CHOICES, Entry, moment_of, story_of
from api.pages.page import form, page
from api.pages.view import Screen, View

CLOCKS = ("at_version", "as_of", "effective_as_of")
ROWS_SHOWN = 100
"""Rows of the table at once, newest first; the drawing is of all."""


@page("/audit/packages/{package_id}")
async def timeline(view: View) -> Screen:
    """The facts of a package, now or as they were known, and as they had happened."""
    return await _shown(view)


@form(f"/audit/packages/{{package_id}}{DOOR}")
async def verify(view: View) -> Screen:
    """The same, with the proof of the whole ledger."""
    return await _shown(view, await proved(view))


async def _shown(view: View, proof: Proved = NOT_ASKED) -> Screen:
    path, then = {"package_id": view.path["package_id"]}, view.asked(*CLOCKS)
    card = await view.ask("packages.show", path, then)
    problem = None
    if not card.is_good and then:  # a moment that is wrong, or before the package: told beside the question
        problem, then = card.body, {}
        card = await view.ask("packages.show", path)
    if not card.is_good:
        raise ApiRefused(card)
    (history, is_all), (facts, _), own_proof = await gather(
        every_row(view, "packages.history", path, then),
        every_row(view, "packages.facts", path),
        view.know("packages.verification", path),
    )
    entries = story_of(history, facts)
    opened = next((e for e in entries if f"v{e.version}" == view.one("open")), None)
    chosen = view.one("show") if view.one("show") in CHOICES else "all"
    if opened is not None and not opened.is_of(chosen):
        chosen = "all"
    wanted = [entry for entry in entries if entry.is_of(chosen)]
    shown = _page_of(wanted, _number(view.one("upto")))
    if opened is not None and not any(entry is opened for entry in shown):
        shown = _page_of(wanted, opened.version)
    until = _until(card.body, entries, bool(then))
    told = {
        "card": card.body,
        "facts_in_all": len(facts),
        "is_all": is_all,
        "entries": list(reversed(shown)),
        "older": bool(wanted) and bool(shown) and shown[0] is not wanted[0],
        "newer": bool(wanted) and bool(shown) and shown[-1] is not wanted[-1],
        "counts": {name: sum(entry.is_of(name) for entry in entries) for name in CHOICES},
        "chosen": chosen,
        "then": then,
        "typed": asked_of(view, *CLOCKS),
        "problem": problem,
        "plot": plot_of(entries, until),
        "narrow_plot": plot_of(entries, until, NARROW),
        "own_proof": own_proof.body,
        "proof": proof.told,
        "last_verification": await last_verification(view),
        "seconds": proof.seconds,
        "opened": opened,
        **(await _opened(view, path, opened) if opened else {}),
    }
    rows = Answer(200, {"data": [_flat(entry) for entry in wanted]}, card.position)
    return Screen(
        "audit/timeline.html",
        told,
        status=200 if problem is None else 400,
        true_for=card.position,
        listed=rows,
        address=page_of(view),
    )


async def _opened(view: View, path: dict[str, str], opened: Entry) -> dict[str, Any]:
    place, why = await gather(
        neighbours_of(view, opened.fact["position"]), view.know("packages.explain", path)
    )
    steps = {
        name: next((each for each in why.body[name]["steps"] if each["version"] == opened.version), None)
        for name in ("balance", "expiry", "payment_status")
    }
    return {"place": place, "steps": steps}


def _page_of(entries: list[Entry], upto: int | None) -> list[Entry]:
    """The last rows up to a version, oldest first."""
    return [entry for entry in entries if upto is None or entry.version <= upto][-ROWS_SHOWN:]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _until(card: Any, entries: list[Entry], is_past: bool) -> datetime:
    """Where the drawing ends: now, or at the last fact that counts."""
    last = max(moment_of(e.row[clock]) for e in entries for clock in ("recorded_at", "effective_at"))
    return last if is_past else max(last, datetime.now(last.tzinfo))


def _flat(entry: Entry) -> dict[str, Any]:
    """A row as a file has it. No names of people."""
    row, fact = entry.row, entry.fact
    kept = (
        "version",
        "recorded_at",
        "effective_at",
        "kind",
        "line",
        "change",
        "amount",
        "expires_on",
        "reverses",
    )
    return {
        "position": fact["position"],
        "name": fact["name"],
        **{name: row[name] for name in kept},
        "remaining": entry.left,
        "late_seconds": entry.late_s,
        "actor_id": row["entered_by"]["id"],
        "actor_role": row["entered_by"]["role"],
        "request_id": fact["meta"].get("request_id"),
        "data": fact["data"],
        "hash": fact["hash"],
    }


PAGES = (timeline, verify)
