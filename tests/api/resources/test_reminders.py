"""Reminders and expiries over HTTP: what the clock records, what the desk sees of it, and what stays the same."""

from datetime import datetime
from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

NOTHING = {"renewals": 0, "expiries": 0, "reminders": 0}


def sold(desk: Desk, days: int, **more: Any) -> str:
    """A package that is valid so many days from today."""
    offer = desk.offer(desk.service(), quantity=3, price=9_000)
    id: str = desk.sell(desk.customer(), offer, expires_on=desk.today(days=days), **more)["id"]
    return id


def labels(desk: Desk, package: str) -> list[tuple[str, str]]:
    return [(row["kind"], row["label"]) for row in desk.history(package)]


@pytest.mark.covers("S20")
def test_a_reminder_is_due_two_weeks_ahead_and_remembered_as_sent(either_desk: Desk) -> None:
    desk = either_desk
    package = sold(desk, days=15)
    assert desk.card(package)["reminder"] == {
        "status": "none",
        "due_on": desk.today(days=1),
        "sent_at": None,
    }
    assert desk.tick() == NOTHING

    desk.clock.forward(days=1)
    assert desk.tick() == NOTHING | {"reminders": 1}
    due = desk.card(package)["reminder"]
    assert due == {"status": "due", "due_on": desk.today(), "sent_at": None}
    assert desk.tick() == NOTHING

    card = desk.do(f"/v1/packages/{package}/reminders", {"expires_on": desk.today(days=14)})
    assert card["reminder"]["status"] == "sent"
    assert card["reminder"]["due_on"] == due["due_on"]
    assert card["reminder"]["sent_at"] is not None
    head = desk.head
    again = desk.do(f"/v1/packages/{package}/reminders")
    assert (again["reminder"], desk.head) == (card["reminder"], head), "what is recorded is recorded once"
    (listed,) = desk.get("/v1/packages", expires_from=desk.today())["data"]
    assert listed["reminder"] == card["reminder"]
    assert desk.tick() == NOTHING
    day = desk.today(days=14)
    assert ("reminder", f"Reminder due: valid until {day}") in labels(desk, package)
    assert ("reminder", f"Reminder sent: valid until {day}") in labels(desk, package)


@pytest.mark.covers("S19")
def test_another_expiry_resets_the_reminder(either_desk: Desk) -> None:
    desk = either_desk
    package = sold(desk, days=10)
    assert desk.tick() == NOTHING | {"reminders": 1}
    desk.do(f"/v1/packages/{package}/reminders")

    changed = desk.do(f"/v1/packages/{package}/expiry", {"expires_on": desk.today(days=40)})
    assert changed["reminder"] == {"status": "none", "due_on": desk.today(days=26), "sent_at": None}
    assert desk.tick() == NOTHING
    removed = desk.do(f"/v1/packages/{package}/expiry", {"expires_on": None})
    assert removed["reminder"] == {"status": "none", "due_on": None, "sent_at": None}
    desk.do(f"/v1/packages/{package}/expiry", {"expires_on": desk.today(days=40)})
    desk.clock.forward(days=26)
    assert desk.tick() == NOTHING | {"reminders": 1}
    assert desk.card(package)["reminder"]["status"] == "due"


def test_a_reminder_names_the_day_that_the_customer_was_told(either_desk: Desk) -> None:
    desk = either_desk
    package = sold(desk, days=10)
    told = {"expires_on": desk.today(days=9)}
    problem = desk.refused(f"/v1/packages/{package}/reminders", told, "validation-failed")
    (flaw,) = problem["errors"]
    assert (flaw["pointer"], flaw["code"]) == ("/expires_on", "not-the-expiry")
    forever = desk.do(f"/v1/packages/{package}/expiry", {"expires_on": None})["id"]
    desk.refused(f"/v1/packages/{forever}/reminders", {}, "not-eligible")
    desk.refused("/v1/packages/pkg_unknown/reminders", {}, "not-found")


def test_who_may_say_that_a_reminder_was_sent(either_desk: Desk) -> None:
    desk = either_desk
    package = sold(desk, days=10)
    for role in (Role.STAFF, Role.INTEGRATION):
        desk.as_role(role).do(f"/v1/packages/{package}/reminders")
    desk.as_role(Role.AUDITOR).refused(f"/v1/packages/{package}/reminders", {}, "forbidden")


