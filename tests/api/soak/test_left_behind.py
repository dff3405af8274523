"""A server that was started for a soak or a demo ends with it, also where that is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from api.server.installation import migrate
from api.server.settings import Settings
from tests.api.server.served import children_of, is_running, settings_in, without_settings
from tests.ready import wait_for

STARTED = {
    "a soak": """
from pathlib import Path
from api.soak.server import Server
server = Server({name: value for name, value in os.environ.items() if name.startswith("CARNET_")}, Path("server.log"))
server.start()
""",
    "a demo": """
from api.cli.demo_desk import served
serving = served(dict(os.environ))
serving.__enter__()
""",
}


@pytest.mark.parametrize(
    "starting",
    [
        pytest.param(STARTED["a soak"], id="a soak"),
        pytest.param(STARTED["a demo"], id="a demo", marks=pytest.mark.sweep),
    ],
)
def test_a_server_ends_with_what_started_it(tmp_path: Path, starting: str) -> None:
    environment = settings_in(tmp_path, 1)
    migrate(Settings.read(environment))
    del environment["CARNET_PORT"]
    starter = subprocess.Popen(
        [sys.executable, "-c", f"import os, sys\n{starting}\nprint('ready', flush=True)\nsys.stdin.read()"],
        env=without_settings() | environment | {"PYTHONPATH": os.getcwd()},
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"ready\n"
    (server,) = children_of(starter.pid)
    processes = [server, *children_of(server)]
    assert len(processes) > 1
    starter.kill()
    starter.communicate()
    wait_for(lambda: not any(is_running(pid) for pid in processes))
