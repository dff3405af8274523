"""A server ends in order on every signal that ends a process, a terminal that closes among them."""

import os
import signal
from pathlib import Path

import pytest

from tests.api.server.served import children_of, is_running, served
from tests.ready import WAIT_S_MAX, wait_for


@pytest.mark.parametrize("told", [signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_a_signal_to_the_whole_group_ends_the_server_in_order(tmp_path: Path, told: signal.Signals) -> None:
    with served(tmp_path) as server:
        workers = children_of(server.process.pid)
        os.killpg(server.process.pid, told)
        assert server.process.wait(WAIT_S_MAX) == 0
        wait_for(lambda: not any(is_running(pid) for pid in workers))


def test_a_server_that_hears_last_of_its_end_ends_in_order(tmp_path: Path) -> None:
    """The processes that serve have ended before the first one runs again: that is no failure of theirs."""
    with served(tmp_path) as server:
        workers = children_of(server.process.pid)
        os.kill(server.process.pid, signal.SIGSTOP)
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not any(is_running(pid) for pid in workers))
        os.kill(server.process.pid, signal.SIGTERM)
        os.kill(server.process.pid, signal.SIGCONT)
        assert server.process.wait(WAIT_S_MAX) == 0
