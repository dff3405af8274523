"""Requests that are sent to the application and kept with their answers.

    tell = Recording(desk)
    service = tell("services.define", {"name": "Massage 60", "service_type": "Massage"})

The first request to each operation becomes its example. A command is sent as a dry run first. What is random (ids,
hashes, keys, cursors) is kept as a number of the same form, so that the same day makes the same examples.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from api.http.api_keys import Keys
from api.http.ids import encode
from api.http.openapi import Example
from api.http.route import Route
from domain.moments import to_milliseconds
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import PEPPER, ROUTES, Clock, Desk, house_at

FIRST_MORNING = datetime(2026, 11, 2, 8, tzinfo=UTC)
"""A Monday, nine o'clock in Budapest."""
BETWEEN_REQUESTS = timedelta(minutes=1)
SCHEMA_SHOWN = ("openapi", "info")
"""Members of the OpenAPI document that are shown as its own example."""
PAGE_SHOWN = len("<!doctype html>")
"""Characters of a page that are shown as its example."""
ROWS_SHOWN = 2
"""Lines of an export that are shown as its example: the heading and a row."""
OPERATIONS: Mapping[str, Route] = {route.operation: route for route in ROUTES}


class SetClock(Clock):
    """A clock that stands still until it is moved."""

    def __call__(self) -> datetime:
        return FIRST_MORNING + self.ahead

    def milliseconds(self) -> int:
        return to_milliseconds(self())


@dataclass(frozen=True)
class Exchanged:
    """A request of an operation, with the answer to its dry run if it was a command."""

    route: Route
    example: Example
    dry_run: Any = None
    mismatched: httpx.Response | None = None
    """The answer to the same request for a version that nothing has; of a command, as a dry run."""


@dataclass
class Recording:
    desk: Desk
    exchanged: list[Exchanged] = field(default_factory=list)

    def __call__(
        self, operation: str, body: Any = None, query: Mapping[str, Any] | None = None, **path: str
    ) -> Any:
        """Send a request that must succeed: the JSON of its answer, else its text. `path`: the ids in it."""
        route = OPERATIONS[operation]
        body = {} if body is None and route.body is not None else body
        tried = self._send(route, body, {**(query or {}), "dry_run": "true"}, path) if route.writes else None
        mismatched = self._mismatched(route, body, query or {}, path)
        answer = self._send(route, body, query or {}, path)
        self.desk.clock.ahead += BETWEEN_REQUESTS
        example = Example(path=path, query=query or {})
        if route.body is not None:
            example["body"] = body
        told = _told(answer)
        if told is not None:
            example["answer"] = _shortened(route, told)
        self.exchanged.append(Exchanged(route, example, None if tried is None else _told(tried), mismatched))
        return told

    def _mismatched(
        self, route: Route, body: Any, query: Mapping[str, Any], path: Mapping[str, str]
    ) -> httpx.Response:
        tried = {**query, "dry_run": "true"} if route.writes else query
        return self._answer(route, body, tried, path, {"If-Match": '"wrong"'})

    def _answer(
        self,
        route: Route,
        body: Any,
        query: Mapping[str, Any],
        path: Mapping[str, str],
        more: Mapping[str, str],
    ) -> httpx.Response:
        headers = {**self.desk.headers(), **more}
        given: dict[str, Any] = {"json": body} if route.body else {}
        if route.uploads:
            given, headers["Content-Type"] = {"content": body}, route.uploads[0]
        if "dry_run" in query:
            del headers["Idempotency-Key"]
        address = route.path.format(**path)
        return self.desk.client.request(route.method, address, params=query, headers=headers, **given)

    def _send(
        self, route: Route, body: Any, query: Mapping[str, Any], path: Mapping[str, str]
    ) -> httpx.Response:
        answer = self._answer(route, body, query, path, {})
        wanted = 200 if "dry_run" in query else route.status
        assert answer.status_code == wanted, f"{route.operation}: {answer.text}"
        return answer

    def examples(self) -> dict[str, Example]:
        """Operation → its first request, with what is random made equal on every run."""
        first: dict[str, Example] = {}
        for each in self.exchanged:
            first.setdefault(each.route.operation, each.example)
        told = json.dumps(dict(sorted(first.items())), ensure_ascii=False)
        found: dict[str, Example] = json.loads(_Counted().replace(told))
        return found


