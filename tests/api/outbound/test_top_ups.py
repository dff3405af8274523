"""A customer is told when a saved card was charged for a top-up, and when it could not be."""

import pytest

from tests.api.outbound.conftest import Post
from tests.api.outbound.mailbox import Mailbox, html, plain
from tests.api.resources.test_top_ups import Club

pytest_plugins = ["tests.api.houses"]
ANNA = "anna@example.org"


def club_of(post: Post, box: Mailbox) -> Club:
    """Anna's rule with an open attempt; the confirmation of her first package has gone."""
    club = Club(post.desk)
    post.desk.do(f"/v1/customers/{club.anna}/changes", {"email": ANNA})
    post.goes()
    box.taken.clear()
    club.use(3)
    return club


@pytest.mark.covers("S90")
def test_a_top_up_sale_is_told_once_as_a_top_up(post: Post, box: Mailbox) -> None:
    club = club_of(post, box)
    package = club.desk.do(club.outcome, club.answer())["attempt"]["package_id"]
    post.goes()
    ((recipient, message),) = box.taken
    assert (recipient, message["Subject"]) == (ANNA, "Topped up at Szalon: Massage ×10 💆")
    assert "your saved card was charged" in plain(message)
    assert "Price: €300.00\nPaid: €300.00" in plain(message)
    (row,) = post.messages(package_id=package)
    assert (row["kind"], row["state"], row["customer_id"]) == ("top_up_sold", "sent", club.anna)


def test_a_top_up_sale_that_is_undone_was_confirmed(post: Post, box: Mailbox) -> None:
    club = club_of(post, box)
    package = club.desk.do(club.outcome, club.answer())["attempt"]["package_id"]
    post.goes()
    club.desk.do(f"/v1/packages/{package}/voiding", {"reason": "charged by mistake"})
    post.goes()
    kinds = [(row["kind"], row["state"]) for row in post.messages(package_id=package)]
    assert kinds == [("top_up_sold", "sent"), ("package_voided", "sent")]


def test_a_failed_charge_is_told_with_the_day_of_the_next_try(post: Post, box: Mailbox) -> None:
    club = club_of(post, box)
    club.desk.do(club.outcome, club.answer("failed"))
    post.goes()
    ((_, message),) = box.taken
    assert message["Subject"] == "Not topped up at Szalon: Massage ×10 💆"
    assert "could not be charged. Nothing was sold." in plain(message)
    assert "Price: €300.00\nNext try: " in plain(message)
    assert "declined" not in plain(message) + html(message), "a reason is for the desk"
    (row,) = post.messages(top_up_id=club.id)
    assert (row["kind"], row["package_id"], row["top_up_id"]) == ("top_up_failed", None, club.id)
    assert [each["id"] for each in post.messages(customer_id=club.anna)][-1] == row["id"]
    assert post.messages(top_up_id=club.id, package_id=club.package) == []


def test_the_last_failure_tells_that_the_rule_has_ended(post: Post, box: Mailbox) -> None:
    club = club_of(post, box)
    club.desk.do("/v1/policies", {"message_language": "hu"})
    attempt = club.rule["attempt"]["id"]
    for days in (0, 1, 1):
        club.desk.clock.forward(days=days)
        club.desk.do(club.outcome, club.answer("failed", attempt_id=attempt))
    post.goes()
    assert [(row["state"], row["reason"]) for row in post.messages(top_up_id=club.id)] == [
        ("skipped", "superseded"),
        ("skipped", "superseded"),
        ("sent", None),
    ]
    assert "nincs: az automatikus feltöltés megszűnt" in plain(box.taken[-1][1])


@pytest.mark.parametrize("path", ["/v1/top-ups/{id}/pause", "/v1/customers/{anna}/deactivation"])
def test_a_failure_of_what_is_charged_no_more_is_not_told(post: Post, box: Mailbox, path: str) -> None:
    club = club_of(post, box)
    club.desk.do(club.outcome, club.answer("failed"))
    club.desk.do(path.format(id=club.id, anna=club.anna), {})
    post.goes()
    assert [(row["state"], row["reason"]) for row in post.messages(top_up_id=club.id)] == [
        ("skipped", "withdrawn")
    ]
    assert box.taken == []


def test_a_failure_that_was_paid_before_it_was_told_is_told_as_a_sale(post: Post, box: Mailbox) -> None:
    club = club_of(post, box)
    club.desk.do(club.outcome, club.answer("failed"))
    club.desk.do(club.outcome, club.answer())
    post.goes()
    assert [message["Subject"] for _, message in box.taken] == ["Topped up at Szalon: Massage ×10 💆"]
    assert [(row["state"], row["reason"]) for row in post.messages(top_up_id=club.id)] == [
        ("skipped", "paid")
    ]
