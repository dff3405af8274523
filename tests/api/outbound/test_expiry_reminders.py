"""Customers get an e-mail before a package expires, once for a last valid day, and the package remembers it."""

from datetime import date
from typing import Any

import pytest
from babel.dates import format_date

from api.outbound.mail_server import MailConnection
from tests.api.desk import Desk
from tests.api.outbound.conftest import Post
from tests.api.outbound.mailbox import Mailbox, html, plain
from tests.api.outbound.test_delivery import Crash
from tests.api.resources.test_checklist_bookings import ahead, book

pytest_plugins = ["tests.api.houses"]
ANNA = "anna@example.org"
SENT = "package.reminder_sent"


def sold(post: Post, box: Mailbox, *, days: int = 10, **more: object) -> str:
    """A package that is valid so many days from today; its confirmation has gone."""
    desk = post.desk
    anna = desk.customer("Kovács Anna", email=ANNA)
    offer = desk.offer(desk.service(), quantity=3, price=9_000)
    id = str(desk.sell(anna, offer, expires_on=desk.today(days=days), **more)["id"])
    post.goes()
    box.taken.clear()
    return id


def due(post: Post, box: Mailbox, **more: Any) -> str:
    """A package of which a reminder is due, and not sent."""
    package = sold(post, box, **more)
    assert post.desk.tick()["reminders"] == 1
    return package


def reminders(post: Post, package: str) -> list[tuple[object, object]]:
    rows = post.messages(package_id=package)
    return [(row["state"], row["reason"]) for row in rows if row["kind"] == "expiry_reminder"]


def recorded(desk: Desk, package: str) -> list[Any]:
    return [each for each in desk.get(f"/v1/packages/{package}/facts")["data"] if each["name"] == SENT]


def in_words(desk: Desk, days: int, language: str) -> str:
    return format_date(date.fromisoformat(desk.today(days=days)), "long", locale=language)


@pytest.mark.covers("S20")
def test_a_reminder_is_sent_and_the_package_remembers_it(post: Post, box: Mailbox) -> None:
    desk = post.desk
    package = due(post, box)
    assert desk.card(package)["reminder"]["status"] == "due"
    post.goes()
    ((recipient, message),) = box.taken
    assert recipient == ANNA
    assert message["Subject"] == "Ends soon at Szalon: Massage ×10 💆"
    text = plain(message)
    assert "Dear Kovács Anna,\n\nYour package at Szalon ends soon." in text
    last_day = in_words(desk, 10, "en")
    assert f"Left: 3 × Massage 60\nLast valid day: {last_day}" in text
    assert f"<td>{last_day}</td>" in html(message)
    reminder = desk.card(package)["reminder"]
    assert (reminder["status"], reminder["sent_at"] is None) == ("sent", False)
    (fact,) = recorded(desk, package)
    assert fact["data"]["expires_on"] == desk.today(days=10)
    assert fact["meta"]["actor"]["via"] == "system"
    (_, row) = post.messages(package_id=package)
    assert (row["kind"], row["state"], row["attempts"]) == ("expiry_reminder", "sent", 1)
    assert str(message["Message-ID"]) == f"<{row['id']}@szalon.example>"


def test_a_reminder_may_be_in_hungarian_and_tells_what_is_booked(post: Post, box: Mailbox) -> None:
    desk = post.desk
    desk.do("/v1/policies", {"message_language": "hu", "deduct": "at_attendance"})
    anna, massage = desk.customer("Kovács Anna", email=ANNA), desk.service()
    offer = desk.offer(massage, quantity=3)
    desk.sell(anna, offer, expires_on=desk.today(days=10))
    book(desk, anna, massage, ahead(desk, days=3))
    desk.tick()
    post.goes()
    _, (_, message) = box.taken
    assert message["Subject"] == "Hamarosan lejár – Szalon: Massage ×10 💆"
    told = f"Még felhasználható: 3 × Massage 60 (ebből foglalva: 1)\nUtolsó érvényes nap: {in_words(desk, 10, 'hu')}"
    assert told in plain(message)
    assert 'lang="hu"' in html(message)


@pytest.mark.covers("S20")
def test_one_last_valid_day_is_told_once(post: Post, box: Mailbox) -> None:
    package = due(post, box)
    for _ in range(2):
        post.goes()
        post.desk.clock.forward(hours=1)
        assert post.desk.tick()["reminders"] == 0
    assert (box.recipients, len(recorded(post.desk, package))) == ([ANNA], 1)


@pytest.mark.covers("S19")
def test_another_last_valid_day_is_told_anew(post: Post, box: Mailbox) -> None:
    desk = post.desk
    package = due(post, box)
    post.goes()
    desk.do(f"/v1/packages/{package}/expiry", {"expires_on": desk.today(days=16)})
    desk.tick()
    post.goes()
    assert box.recipients == [ANNA]
    desk.clock.forward(days=2)
    assert desk.tick()["reminders"] == 1
    post.goes()
    assert box.recipients == [ANNA, ANNA]
    assert f"Last valid day: {in_words(desk, 14, 'en')}" in plain(box.taken[-1][1])
    assert desk.card(package)["reminder"]["status"] == "sent"


