"""The clock beside a server or a runner, and `carnet tick`: it ticks, it stops, and its failures are logged."""

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner

from api.cli.main import main
from api.server.clock.ticking import ticking
from api.server.installation import Installation, migrate, opened
from api.server.settings import Settings
from domain.actor import Actor, Role
from domain.catalogue.commands import DefineService
from domain.catalogue.facts import OfferLine, ServiceTerms
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done
from domain.package.commands import SellPackage
from domain.people.commands import RegisterCustomer
from domain.values import Money
from tests.ready import WAIT_S_MAX, wait_for
from tests.use_cases import order

OWNER = Meta(actor=Actor(id="stf_ann", role=Role.OWNER))


@pytest.fixture(params=["sqlite", "postgres"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    database = (
        f"sqlite:///{tmp_path}/carnet.db"
        if request.param == "sqlite"
        else str(request.getfixturevalue("postgres_url"))
    )
    made = {"CARNET_DATABASE": database, "CARNET_PEPPER": "0123456789abcdef" * 4}
    migrate(Settings.read(made))
    return made


@pytest.fixture
def here(environment: dict[str, str]) -> Iterator[Installation]:
    """One business, with a package that expired in the past and one that does so soon."""
    with opened(Settings.read(environment)) as installed:
        id, _ = installed.open_business("Szalon", "EUR", "Europe/Budapest")
        today = date.today()
        commands = [
            DefineService(service_id="svc_1", service=ServiceTerms(name="Massage", service_type="Massage")),
            RegisterCustomer(customer_id="cus_1"),
            *(
                SellPackage(
                    package_id=f"pkg_{name}",
                    customer_id="cus_1",
                    name=name,
                    lines=(OfferLine(quantity=2, services=("svc_1",)),),
                    price=Money(amount=100, currency="EUR"),
                    effective_at=today - timedelta(days=90),
                    expires_on=today + timedelta(days=days),
                )
                for name, days in (("over", -30), ("soon", 5), ("late", 80))
            ),
        ]
        results = installed.carnet.ledger(id).execute([order(command, OWNER) for command in commands])
        assert all(isinstance(result, Done) for result in results)
        yield installed


def run(environment: dict[str, str], *arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, list(arguments), env=environment)
    assert result.exit_code == status, result.output
    return result.output


def names(here: Installation) -> list[str]:
    (id,) = here.businesses()
    return [fact.name for fact in here.ledger(id).recorder.facts() if fact.name.startswith("package.")][3:]


def test_carnet_tick_records_what_is_due_and_says_so(here: Installation, environment: dict[str, str]) -> None:
    run(environment, "tick", "--business", "biz_unknown", status=1)
    assert run(environment, "tick") == "0 renewals recorded\n1 expiries recorded\n1 reminders recorded\n"
    assert names(here) == ["package.expired", "package.reminder_due"]
    (id,) = here.businesses()
    assert (
        run(environment, "tick", "--business", id)
        == "0 renewals recorded\n0 expiries recorded\n0 reminders recorded\n"
    )
    for fact in here.ledger(id).recorder.facts():
        if fact.name == "package.expired":
            assert b'"via":"system"' in fact.meta


def test_status_tells_of_expiries_that_nobody_records(
    here: Installation, environment: dict[str, str]
) -> None:
    (id,) = here.businesses()
    here.runner().catch_up(id)
    assert f"1 expiries of {id} are not recorded" in run(environment, "status")
    run(environment, "tick")
    here.runner().catch_up(id)
    assert "are not recorded" not in run(environment, "status")


def test_the_clock_ticks_beside_a_server_until_it_is_stopped(here: Installation) -> None:
    runner = here.runner()
    runner.start()
    try:
        with ticking(here, every_s=1):
            wait_for(lambda: len(names(here)) == 2)
    finally:
        runner.stop()
    assert sorted(names(here)) == ["package.expired", "package.reminder_due"]


def test_a_clock_that_is_off_never_ticks(here: Installation) -> None:
    with ticking(here, every_s=0):
        pass
    assert names(here) == []


def test_a_failure_of_the_clock_is_logged_and_it_ticks_on(
    here: Installation, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = Event()

    def heads() -> Iterator[tuple[str, int]]:
        failed.set()
        raise OSError("no route to the database")

    with caplog.at_level(logging.WARNING, logger="carnet.clock"):
        monkeypatch.setattr(here.carnet.store, "heads", heads)
        with ticking(here, every_s=1):
            assert failed.wait(WAIT_S_MAX)
            monkeypatch.undo()
            (id,) = here.businesses()
            here.runner().catch_up(id)
            wait_for(lambda: len(names(here)) == 2)
    assert "no route to the database" in caplog.text