def test_the_policy_moves_the_reminders_or_ends_them(either_desk: Desk) -> None:
    desk = either_desk
    package = sold(desk, days=10)
    ended = desk.do("/v1/policies", {"reminder_lead_days": None})
    assert ended["policies"]["reminder_lead_days"] is None
    assert desk.card(package)["reminder"] == {"status": "none", "due_on": None, "sent_at": None}
    assert desk.tick() == NOTHING
    desk.do("/v1/policies", {"reminder_lead_days": 3})
    assert desk.card(package)["reminder"]["due_on"] == desk.today(days=7)
    assert desk.tick() == NOTHING
    desk.do("/v1/policies", {"reminder_lead_days": 30})
    assert desk.tick() == NOTHING | {"reminders": 1}
    desk.do("/v1/policies", {"reminder_lead_days": 7})
    assert desk.tick() == NOTHING
    desk.clock.forward(days=3)
    assert desk.tick() == NOTHING | {"reminders": 1}, "a shorter lead time reminds again"
    for wrong in (-1, 366, 1.5, "14"):
        desk.refused("/v1/policies", {"reminder_lead_days": wrong}, "validation-failed")


@pytest.mark.parametrize("standing", ["block", "deactivation"])
def test_nothing_is_due_for_customers_to_whom_nothing_is_sent(either_desk: Desk, standing: str) -> None:
    desk = either_desk
    package = sold(desk, days=10)
    customer = desk.card(package)["customer"]["id"]
    desk.do(f"/v1/customers/{customer}/{standing}")
    assert desk.tick() == NOTHING
    desk.do(f"/v1/customers/{customer}/{'unblock' if standing == 'block' else 'activation'}")
    assert desk.tick() == NOTHING | {"reminders": 1}


def test_an_expiry_is_recorded_and_changes_nothing(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"reminder_lead_days": None})
    package = sold(desk, days=10)
    desk.clock.forward(days=12)

    def told() -> list[Any]:
        card = desk.card(package)
        reports = [desk.get(f"/v1/reports/{name}") for name in ("liability", "movements")]
        return [
            {name: value for name, value in card.items() if name != "version"},
            [{name: value for name, value in of.items() if name != "position"} for of in reports],
            desk.units(package),
        ]

    before = told()
    assert desk.tick() == NOTHING | {"expiries": 1}
    assert told() == before
    assert desk.tick() == NOTHING
    (fact,) = [
        each for each in desk.get(f"/v1/packages/{package}/facts")["data"] if "expired" in each["name"]
    ]
    lapsed = [{"line": 1, "units": [1, 2, 3], "value": 9_000}]
    assert (fact["data"]["lapsed"], fact["data"]["value"]) == (lapsed, 9_000)
    assert ("expiry", "Expired with 3 units") in labels(desk, package)
    steps = desk.get(f"/v1/packages/{package}/explanation")["expiry"]["steps"]
    assert steps[-1]["rule"] == "it has passed: 3 units can no longer be used"

    back = desk.do(
        f"/v1/packages/{package}/reinstatement", {"expires_on": desk.today(days=5), "reason": "Was ill"}
    )
    assert (back["status"], back["available"]) == ("active", 3)
    reinstated = desk.get(f"/v1/packages/{package}/facts")["data"][-1]
    assert reinstated["data"]["revived"] == lapsed
    desk.clock.forward(days=6)
    assert desk.tick() == NOTHING | {"expiries": 1}


def test_the_days_are_those_of_the_zone_fixed_at_sale(either_desk: Desk) -> None:
    """Honolulu is half a day behind Budapest: there a day begins and ends later."""
    desk = either_desk
    island = desk.do("/v1/locations", {"name": "Beach", "time_zone": "Pacific/Honolulu"})["id"]
    package = sold(desk, days=20, location_id=island)
    desk.do("/v1/policies", {"reminder_lead_days": 5})
    card = desk.card(package)
    desk.clock.forward(hours=_hours_until(card["expires_at"], desk.clock()) - 6 * 24 - 1)
    assert desk.tick() == NOTHING
    desk.clock.forward(hours=2)
    assert desk.tick() == NOTHING | {"reminders": 1}
    desk.clock.forward(hours=6 * 24 - 2)
    assert desk.tick() == NOTHING
    desk.clock.forward(hours=2)
    assert desk.tick() == NOTHING | {"expiries": 1}


def _hours_until(moment: str, now: datetime) -> int:
    return int((datetime.fromisoformat(moment) - now).total_seconds() // 3_600)
