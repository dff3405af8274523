"""A link to a card by e-mail: to the address on the card, once in ten minutes, to nobody where two cards share it."""

import re
from datetime import timedelta
from threading import Event

import httpx
import pytest
from structlog.testing import capture_logs

from api.outbound.deliverer import Deliverer
from api.outbound.sign_in_letters import CardLinks
from tests.api.desk import PATIENCE_S, PEPPER, Desk
from tests.api.outbound.conftest import Post, post_of
from tests.api.outbound.mailbox import Mailbox, plain
from tests.api.pages.browser import Browser

pytest_plugins = ["tests.api.houses"]
ANNA = "anna@example.org"


@pytest.fixture
def post(either_desk: Desk, box: Mailbox) -> Post:
    """The post of an installation that knows its own address."""
    either_desk.carnet.store.outbox.switch_off()
    links = CardLinks(either_desk.carnet, "https://cards.example.org", lambda: PEPPER)
    either_desk.frame.mails_links = True
    return post_of(either_desk, Deliverer(either_desk.carnet, box.server, links))


def asked(desk: Desk, email: str = ANNA, business_id: str | None = None) -> httpx.Response:
    body = {"business_id": business_id or desk.business_id, "email": email}
    return desk.client.post("/v1/sign-in-requests", json=body)


@pytest.mark.parametrize("typed", [ANNA, ANNA.upper()])
def test_a_letter_signs_the_customer_in_to_their_card(post: Post, box: Mailbox, typed: str) -> None:
    post.desk.customer("Kovács Anna", email=ANNA, locale="hu-HU")
    browser = Browser(post.desk.client)
    browser.go(f"/sign-in/card?business={post.desk.business_id}")
    browser.send("/sign-in/card", email=typed)
    assert "on its way" in browser.text
    post.goes()
    ((recipient, message),) = box.taken
    assert recipient == ANNA
    assert "Hivatkozást kért" in plain(message)
    (path,) = re.findall(r"https://cards\.example\.org(\S+)", plain(message))
    browser.go(path)
    browser.send("/sign-in/link")
    assert browser.address == "/card"
    assert "Kovács Anna" in browser.answer.text


def test_the_answer_does_not_tell_who_is_a_customer(post: Post, box: Mailbox) -> None:
    desk = post.desk
    desk.customer("Anna", email=ANNA)
    gone = desk.customer("Béla", email="bela@example.org")
    desk.do(f"/v1/customers/{gone}/deactivation", {})
    answers = [
        asked(desk),
        asked(desk, "nobody@example.org"),
        asked(desk, "bela@example.org"),
        asked(desk, business_id="biz_elsewhere"),
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"minutes":30}')}
    post.goes()
    assert [recipient for recipient, _ in box.taken] == [ANNA]


def test_nobody_is_looked_up_before_all_are_answered(post: Post, box: Mailbox) -> None:
    """So the time of an answer cannot tell either: what is done before it is the same for all."""
    desk, may_go_on = post.desk, Event()
    desk.customer("Anna", email=ANNA)
    desk.frame.letters.do(lambda: _wait(may_go_on))
    for email, business in (
        (ANNA, desk.business_id),
        ("nobody@example.org", desk.business_id),
        (ANNA, "biz_no"),
    ):
        assert asked(desk, email, business).status_code == 202
    post.deliverer.step(post.planner, post.sender)
    assert (post.messages(), box.taken) == ([], [])
    may_go_on.set()
    post.goes()
    assert [recipient for recipient, _ in box.taken] == [ANNA]


def _wait(event: Event) -> None:
    event.wait(PATIENCE_S)


def test_what_fails_after_an_answer_stops_nothing_that_comes_later(post: Post, box: Mailbox) -> None:
    post.desk.customer("Anna", email=ANNA)
    with capture_logs() as lines:
        post.desk.frame.letters.do(lambda: 1 / 0)  # type: ignore[arg-type]
        asked(post.desk)
        post.goes()
    assert [recipient for recipient, _ in box.taken] == [ANNA]
    assert any("ZeroDivisionError" in str(line) for line in lines)


def test_a_letter_does_not_wait_for_what_has_time(post: Post, box: Mailbox) -> None:
    """Such as sums of reports that are kept, which may take seconds."""
    desk, may_go_on = post.desk, Event()
    desk.customer("Anna", email=ANNA)
    desk.frame.after_answers.do(lambda: _wait(may_go_on))
    asked(desk)
    post.goes()
    may_go_on.set()
    assert [recipient for recipient, _ in box.taken] == [ANNA]


def test_two_cards_with_one_address_are_told_and_no_link_is_sent(post: Post, box: Mailbox) -> None:
    desk = post.desk
    desk.do("/v1/locations", {"name": "Belváros", "address": "Fő utca 1"})
    for name in ("Anna", "Béla"):
        desk.customer(name, email=ANNA)
    asked(desk)
    post.goes()
    ((recipient, message),) = box.taken
    assert recipient == ANNA
    assert "Two cards have this e-mail address" in plain(message)
    assert "Belváros, Fő utca 1" in plain(message)
    assert "https://" not in plain(message)


def test_an_address_gets_one_letter_in_ten_minutes(post: Post, box: Mailbox) -> None:
    post.desk.customer("Anna", email=ANNA)
    for _ in range(3):
        asked(post.desk)
    post.goes()
    assert len(box.taken) == 1
    post.desk.clock.forward(minutes=10)
    asked(post.desk)
    post.goes()
    assert len(box.taken) == 2


def test_an_address_gets_six_letters_in_a_day(post: Post, box: Mailbox) -> None:
    post.desk.customer("Anna", email=ANNA)
    to_midnight = timedelta(days=1) - (
        post.desk.clock() - post.desk.clock().replace(hour=0, minute=0, second=0)
    )
    post.desk.clock.forward(seconds=int(to_midnight.total_seconds()))
    for _ in range(9):
        asked(post.desk)
        post.goes()
        post.desk.clock.forward(minutes=10)
    assert len(box.taken) == 6
    post.desk.clock.forward(hours=23)
    asked(post.desk)
    post.goes()
    assert len(box.taken) == 7


def test_without_an_address_of_its_own_nothing_is_sent(post: Post) -> None:
    post.desk.frame.mails_links = False
    answer = asked(post.desk)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
