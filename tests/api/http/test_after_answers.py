"""Work after an answer: in order, and tried again where the database cannot be reached, until the process ends."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from api.http.after_answers import AGAIN_S, AfterAnswers
from domain.ledger.errors import Contention, LedgerUnavailable


def failing(times: int, error: Exception, done: list[str]) -> Callable[[], None]:
    """Work that fails so often, and is then done."""

    def work() -> None:
        done.append("tried")
        if len(done) <= times:
            raise error

    return work


@pytest.mark.parametrize("error", [LedgerUnavailable("away"), Contention("held")])
def test_what_the_database_could_not_be_reached_for_is_tried_again_before_what_came_later(
    error: Exception,
) -> None:
    later, done = AfterAnswers(pause_s=0), list[str]()
    later.do(failing(2, error, done), until_done=True)
    later.do(lambda: done.append("the next"))
    later.finish()
    assert done == ["tried"] * 3 + ["the next"]


def test_other_faults_and_other_works_are_tried_once() -> None:
    for until_done, error in ((True, ValueError("ours")), (False, LedgerUnavailable("away"))):
        later, done = AfterAnswers(pause_s=0), list[str]()
        with capture_logs() as lines:
            later.do(failing(9, error, done), until_done=until_done)
            later.finish()
        assert (done, [line["error"] for line in lines]) == (["tried"], [type(error).__name__])


def test_a_work_is_given_up_after_a_minute() -> None:
    now, done = [0.0], list[str]()

    def away() -> None:
        done.append("tried")
        now[0] += AGAIN_S / 3
        raise LedgerUnavailable("away")

    later = AfterAnswers(pause_s=0, clock=lambda: now[0])
    later.do(away, until_done=True)
    later.finish()
    assert done == ["tried"] * 3


def test_a_process_that_ends_does_what_waits_once_more_and_ends() -> None:
    later, done = AfterAnswers(pause_s=1_000), list[str]()
    later.do(failing(1_000, LedgerUnavailable("away"), done), until_done=True)
    later.do(lambda: done.append("the next"))
    later.close()
    assert done[-1] == "the next"
    assert 1 <= done.count("tried") <= 2
