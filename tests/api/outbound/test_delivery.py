"""No e-mail is lost, none is sent twice under two names, and a mail server that fails delays nobody else."""

from datetime import timedelta

import pytest

from api.outbound.mail_server import MailConnection
from api.outbound.planning import before
from domain.actor import Role
from tests.api.desk import Desk
from tests.api.outbound.conftest import Post, post_anew
from tests.api.outbound.mailbox import HANGS_UP, Mailbox, mailbox
from tests.bench.server import free_port

pytest_plugins = ["tests.api.houses"]
ANNA = "anna@example.org"


def sell(desk: Desk, email: str = ANNA) -> str:
    return str(desk.sell(desk.customer("Anna", email=email), desk.offer(desk.service()))["id"])


class Crash(BaseException):
    """The process ends here."""


def test_an_e_mail_sent_before_a_crash_is_sent_again_under_the_same_message_id(
    post: Post, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """given an e-mail that was taken, when the process ends before that is written down, then it has one name."""
    sell(post.desk)
    hand_in = MailConnection.send

    def crashing(*arguments: object) -> None:
        hand_in(*arguments)  # type: ignore[arg-type]
        raise Crash

    with monkeypatch.context() as here:
        here.setattr(MailConnection, "send", crashing)
        with pytest.raises(Crash):
            post.goes()
    post.begins_again().goes()
    first, second = (message["Message-ID"] for _, message in box.taken)
    assert first == second
    post.begins_again().goes()
    assert len(box.taken) == 2, "once it is written down it is not sent again"


def test_a_fact_recorded_while_nobody_sends_is_told_afterwards(post: Post, box: Mailbox) -> None:
    post.goes()
    sell(post.desk)
    again = post.begins_again()
    again.goes()
    again.goes()
    assert box.recipients == [ANNA]


def test_reading_the_whole_ledger_again_sends_nothing_again(post: Post, box: Mailbox) -> None:
    sell(post.desk)
    post.goes()
    again = post.begins_again()
    again.planner._read[post.desk.business_id] = 0
    again.goes()
    assert len(box.taken) == 1


def test_what_was_sold_before_messages_were_switched_on_gets_none(either_desk: Desk, box: Mailbox) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"message_language": "en"})
    sell(desk)
    last = desk.head
    desk.clock.forward(seconds=1)
    post = post_anew(desk, box)
    post.goes()
    recorder = desk.carnet.ledger(desk.business_id).recorder
    assert before(recorder, recorder.head().recorded_at + 1, last) == last
    assert before(recorder, 0, last) == 0
    assert (box.taken, post.messages()) == ([], [])


def test_a_restored_database_sends_nothing_that_waited_in_it(
    post: Post, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.refusals[ANNA] = "450 later"
    sell(post.desk)
    post.goes()
    assert post.states() == [("waiting", "smtp-450")]
    post.desk.carnet.store.outbox.switch_off()
    post.desk.clock.forward(hours=1)
    box.refusals.clear()
    post.begins_again().goes()
    assert (box.taken, post.states()) == ([], [("given_up", "restored")])


def test_a_fact_older_than_the_days_of_trying_is_not_told_any_more(post: Post, box: Mailbox) -> None:
    sell(post.desk)
    post.desk.clock.forward(days=4)
    post.goes()
    assert (box.taken, post.states()) == ([], [("skipped", "too-old")])


def test_a_dead_mail_server_loses_nothing_and_is_left_alone_for_a_while(
    either_desk: Desk,
) -> None:
    """given no mail server, when it comes back, then everything is sent, in order."""
    desk, box = either_desk, Mailbox(free_port())
    post = post_anew(desk, box)
    desk.do("/v1/policies", {"message_language": "en"})
    sell(desk)
    sell(desk, "bela@example.org")
    post.goes()
    assert post.states() == [("waiting", "unreachable")] * 2
    assert [each["attempts"] for each in post.messages()] == [1, 1]
    post.goes()
    assert [each["attempts"] for each in post.messages()] == [1, 1], "it rests"
    with box.open():
        desk.clock.forward(minutes=2)
        post.goes()
    assert box.recipients == [ANNA, "bela@example.org"]
    assert post.states() == [("sent", None)] * 2


def test_an_e_mail_is_tried_for_days_and_then_given_up_for_all_to_see(post: Post, box: Mailbox) -> None:
    box.refusals[ANNA] = "450 the mailbox is full"
    sell(post.desk)
    post.goes()
    tries = 1
    while (row := post.messages()[0])["state"] == "waiting":
        post.desk.clock.forward(hours=7)
        post.goes()
        tries += 1
        assert tries < 30
    assert (row["state"], row["reason"]) == ("given_up", "smtp-450")
    assert 8 <= tries <= 15
    assert box.taken == []


def test_a_refused_address_is_given_up_at_once_and_delays_no_other(post: Post, box: Mailbox) -> None:
    box.refusals[ANNA] = f"550 no such user {ANNA}"
    sell(post.desk)
    sell(post.desk, "bela@example.org")
    post.goes()
    assert post.states() == [("given_up", "smtp-550"), ("sent", None)]
    assert box.recipients == ["bela@example.org"]


@pytest.mark.parametrize("reply", ["421 closing", HANGS_UP])
def test_an_e_mail_at_which_the_server_hangs_up_delays_no_other(post: Post, box: Mailbox, reply: str) -> None:
    box.refusals[ANNA] = reply
    sell(post.desk)
    sell(post.desk, "bela@example.org")
    for _ in range(3):
        post.goes()
        post.desk.clock.forward(seconds=10)
    assert box.recipients == ["bela@example.org"]
    assert [each["state"] for each in post.messages()] == ["waiting", "sent"]


def test_a_queue_is_bounded_and_the_ledger_waits(
    post: Post, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.outbound.planning.WAITING_MAX", 1)
    box.refusals[ANNA] = "450 later"
    sell(post.desk)
    post.goes()
    sell(post.desk, "bela@example.org")
    post.goes()
    assert len(post.messages()) == 1
    box.refusals.clear()
    post.desk.clock.forward(minutes=5)
    post.goes()
    post.goes()
    assert box.recipients == [ANNA, "bela@example.org"]


def test_managers_see_the_messages_and_nobody_elses(post: Post, box: Mailbox) -> None:
    sell(post.desk)
    post.goes()
    assert len(post.desk.as_role(Role.MANAGER).get("/v1/messages", state="sent")["data"]) == 1
    assert post.desk.as_role(Role.STAFF).ask("/v1/messages").status_code == 403
    assert post.desk.get("/v1/messages", state="given_up")["data"] == []
    assert ANNA not in post.desk.ask("/v1/messages").text


def test_the_loop_sends_and_ends_when_told(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"message_language": "en"})
    with mailbox() as box:
        deliverer = post_anew(desk, box).deliverer
        sell(desk)
        desk.clock.ahead = timedelta()
        stopping = _StopAfter(rounds=1)
        deliverer.run(stopping)  # type: ignore[arg-type]
    assert box.recipients == [ANNA]


class _StopAfter:
    """An event that is set after so many waits."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds

    def is_set(self) -> bool:
        return self.rounds <= 0

    def wait(self, timeout: float) -> bool:
        self.rounds -= 1
        return self.is_set()
