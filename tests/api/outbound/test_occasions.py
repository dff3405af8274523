"""Reminders of sessions, and greetings: only with consent, once, and never late."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.server.clock.message_jobs import GREETINGS, SESSION_REMINDERS
from api.server.clock.tick import tick
from domain.ledger.carnet import Carnet
from tests.api.desk import Desk
from tests.api.outbound.conftest import Post, post_anew
from tests.api.outbound.mailbox import Mailbox, html, plain
from tests.api.resources.test_checklist_bookings import ahead, book
from tests.api.server.clock.test_tick import reads

pytest_plugins = ["tests.api.houses"]
ANNA = "anna@example.org"
AGREED = {"session_reminder": True, "birthday": True}
BUDAPEST = ZoneInfo("Europe/Budapest")


def anna_of(desk: Desk, **more: Any) -> str:
    return desk.customer("Kovács Anna", **{"email": ANNA, "consents": AGREED} | more)


def booked(post: Post, hours: int = 48, **more: Any) -> tuple[str, str]:
    """(customer, booking) of a session so many hours ahead, of a customer who agreed to be reminded."""
    anna = anna_of(post.desk, **more)
    return anna, book(post.desk, anna, post.desk.service(), ahead(post.desk, hours=hours))["id"]


def rows(post: Post, **filters: str) -> list[tuple[object, object, object]]:
    return [(row["kind"], row["state"], row["reason"]) for row in post.messages(**filters)]


def to_noon(desk: Desk) -> date:
    """Noon of the day after, in the zone of the business."""
    now = desk.clock().astimezone(BUDAPEST)
    noon = (now + timedelta(days=1)).replace(hour=12, minute=0)
    desk.clock.forward(seconds=int((noon - now).total_seconds()))
    return noon.date()


# Sessions


def test_a_merged_customers_session_is_reminded_of_where_the_survivor_agrees(
    post: Post, box: Mailbox
) -> None:
    desk = post.desk
    double, _ = booked(post, email="old@example.com")
    anna = anna_of(desk, consents={"session_reminder": False})
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    desk.clock.forward(hours=25)
    assert desk.tick().get("session-reminders") is None, "one of them has not agreed"
    desk.do(f"/v1/customers/{anna}/changes", {"consents": {"session_reminder": True}})
    assert desk.tick()["session-reminders"] == 1
    post.goes()
    ((recipient, _),) = box.taken
    assert recipient == ANNA, "to the survivor"


@pytest.mark.covers("S134")
def test_a_session_is_reminded_of_a_day_ahead_where_the_customer_agreed(post: Post, box: Mailbox) -> None:
    desk = post.desk
    _, booking = booked(post)
    head = desk.head
    assert desk.tick().get("session-reminders") is None, "it is too early"
    desk.clock.forward(hours=25)
    assert desk.tick()["session-reminders"] == 1
    assert desk.head == head, "the ledger does not hold it"
    post.goes()
    ((recipient, message),) = box.taken
    assert (recipient, message["Subject"]) == (ANNA, "Your session at Szalon")
    text = plain(message)
    assert (
        "Dear Kovács Anna,\n\nWe look forward to seeing you at Szalon.\n\nSession: Massage 60\nStarts: "
        in text
    )
    assert text.endswith("You get this because you agreed to it. Tell us if you no longer want it.\n")
    assert "you agreed to it" in html(message)
    (row,) = post.messages(booking_id=booking)
    assert (row["kind"], row["state"], row["package_id"], row["booking_id"]) == (
        "session_reminder",
        "sent",
        None,
        booking,
    )
    for _ in range(2):
        assert "session-reminders" not in desk.tick()
        post.begins_again().goes()
    assert len(box.taken) == 1


def test_a_session_is_reminded_of_in_hungarian_with_its_participant(post: Post, box: Mailbox) -> None:
    desk = post.desk
    desk.do("/v1/policies", {"message_language": "hu", "session_reminder_hours": 3})
    dog = {"name": "Bodri", "kind": "dog"}
    body = {"name": "Anna", "email": ANNA, "consents": AGREED, "participants": [dog]}
    anna = desk.do("/v1/customers", body)
    place = desk.do("/v1/locations", {"name": "Fő utca"})["id"]
    starts_at = ahead(desk, hours=5)
    bodri = anna["participants"][1]["id"]
    book(desk, anna["id"], desk.service(), starts_at, participant_id=bodri, location_id=place)
    desk.clock.forward(hours=3)
    desk.tick()
    post.goes()
    ((_, message),) = box.taken
    assert message["Subject"] == "Közeleg az időpontja – Szalon"
    assert "Alkalom: Massage 60\nKezdés: " in plain(message)
    assert "Résztvevő: Bodri\nHelyszín: Fő utca" in plain(message)


def test_nobody_is_reminded_without_consent_or_where_the_business_sends_none(
    post: Post, box: Mailbox
) -> None:
    desk = post.desk
    booked(post, consents={"birthday": True})
    blocked, _ = booked(post)
    desk.do(f"/v1/customers/{blocked}/block", {})
    inactive, _ = booked(post)
    desk.do(f"/v1/customers/{inactive}/deactivation", {})
    booked(post)
    desk.clock.forward(hours=30)
    desk.do("/v1/policies", {"session_reminder_hours": None})
    assert "session-reminders" not in desk.tick()
    desk.do("/v1/policies", {"session_reminder_hours": 24, "message_language": "off"})
    assert "session-reminders" not in desk.tick()
    desk.do("/v1/policies", {"message_language": "en"})
    assert desk.tick()["session-reminders"] == 1


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("bookings/{booking}/cancellation", {"by": "customer"}, "cancelled"),
        ("bookings/{booking}/rescheduling", {"starts_at": "{later}"}, "rescheduled"),
        ("customers/{anna}/changes", {"consents": {"session_reminder": False}}, "no-consent"),
        ("customers/{anna}/changes", {"email": None}, "no-address"),
        ("customers/{anna}/block", {}, "blocked"),
        ("customers/{anna}/deactivation", {}, "inactive"),
    ],
)
def test_what_ends_a_session_reminder_before_it_goes(
    post: Post, box: Mailbox, path: str, body: dict[str, Any], reason: str
) -> None:
    desk = post.desk
    anna, booking = booked(post)
    desk.clock.forward(hours=25)
    desk.tick()
    names = {"anna": anna, "booking": booking, "later": ahead(desk, days=9)}
    filled = {key: each.format(**names) if isinstance(each, str) else each for key, each in body.items()}
    desk.do(f"/v1/{path.format(**names)}", filled)
    post.goes()
    assert (box.taken, rows(post, booking_id=booking)) == ([], [("session_reminder", "skipped", reason)])


def test_a_session_that_was_moved_is_reminded_of_anew(post: Post, box: Mailbox) -> None:
    desk = post.desk
    _, booking = booked(post)
    desk.clock.forward(hours=25)
    desk.tick()
    post.goes()
    desk.do(f"/v1/bookings/{booking}/rescheduling", {"starts_at": ahead(desk, hours=60)})
    assert "session-reminders" not in desk.tick()
    desk.clock.forward(hours=40)
    assert desk.tick()["session-reminders"] == 1
    post.goes()
    assert rows(post, booking_id=booking) == [("session_reminder", "sent", None)] * 2
    first, second = (message["Message-ID"] for _, message in box.taken)
    assert first != second


def test_a_clock_that_comes_late_reminds_of_no_session_that_has_begun(post: Post, box: Mailbox) -> None:
    booked(post)
    post.desk.clock.forward(hours=49)
    assert "session-reminders" not in post.desk.tick()
    assert post.messages() == []


def test_an_e_mail_that_comes_late_tells_of_no_session_that_has_begun(post: Post, box: Mailbox) -> None:
    _, booking = booked(post)
    box.refusals[ANNA] = "450 later"
    post.desk.clock.forward(hours=25)
    post.desk.tick()
    post.goes()
    box.refusals.clear()
    post.desk.clock.forward(hours=24)
    post.goes()
    assert (box.taken, rows(post, booking_id=booking)) == ([], [("session_reminder", "skipped", "begun")])


def test_who_has_just_booked_is_not_reminded(post: Post, box: Mailbox) -> None:
    _, booking = booked(post, hours=10)
    assert "session-reminders" not in post.desk.tick()
    post.goes()
    assert (box.taken, rows(post, booking_id=booking)) == (
        [],
        [("session_reminder", "skipped", "booked-late")],
    )


def test_a_database_that_was_restored_reminds_of_nothing_that_was_due_before(
    post: Post, box: Mailbox
) -> None:
    desk = post.desk
    _, booking = booked(post)
    _, later = booked(post, hours=60)
    desk.clock.forward(hours=25)
    desk.carnet.store.outbox.switch_off()
    assert "session-reminders" not in desk.tick(), "nothing is sent from here"
    again = post.begins_again()
    desk.tick()
    again.goes()
    assert (box.taken, rows(post, booking_id=booking)) == ([], [("session_reminder", "skipped", "too-old")])
    desk.clock.forward(hours=12)
    desk.tick()
    again.goes()
    assert rows(post, booking_id=later) == [("session_reminder", "sent", None)]


# Greetings


@pytest.mark.covers("S131", "S135")
def test_a_birthday_and_a_wedding_day_are_greeted_once_a_year(post: Post, box: Mailbox) -> None:
    desk = post.desk
    today = to_noon(desk)
    born = today.replace(year=1988).isoformat()
    anna = anna_of(desk, date_of_birth=born, anniversary=today.replace(year=2012).isoformat())
    other_day = (today + timedelta(days=1)).replace(year=1992).isoformat()
    anna_of(desk, date_of_birth=other_day, anniversary=today.isoformat())
    anna_of(desk, date_of_birth=born, consents={"marketing": True})
    head = desk.head
    assert desk.tick()["greetings"] == 2
    assert desk.head == head, "the ledger does not hold it"
    post.goes()
    assert sorted(message["Subject"] for _, message in box.taken) == [
        "Happy anniversary from Szalon",
        "Happy birthday from Szalon",
    ]
    assert "Happy birthday and all the best!\n\nSzalon\n\nYou get this" in "".join(
        plain(message) for _, message in box.taken
    )
    assert {row["customer_id"] for row in post.messages()} == {anna}
    assert "greetings" not in desk.tick()
    assert born[5:] not in str(post.messages(customer_id=anna)[0]["id"])


def test_a_birthday_is_greeted_in_hungarian_and_on_its_day_alone(post: Post, box: Mailbox) -> None:
    desk = post.desk
    desk.do("/v1/policies", {"message_language": "hu"})
    born = to_noon(desk).replace(year=1988).isoformat()
    anna_of(desk, date_of_birth=born)
    anna_of(desk, email="british@example.org", date_of_birth=born, locale="en-GB")
    late = anna_of(desk, email="late@example.org", date_of_birth=born)
    box.refusals["late@example.org"] = "450 later"
    assert desk.tick()["greetings"] == 3
    post.goes()
    subjects = {recipient: message["Subject"] for recipient, message in box.taken}
    assert subjects.pop("british@example.org") == "Happy birthday from Szalon", (
        "by the locale of the customer"
    )
    assert list(subjects.values()) == ["Boldog születésnapot! – Szalon"]
    box.refusals.clear()
    desk.clock.forward(days=1)
    assert "greetings" not in desk.tick()
    post.goes()
    assert rows(post, customer_id=late) == [("birthday", "skipped", "day-over")]


def test_nobody_is_greeted_at_night_nor_where_messages_were_restored_on_that_day(
    post: Post, box: Mailbox
) -> None:
    desk = post.desk
    today = to_noon(desk)
    desk.clock.forward(hours=13)
    tomorrow = today + timedelta(days=1)
    anna = anna_of(desk, date_of_birth=tomorrow.replace(year=1988).isoformat())
    assert "greetings" not in desk.tick(), "it is one o'clock"
    desk.clock.forward(hours=9)
    post_anew(desk, box)
    assert "greetings" not in desk.tick()
    assert rows(post, customer_id=anna) == [("birthday", "skipped", "too-old")]


def test_two_clocks_at_once_plan_each_message_once(post: Post, box: Mailbox) -> None:
    desk, here = post.desk, Barrier(2)
    today = to_noon(desk)
    for _ in range(3):
        anna_of(desk, date_of_birth=today.replace(year=1988).isoformat())
        booked(post, hours=20)
    fresh = reads(desk)
    fresh.fresh(desk.business_id, SESSION_REMINDERS.reads)
    places = [desk.carnet, Carnet(desk.carnet.env["CARNET_DATABASE"], clock=desk.clock)]

    def ticks(carnet: Carnet) -> None:
        here.wait()
        done = list(tick(carnet, fresh, [desk.business_id], jobs=(SESSION_REMINDERS, GREETINGS)))
        assert not [each for each in done if each.error]

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(ticks, places))
    places[1].close()
    assert len(post.messages()) == 6


# What is kept


def test_messages_that_were_settled_are_forgotten_after_the_days_of_the_business(
    post: Post, box: Mailbox
) -> None:
    desk = post.desk
    desk.sell(anna_of(desk), desk.offer(desk.service()))
    post.goes()
    desk.clock.forward(days=40)
    assert "forgotten-messages" not in desk.tick()
    desk.do("/v1/policies", {"message_days": 31})
    assert desk.tick()["forgotten-messages"] == 1
    assert post.messages() == []
    post.begins_again().goes()
    assert len(box.taken) == 1, "what is forgotten is not sent again"
