"""Books that meet other rules of a time zone, or a machine that does not know theirs."""

import json
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.server.installation import opened
from api.server.settings import Settings
from domain.actor import Role
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.cli.conftest import Terminal
from tests.api.desk import PEPPER, ZONE, Desk, house_at

TABLES = {"cards": "valid_until", "memberships": "next_at", "bookings": "local_date"}


def zone_file(name: str) -> Path:
    for folder in (Path("/usr/share/zoneinfo"), Path(str(files("tzdata") / "zoneinfo"))):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(name)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A database of time zones in which Budapest keeps the time of Auckland, and one place more is known."""
    folder = tmp_path / "zoneinfo"
    for name, like in ((ZONE, "Pacific/Auckland"), ("Mars/Olympus", "Europe/Paris")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(zone_file(like), folder / name)
    return folder


def there(terminal: Terminal, zones: Path, *arguments: str, status: int = 0) -> str:
    """What the command prints on a machine with those zones."""
    environment = {**os.environ, **terminal.environment, "PYTHONTZPATH": str(zones)}
    process = replace(terminal, environment=environment).process(*arguments)
    out, err = process.communicate(timeout=120)
    assert process.returncode == status, out + err
    assert "Traceback" not in err
    return out + err


def rows_of(terminal: Terminal, business_id: str) -> dict[str, list[Any]]:
    """The values that the rules of a zone make, as they stand in the tables."""
    with (
        opened(Settings.read(terminal.environment)) as here,
        here.views.snapshot(business_id, list(TABLES)) as seen,
    ):
        return {
            name: sorted(seen.connection.scalars(select(seen.tables[name].c[column])))
            for name, column in TABLES.items()
        }


@pytest.fixture
def terminal(terminal: Terminal) -> Terminal:
    """With the pepper under which a desk here makes its keys."""
    return replace(terminal, environment={**terminal.environment, "CARNET_PEPPER": PEPPER.decode()})


def sell(terminal: Terminal) -> Desk:
    """A package that ends, a membership and a booking, and their rows."""
    settings = Settings.read(terminal.environment)
    views = settings.database if settings.ledger_file is None else settings.views
    with house_at(settings.database, ReadTables(views, READ_MODELS)) as house:
        desk = house.desk()
        massage, anna = desk.service(), desk.customer()
        desk.sell(anna, desk.offer(massage), expires_on=desk.today(days=30))
        desk.membership(anna, massage)
        starts_at = (desk.clock() + timedelta(days=2)).strftime("%Y-%m-%dT12:30:00.000Z")
        desk.do("/v1/bookings", {"customer_id": anna, "service_id": massage, "starts_at": starts_at})
        assert len(desk.get("/v1/packages")["data"]) == 2
        assert len(desk.get("/v1/memberships")["data"]) == len(desk.get("/v1/bookings")["data"]) == 1
    return desk


def test_rows_are_made_anew_by_other_rules_without_an_alarm(terminal: Terminal, elsewhere: Path) -> None:
    desk = sell(terminal)
    before = rows_of(terminal, desk.business_id)
    assert " 0 rows differ" in there(terminal, elsewhere, "verify", "--read-models")
    there(terminal, elsewhere, "migrate")
    after = rows_of(terminal, desk.business_id)
    for name, values in before.items():
        assert len(after[name]) == len(values)
        assert set(after[name]) != set(values), name
    # As a rebuild there makes them, and as here.
    assert "0 rows differed" in there(terminal, elsewhere, "rebuild", "cards", "--verify")
    assert rows_of(terminal, desk.business_id) == after
    assert " 0 rows differ" in terminal.run("verify", "--read-models").stdout
    terminal.run("migrate")
    assert rows_of(terminal, desk.business_id) == before


def test_rows_of_a_rebuild_by_other_rules_are_no_difference(terminal: Terminal, elsewhere: Path) -> None:
    desk = sell(terminal)
    before = rows_of(terminal, desk.business_id)
    assert "0 rows differed" in there(terminal, elsewhere, "rebuild", "cards", "--verify")
    assert rows_of(terminal, desk.business_id)["cards"] != before["cards"]


def test_a_row_that_was_changed_is_found_all_the_same(terminal: Terminal) -> None:
    desk = sell(terminal)
    with opened(Settings.read(terminal.environment)) as here, here.views.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE cards_v8 SET valid_until = valid_until + 1 WHERE valid_until IS NOT NULL"
        )
    found = terminal.run("verify", "--read-models", "--business", desk.business_id, status=1)
    assert "is not what the ledger makes it" in found.output


def test_a_zone_that_the_machine_does_not_know_is_named(terminal: Terminal, elsewhere: Path) -> None:
    opened_there = there(
        terminal, elsewhere, "open", "Olympus", "--currency", "EUR", "--time-zone", "Mars/Olympus", "--json"
    )
    business_id = json.loads(opened_there)["business_id"]
    found = terminal.run("report", "liability", "--business", business_id, status=1)
    assert "no time zone 'Mars/Olympus'" in found.output
    assert len(found.output.strip().splitlines()) == 1
    settings = Settings.read(terminal.environment)
    views = settings.database if settings.ledger_file is None else settings.views
    with house_at(settings.database, ReadTables(views, READ_MODELS)) as house:
        desk = replace(house.desk(), business_id=business_id).as_role(Role.OWNER)
        massage = desk.service()
        line = {"quantity": 10, "services": [massage]}
        answers = [
            desk.post("/v1/customers", {"name": "Anna"}),
            desk.post("/v1/offers", {"name": "Ten", "price": 1_000, "lines": [line]}),
            desk.ask("/v1/packages"),
            desk.ask("/v1/bookings", on=desk.today()),
        ]
        refused = [each.json() for each in answers if each.status_code == 503]
        assert refused
        assert all(each["code"] == "not-ready" and "Mars/Olympus" in each["detail"] for each in refused)
        assert max(each.status_code for each in answers) == 503
        assert house.desk().customer(), "others go on"


@pytest.mark.parametrize(
    "name", ["localtime", "Factory", "Etc/GMT+5", "posix/Europe/Budapest", "europe/budapest"]
)
def test_a_business_opens_in_the_zone_of_a_place(embedded: Terminal, name: str) -> None:
    found = embedded.run("open", "Salon", "--currency", "EUR", "--time-zone", name, status=2)
    assert "is not an IANA time zone of a place" in found.output
