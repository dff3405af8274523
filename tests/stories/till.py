"""A till, an app or an auditor's screen: somebody with a key who talks to a server over HTTP."""

import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from click.testing import CliRunner

from api.cli.main import main
from tests.bench.server import free_port
from tests.command_process import start
from tests.ready import WAIT_S_MAX, wait_until_ready

Json = dict[str, Any]
REQUESTS = count(1)


class Till:
    """Every request has an idempotency key of its own. A refusal that nobody expects fails the story."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._client = httpx.Client(
            base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    def get(self, path: str, **parameters: Any) -> Json:
        answer = self._client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def rows(self, path: str, **parameters: Any) -> list[Json]:
        """All rows of a list, page by page."""
        found: list[Json] = []
        cursor: Json = {}
        while True:
            page = self.get(path, limit=2, **parameters, **cursor)
            found += page["data"]
            if not page["has_more"]:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def do(self, path: str, body: Json | None = None) -> Json:
        answer = self._post(path, body or {})
        assert answer.status_code == 201, answer.text
        done: Json = answer.json()
        return done

    def refused(self, path: str, body: Json | None = None) -> str:
        """The code of the problem that a command must meet."""
        answer = self._post(path, body or {})
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])

    def missing(self, path: str) -> bool:
        return self._client.get(path).status_code == 404

    def upload(self, path: str, image: bytes, media_type: str) -> Json:
        headers = {"Content-Type": media_type, "Idempotency-Key": f"story-{next(REQUESTS)}"}
        answer = self._client.post(path, content=image, headers=headers)
        assert answer.status_code == 201, answer.text
        done: Json = answer.json()
        return done

    def send(self, path: str, table: bytes, **parameters: Any) -> Json:
        """Send a table as CSV, to be imported or tried out."""
        headers = {"Content-Type": "text/csv", "Idempotency-Key": f"story-{next(REQUESTS)}"}
        answer = self._client.post(path, content=table, params=parameters, headers=headers)
        assert answer.status_code == (200 if "dry_run" in parameters else 201), answer.text
        told: Json = answer.json()
        return told

    def page(self, path: str, **parameters: Any) -> str:
        """What is answered as text: a page or an export."""
        answer = self._client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.text

    def with_key(self, key: str) -> "Till":
        return Till(self.url, key)

    def _post(self, path: str, body: Json) -> httpx.Response:
        return self._client.post(path, json=body, headers={"Idempotency-Key": f"story-{next(REQUESTS)}"})


def money(amount: int, currency: str = "EUR") -> Json:
    return {"amount": amount, "currency": currency}


def moment(**ahead: float) -> str:
    """So much time from now, as it is sent; below zero it lies in the past."""
    when = datetime.now(UTC).replace(microsecond=0) + timedelta(**ahead)
    return when.isoformat().replace("+00:00", "Z")


def by_day(*zones: str) -> str:
    """The first of these zones in which the day is neither young nor late: what a story does an hour ago and in
    some hours is then done today, whenever the tests run."""
    return next(zone for zone in zones if 3 <= datetime.now(ZoneInfo(zone)).hour < 18)


def local_day(zone: str, **ahead: float) -> str:
    """The day there, so much time from now."""
    return (datetime.now(ZoneInfo(zone)) + timedelta(**ahead)).date().isoformat()


def day(**ahead: float) -> str:
    return moment(**ahead)[:10]


@contextmanager
def opened(database: str, folder: Path, name: str, currency: str, zone: str) -> Iterator[Till]:
    """A business of its own on a fresh database, behind `carnet serve`; the owner's till."""
    port = free_port()
    environment = {"CARNET_DATABASE": database, "CARNET_PORT": str(port), "HOME": str(folder)}
    run("migrate", environment)
    told = run("open", environment, name, "--currency", currency, "--time-zone", zone)
    (key,) = re.findall(r"carnet_live_\w+", told)
    with (folder / "server.log").open("wb") as log:
        process = start("serve", environment=_environment(environment), stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(process, port, (folder / "server.log").read_text)
        yield Till(url, key)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S_MAX) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(command: str, environment: Mapping[str, str], *arguments: str) -> str:
    """What a command prints. It must succeed."""
    told = CliRunner().invoke(main, [command, *arguments], env=environment)
    assert told.exit_code == 0, told.output
    return told.stdout


def audit(database: str, folder: Path) -> None:
    """The hash chain holds, and the read models of packages are what the ledger makes them, also made anew."""
    environment = {"CARNET_DATABASE": database, "HOME": str(folder)}
    for command in (
        ("verify", "--read-models"),
        ("rebuild", "cards", "--verify"),
        ("rebuild", "history", "--verify"),
    ):
        told = CliRunner().invoke(main, command, env=environment)
        assert told.exit_code == 0, told.output


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    return {**kept, **environment}