def _shortened(route: Route, told: Any) -> Any:
    """The answer as the document shows it: a document of documents would never end."""
    match route.path:
        case "/schema":
            return {name: told[name] for name in SCHEMA_SHOWN}
        case "/problems":
            return {"data": told["data"][:1]}
        case "/v1/reports/outstanding" | "/v1/reports/expiring":
            # Customers come in the order of their numbers, which are random.
            return {**told, "data": sorted(told["data"], key=_without_ids)}
        case path if path.endswith("/export"):
            return "".join(told.splitlines(keepends=True)[:ROWS_SHOWN])
        case "/docs":
            return told[:PAGE_SHOWN]
        case _:
            return told


def _without_ids(row: Any) -> str:
    return _Counted.RANDOM.sub("", json.dumps(row))


def _told(answer: httpx.Response) -> Any:
    media = answer.headers["content-type"].partition(";")[0]
    if media == "application/json":
        return answer.json()
    return answer.text if media.startswith("text/") else None


@contextmanager
def opened(folder: Path) -> Iterator[Recording]:
    """A new business in memory, at nine in the morning. `folder` holds the read models."""
    views = ReadTables(folder / "views.db", READ_MODELS)
    clock = SetClock()
    with house_at("memory://", views, clock) as house:
        store, frame = house.carnet.store, house.client.app.state["frame"]  # type: ignore[attr-defined]
        frame.keys, frame.mails_links = Keys(store, PEPPER, clock.milliseconds), True
        yield Recording(house.desk(name="Szalon Rosa"))


class _Counted:
    """Replaces each random value by one made of the number of its first appearance."""

    RANDOM = re.compile(
        r"(?<=_)[0-9a-hjkmnp-tv-z]{26}(?![0-9a-z])"  # ids
        r"|(?<=biz_)[0-9a-hjkmnp-tv-z]{12}(?![0-9a-z])"  # ids of businesses
        r"|(?<=pts_|pkg_|trf_|tua_)[0-9a-f]{40}"  # entries of points by a rule, packages of periods, attempts
        r"|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"  # hashes
        r'|(?<="key": ")carnet_live_[^"]+'
        r'|(?<="secret": ")whsec_[^"]+'
        r'|(?<="next_cursor": ")[^"]+'
        r'|(?<="code": ")[0-9A-Za-z_-]{100,}|(?<=\?code=)[0-9A-Za-z_-]{100,}'  # of links that sign somebody in
        r'|(?<="proof": ")[^"]{22}|(?<=[0-9a-z]{26}": ")[0-9A-Za-z_-]{22}(?=")'  # what facts commit to
    )

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def replace(self, text: str) -> str:
        return self.RANDOM.sub(self._number, text)

    def _number(self, found: re.Match[str]) -> str:
        if found[0] not in self._known:
            self._known[found[0]] = _like(
                found[0], sha256(f"example {len(self._known)}".encode()).hexdigest()
            )
        return self._known[found[0]]


def _like(random: str, digest: str) -> str:
    """A value of the same form."""
    match len(random):
        case 26:
            return "01" + encode(int(digest, 16), 24)
        case 12:
            return encode(int(digest, 16), 12)
        case 22:
            return digest[:22]
        case 40:
            return digest[:40]
        case 64:
            return digest
        case _ if random.isascii() and len(random) >= 100 and "." not in random:
            return "ZXhhbXBsZQ"
        case _ if random.startswith("carnet_live_"):
            return "carnet_live_…"
        case _ if random.startswith("whsec_"):
            return "whsec_…"
        case _:
            return "eyJleGFtcGxlIjp0cnVlfQ.c2VhbA"
