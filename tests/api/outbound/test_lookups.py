"""A name server that does not answer holds up nobody for longer than a receiver may take."""

from threading import Event

import pytest

from api.outbound.lookups import Lookups
from tests.ready import WAIT_S_MAX


def test_a_dead_name_server_is_waited_for_no_longer_than_asked_and_by_one_thread_a_name() -> None:
    answers, asked = Event(), list[str]()

    def look(host: str, port: int) -> list[str]:
        asked.append(host)
        assert answers.wait(WAIT_S_MAX)
        return [f"192.0.2.{port}"]

    lookups = Lookups(look)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            lookups.addresses("dead.example", 1, within_s=0)
    with pytest.raises(TimeoutError):
        lookups.addresses("other.example", 2, within_s=0)
    answers.set()
    assert lookups.addresses("dead.example", 1, WAIT_S_MAX) == ["192.0.2.1"]
    assert lookups.addresses("other.example", 2, WAIT_S_MAX) == ["192.0.2.2"]
    assert set(asked) == {"dead.example", "other.example"}
    assert asked.count("dead.example") <= 2


def test_a_name_that_nobody_knows_is_told_at_once() -> None:
    def look(host: str, port: int) -> list[str]:
        raise OSError("unknown")

    with pytest.raises(OSError, match="unknown"):
        Lookups(look).addresses("nowhere.example", 1, WAIT_S_MAX)