def test_a_shorter_lead_time_supersedes_a_reminder_that_waits(post: Post, box: Mailbox) -> None:
    desk = post.desk
    package = due(post, box)
    desk.do("/v1/policies", {"reminder_lead_days": 12})
    assert desk.tick()["reminders"] == 1
    post.goes()
    assert reminders(post, package) == [("skipped", "superseded"), ("sent", None)]
    assert box.recipients == [ANNA]


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("packages/{package}/cancellation", {"reason": "moved away"}, "cancelled"),
        ("packages/{package}/voiding", {"reason": "wrong customer"}, "cancelled"),
        ("packages/{package}/expiry", {"expires_on": None}, "expiry-changed"),
        ("packages/{package}/redemptions", {"service_id": "{service}", "quantity": 3}, "used-up"),
        ("packages/{package}/freeze", {"until": "{tomorrow}", "reason": "ill"}, "frozen"),
        ("packages/{package}/reminders", {}, "reminded"),
        ("customers/{anna}/block", {}, "blocked"),
        ("customers/{anna}/deactivation", {}, "inactive"),
    ],
)
def test_what_ends_a_reminder_before_it_goes(
    post: Post, box: Mailbox, path: str, body: dict[str, Any], reason: str
) -> None:
    """given a reminder that is due, when its reason ends, then none is sent, and none is recorded as sent by mail."""
    desk = post.desk
    package = due(post, box)
    card = desk.card(package)
    names = {
        "package": package,
        "anna": card["customer"]["id"],
        "service": card["lines"][0]["services"][0]["id"],
        "tomorrow": desk.today(days=1),
    }
    filled = {key: each.format(**names) if isinstance(each, str) else each for key, each in body.items()}
    desk.do(f"/v1/{path.format(**names)}", filled)
    post.goes()
    assert reminders(post, package) == [("skipped", reason)]
    assert [message["Subject"] for _, message in box.taken if "Ends soon" in message["Subject"]] == []
    assert len(recorded(desk, package)) == (reason == "reminded")


def test_a_reminder_that_waits_ends_with_the_package(post: Post, box: Mailbox) -> None:
    package = due(post, box, days=0)
    post.desk.clock.forward(days=1)
    post.goes()
    assert (box.taken, reminders(post, package)) == ([], [("skipped", "expired")])


def test_a_customer_without_an_address_is_not_counted_as_reminded(post: Post, box: Mailbox) -> None:
    desk = post.desk
    package = desk.sell(desk.customer("Zoe"), desk.offer(desk.service()), expires_on=desk.today(days=5))["id"]
    desk.tick()
    post.goes()
    assert (box.taken, reminders(post, package)) == ([], [("skipped", "no-address")])
    assert desk.card(package)["reminder"]["status"] == "due"


def test_a_reminder_that_is_refused_is_not_counted_as_sent(post: Post, box: Mailbox) -> None:
    package = due(post, box)
    box.refusals[ANNA] = "550 no such user"
    post.goes()
    assert reminders(post, package) == [("given_up", "smtp-550")]
    assert post.desk.card(package)["reminder"]["status"] == "due"


def test_a_reminder_of_a_gift_goes_to_who_has_it(post: Post, box: Mailbox) -> None:
    bela = post.desk.customer("Béla", email="bela@example.org")
    due(post, box, purchased_by=bela)
    post.goes()
    assert box.recipients == [ANNA]


def test_a_crash_before_it_is_recorded_records_it_once(
    post: Post, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """given a reminder that was taken, when the process ends at once, then it has one name and one fact."""
    package = due(post, box)
    hand_in = MailConnection.send

    def crashing(*arguments: object) -> None:
        hand_in(*arguments)  # type: ignore[arg-type]
        raise Crash

    with monkeypatch.context() as here:
        here.setattr(MailConnection, "send", crashing)
        with pytest.raises(Crash):
            post.goes()
    assert recorded(post.desk, package) == []
    post.begins_again().goes()
    first, second = (message["Message-ID"] for _, message in box.taken)
    assert first == second
    assert len(recorded(post.desk, package)) == 1


def test_a_crash_after_it_was_recorded_sends_nothing_again(
    post: Post, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """given a reminder that was recorded, when the process ends before the message says so, then it is told as sent."""
    package = due(post, box)
    outbox = type(post.desk.carnet.store.outbox)

    def crashing(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as here:
        here.setattr(outbox, "put", crashing)
        with pytest.raises(Crash):
            post.goes()
    assert (len(recorded(post.desk, package)), reminders(post, package)) == (1, [("waiting", None)])
    post.begins_again().goes()
    assert reminders(post, package) == [("sent", None)]
    assert (box.recipients, len(recorded(post.desk, package))) == ([ANNA], 1)
