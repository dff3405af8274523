"""`carnet serve` on PostgreSQL: one process beside it keeps the read models, and lives as long as it does."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.server.installation import migrate, opened
from api.server.settings import Settings
from projections.engine.status import standings
from tests.api.server.served import is_running
from tests.bench.server import free_port
from tests.command_process import CommandProcess, start
from tests.ready import WAIT_S_MAX, is_ready, wait_for

STARTED = re.compile(r"process (\d+) keeps the read models fresh")


@dataclass(frozen=True)
class Served:
    process: CommandProcess
    settings: Settings
    key: str
    log: Path

    def keepers(self) -> list[int]:
        """The processes that were started for the read models, in their order."""
        return [int(pid) for pid in STARTED.findall(self.log.read_text())]

    def define(self, name: str) -> None:
        """Record a fact."""
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": name}
        body = {"name": name, "service_type": "Massage"}
        url = f"http://127.0.0.1:{self.settings.port}/v1/services"
        httpx.post(url, json=body, headers=headers, timeout=30).raise_for_status()

    def lag(self) -> int:
        with opened(self.settings) as here:
            return max(standing.lag for standing in standings(here.carnet.store, here.views))

    def wait_for(self, condition: Callable[[], object]) -> None:
        wait_for(condition, self.log.read_text)


@pytest.fixture
def served(postgres_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    """`carnet serve` on a fresh PostgreSQL database with one business."""
    more: dict[str, str] = getattr(request, "param", {})
    named = {"DATABASE": postgres_url, "PEPPER": "0123456789abcdef" * 4, "PORT": str(free_port()), **more}
    environment = {f"CARNET_{name}": value for name, value in named.items()}
    settings = Settings.read(environment)
    migrate(settings)
    with opened(settings) as here:
        _, key = here.open_business("Szalon", "EUR", "Europe/Budapest")
    log = tmp_path / "server.log"
    others = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    with log.open("wb") as output:
        process = start("serve", environment={**others, **environment}, stdout=output, stderr=output)
    found = Served(process, settings, key, log)
    try:
        found.wait_for(lambda: is_ready(settings.port))
        yield found
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_the_read_models_are_kept_by_a_process_that_comes_back_when_it_is_killed(served: Served) -> None:
    served.define("first")
    served.wait_for(lambda: served.lag() == 0)
    (first,) = served.keepers()

    os.kill(first, signal.SIGKILL)
    served.define("second")
    served.wait_for(lambda: served.lag() == 0 and len(served.keepers()) == 2)

    assert not is_running(first)
    assert is_running(served.keepers()[1])


def test_a_list_is_fresh_while_that_process_is_dead(served: Served) -> None:
    served.wait_for(served.keepers)
    os.kill(served.keepers()[0], signal.SIGKILL)
    served.define("new")

    headers = {"Authorization": f"Bearer {served.key}", "Ledger-Min-Position": "2"}
    answer = httpx.get(f"http://127.0.0.1:{served.settings.port}/v1/services", headers=headers, timeout=30)

    assert answer.headers["Ledger-Position"] == "2"
    assert [service["name"] for service in answer.json()["data"]] == ["new"]


def test_that_process_goes_when_the_server_is_killed(served: Served) -> None:
    served.wait_for(served.keepers)
    (keeper,) = served.keepers()

    served.process.kill()

    served.wait_for(lambda: not is_running(keeper))


@pytest.mark.parametrize("served", [{}, {"PROCESSES": "2"}], indirect=True, ids=["one", "two"])
def test_however_many_processes_serve_there_is_one_and_it_ends_with_them(served: Served) -> None:
    served.wait_for(served.keepers)
    (keeper,) = served.keepers()

    # As a terminal does it: everybody is told at once.
    os.killpg(served.process.pid, signal.SIGINT)

    assert served.process.wait(WAIT_S_MAX) == 0
    assert not is_running(keeper)
    assert served.keepers() == [keeper]
    assert "Traceback" not in served.log.read_text()


@pytest.mark.parametrize("served", [{"RUNNER": "off"}], indirect=True, ids=["off"])
def test_with_the_runner_off_there_is_none(served: Served) -> None:
    served.define("somebody else's work")
    served.process.send_signal(signal.SIGTERM)

    assert served.process.wait(WAIT_S_MAX) == 0
    assert served.keepers() == []
    assert served.lag() == 2
