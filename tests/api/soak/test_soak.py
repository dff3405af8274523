"""A soak of some seconds on both databases, and a judge that sees what is wrong."""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psycopg
import pytest

from api.server.installation import migrate
from api.server.settings import Settings
from api.soak.journal import LATE_S, Acknowledged, Journal
from api.soak.judge import judge
from api.soak.report import FAULTS, Report
from api.soak.server import without_settings
from api.soak.till import LINE, Sold, Till
from tests.api.desk import Desk
from tests.domain.ledger.postgres.test_schema import as_user

pytest_plugins = ["tests.api.houses"]

SECONDS = 6


def soaked(folder: Path, *options: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "soak", "--json", "--minutes", str(SECONDS / 60), *options],
        env=without_settings() | {"HOME": str(folder), "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def check(report: Any) -> None:
    """All but how long a refusal took: that tells of the machine."""
    assert report["faults"] | {"late": 0} == dict.fromkeys(FAULTS, 0), report["told"]
    assert report["acknowledged"] > 0
    assert report["trouble"], "something befell the server"
    assert report["verified"] >= 1


@pytest.mark.sweep
def test_a_machine_that_is_killed_and_locked_loses_nothing(tmp_path: Path) -> None:
    check(soaked(tmp_path, "--tills", "3", "--seed", "3"))
    assert not list(tmp_path.glob("carnet-soak-*")), "nothing is left behind"


@pytest.mark.extended
def test_a_database_that_is_cut_off_loses_nothing_under_row_level_security(
    tmp_path: Path, postgres_url: str
) -> None:
    migrate(Settings.read({"CARNET_DATABASE": postgres_url}))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE soak_login LOGIN PASSWORD 'tests' IN ROLE carnet_app, carnet_worker")
    url = as_user(postgres_url, "soak_login")
    check(soaked(tmp_path, "--tills", "3", "--seed", "4", "--database", url))


@pytest.mark.sweep
def test_a_soak_that_is_told_to_end_reports_and_leaves_no_server(tmp_path: Path) -> None:
    soak = subprocess.Popen(
        [sys.executable, "-m", "api.cli.main", "soak", "--json", "--minutes", "60", "--tills", "1"],
        env=without_settings() | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert soak.stderr is not None
    assert "answers" in soak.stderr.readline(), "it has begun"
    soak.send_signal(signal.SIGTERM)
    told, _ = soak.communicate(timeout=200)
    assert soak.returncode == 0, told
    check(json.loads(told) | {"trouble": "any"})
    assert not list(tmp_path.iterdir())


def test_a_database_with_books_is_left_alone(tmp_path: Path, either_desk: Desk) -> None:
    database = either_desk.carnet.env["CARNET_DATABASE"]
    done = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "soak", "--database", database],
        env=without_settings() | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if database.startswith("postgresql") else 2)
    assert "books in it" in done.stderr or "must begin with postgresql://" in done.stderr


# The judge


class Court:
    """A desk whose client stands for the server, and one till that has used two units."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.journal = desk, Journal()
        service = desk.service()
        package = desk.sell(desk.customer(), desk.offer(service, quantity=LINE))["id"]
        for n in range(2):
            path, body = f"/v1/packages/{package}/redemptions", {"service_id": service}
            answer = desk.post(path, body, key=f"use {n}")
            done = Acknowledged(path, f"Bearer {desk.key}", f"use {n}", body, answer.content)
            self.journal.acknowledge(done)
        self.till = Till(
            name="till",
            url="",
            key=desk.key,
            customer_key=desk.key,
            journal=self.journal,
            over=Event(),
            chance=random.Random(0),
            service=service,
            offer="",
            customer="",
            shared=[],
            sold=[Sold(package, LINE - 2)],
        )

    def found(self) -> dict[str, int]:
        client = self.desk.client
        client.headers["Authorization"] = f"Bearer {self.desk.key}"
        try:
            judge(client, self.journal, [self.till], 0, random.Random(0))
        finally:
            del client.headers["Authorization"]  # other tests ask by this client too
        return dict(self.journal.found)


def test_a_ledger_that_has_what_was_acknowledged_is_clean(desk: Desk) -> None:
    assert Court(desk).found() == {}


def test_a_server_that_does_not_come_back_is_told_in_the_report(desk: Desk) -> None:
    court = Court(desk)
    with httpx.Client(base_url="http://127.0.0.1:1", trust_env=False) as nobody:
        judge(nobody, court.journal, [court.till], 0, random.Random(0))
    assert court.journal.found == {"errors": 1}


def test_a_unit_too_much_is_a_use_that_was_lost(desk: Desk) -> None:
    court = Court(desk)
    court.till.sold[0].remaining -= 1
    assert court.found() == {"lost": 1}


def test_a_unit_too_few_is_a_use_that_was_doubled(desk: Desk) -> None:
    court = Court(desk)
    court.till.sold[0].remaining += 1
    assert court.found() == {"doubled": 1}


def test_an_acknowledged_command_that_is_not_known_is_lost(desk: Desk) -> None:
    court = Court(desk)
    first = court.journal.acknowledged[0]
    court.journal.acknowledged[0] = Acknowledged(first.path, first.authorization, "new", first.body, b"")
    assert court.found() == {"lost": 1}


def test_another_answer_than_before_is_wrong(desk: Desk) -> None:
    court = Court(desk)
    first = court.journal.acknowledged[0]
    court.journal.acknowledged[0] = Acknowledged(
        first.path, first.authorization, first.key, first.body, first.answer + b" "
    )
    assert court.found() == {"wrong": 1}


@pytest.mark.parametrize(
    ("status", "seconds", "found"),
    [
        (201, 9.0, {}),
        (409, 0.1, {}),
        (503, LATE_S, {}),
        (503, LATE_S + 0.1, {"late": 1}),
        (500, 0.1, {"errors": 1}),
        (502, 0.1, {"errors": 1}),
    ],
)
def test_only_a_503_in_time_is_no_fault(status: int, seconds: float, found: dict[str, int]) -> None:
    journal = Journal()
    journal.answered("commands", status, seconds)
    assert dict(journal.found) == found
    assert Report(1, 1.0, 1, Counter(), 1, journal).is_clean == (not found)
