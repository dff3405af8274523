"""Services and offers over HTTP, and the business that has them."""

from typing import Any

import pytest

from domain.actor import Role
from domain.business.message_terms import MessageChannels
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]

# Services


def test_a_service_is_shown_as_it_was_defined(either_desk: Desk) -> None:
    desk = either_desk
    body = {"name": "Massage 60", "service_type": "Massage", "duration_minutes": 60, "tax_rate": 2700}
    answer = desk.post("/v1/services", body | {"list_price": money(5000)})
    shown = answer.json()
    expected = body | {"list_price": money(5000), "retired": False, "version": 1, "id": shown["id"]}
    assert shown == expected
    assert answer.headers["Location"] == f"/v1/services/{shown['id']}"
    found = desk.ask(answer.headers["Location"])
    assert found.json() == shown
    assert found.headers["ETag"] == '"v1"'
    assert desk.get("/v1/services")["data"] == [shown]


def test_a_price_may_be_written_short(desk: Desk) -> None:
    id = desk.service(list_price=5000)
    assert desk.get(f"/v1/services/{id}")["list_price"] == money(5000)


def test_only_what_is_given_changes(desk: Desk) -> None:
    id = desk.service(duration_minutes=60, list_price=5000)
    path = f"/v1/services/{id}/changes"
    changed = desk.do(path, {"name": "Deep tissue"})
    assert (changed["name"], changed["service_type"]) == ("Deep tissue", "Massage")
    assert (changed["duration_minutes"], changed["list_price"]) == (60, money(5000))
    changed = desk.do(path, {"list_price": None, "duration_minutes": 90})
    assert (changed["duration_minutes"], changed["list_price"], changed["version"]) == (90, None, 3)
    assert desk.do(path, {"duration_minutes": 90})["version"] == 3
    assert desk.get("/v1/services")["data"] == [changed]
    assert desk.refused(path, {"name": None}, "validation-failed")["errors"][0]["pointer"] == "/name"


def test_a_chosen_id_is_taken_once(desk: Desk) -> None:
    assert desk.service(id="svc_massage-60") == "svc_massage-60"
    body = {"id": "svc_massage-60", "name": "B", "service_type": "C"}
    assert desk.refused("/v1/services", body, "id-taken")["status"] == 409


def test_a_retired_service_is_neither_changed_nor_offered(desk: Desk) -> None:
    id = desk.service()
    assert desk.do(f"/v1/services/{id}/retirement")["retired"] is True
    desk.refused(f"/v1/services/{id}/changes", {"name": "B"}, "offer-retired")
    offer = {"name": "Ten", "price": 1, "lines": [{"quantity": 1, "services": [id]}]}
    problem = desk.refused("/v1/offers", offer, "validation-failed")
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (
        "/lines/0/services/0",
        "retired-service",
    )
    other = desk.service("B")
    assert [each["id"] for each in desk.get("/v1/services", retired="false")["data"]] == [other]
    assert [each["id"] for each in desk.get("/v1/services", retired="true")["data"]] == [id]


# Offers


def offer_body(*services: str, **more: Any) -> dict[str, Any]:
    lines = [{"quantity": 10, "services": list(services), "label": "any of these"}]
    return {"name": "Ten", "price": money(50_000), "lines": lines, **more}


def test_an_offer_is_shown_as_it_was_published(either_desk: Desk) -> None:
    desk = either_desk
    massage, sauna = desk.service(), desk.service("Sauna", "Wellness")
    body = offer_body(
        massage,
        sauna,
        validity={"rule": "after_first_use", "count": 6, "unit": "months"},
        sharing="household",
        cap_per_participant=5,
        cancellation={"notice_hours": 48, "late": "forfeit", "text": "Two days before"},
        max_per_customer=2,
    )
    shown = desk.do("/v1/offers", body)
    line = {
        "line": 1,
        "quantity": 10,
        "services": [massage, sauna],
        "label": "any of these",
        "tax_rate": None,
    }
    assert shown["lines"] == [line]
    for name in ("name", "price", "validity", "sharing", "cap_per_participant", "cancellation"):
        assert shown[name] == body[name], name
    assert (shown["offer_version"], shown["retired"], shown["version"]) == (1, False, 1)
    assert desk.get(f"/v1/offers/{shown['id']}") == shown
    assert desk.get("/v1/offers")["data"] == [shown]


def test_a_revision_counts_the_versions_of_an_offer(desk: Desk) -> None:
    massage = desk.service()
    offer = desk.do("/v1/offers", offer_body(massage))
    path = f"/v1/offers/{offer['id']}"
    revised = desk.do(f"{path}/revisions", offer_body(massage, price=money(60_000)))
    assert (revised["offer_version"], revised["version"], revised["price"]) == (2, 2, money(60_000))
    same = desk.do(f"{path}/revisions", offer_body(massage, price=60_000))
    assert same["offer_version"] == 2
    retired = desk.do(f"{path}/retirement")
    assert (retired["retired"], retired["offer_version"], retired["version"]) == (True, 2, 3)
    desk.refused(f"{path}/revisions", offer_body(massage), "offer-retired")
    assert desk.get("/v1/offers")["data"] == [retired]


# The business


def test_policies_change_by_what_is_given(desk: Desk) -> None:
    terms = {"notice_hours": 12, "late": "forfeit", "text": None}
    desk.do("/v1/policies", {"cancellation": terms, "correction_max": 5})
    shown = desk.do("/v1/policies", {"payment_required": True})
    assert shown["policies"] == {
        "cancellation": terms,
        "deduct": "at_booking",
        "payment_required": True,
        "correction_max": 5,
        "attendance_opens_minutes": 60,
        "earn": [],
        "categories": ["VIP", "Regular", "New"],
        "reminder_lead_days": 14,
        "locale": "en",
        "message_language": "off",
        "message_channels": MessageChannels().model_dump(mode="json"),
        "session_reminder_hours": 24,
        "message_days": 90,
        "reason_codes": [],
        "reason_code_required": [],
    }
    assert (shown["policy_version"], shown["version"]) == (2, 3)
    assert desk.get("/v1/business") == shown
    assert desk.do("/v1/policies", {"correction_max": None})["policies"]["correction_max"] is None
    desk.refused("/v1/policies", {"payment_required": None}, "validation-failed")


def test_a_location_has_the_zone_of_the_business_unless_it_says_another(desk: Desk) -> None:
    home = desk.do("/v1/locations", {"name": "Home"})
    away = desk.do("/v1/locations", {"name": "Away", "time_zone": "America/Lima"})
    assert (home["time_zone"], away["time_zone"]) == ("Europe/Budapest", "America/Lima")
    assert desk.get("/v1/locations")["data"] == [home, away]
    assert desk.get("/v1/business")["locations"] == [home, away]
    desk.refused("/v1/locations", {"name": "X", "time_zone": "Mars/Olympus"}, "validation-failed")


def test_staff_are_known_by_name_to_those_who_may_see_people(desk: Desk) -> None:
    home = desk.do("/v1/locations", {"name": "Home"})["id"]
    zoe = desk.do("/v1/staff", {"name": "Zoë", "role": "manager", "locations": [home]})
    assert (zoe["name"], zoe["role"], zoe["locations"], zoe["active"]) == ("Zoë", "manager", [home], True)
    assert desk.get(f"/v1/staff/{zoe['id']}") == zoe
    assert desk.get("/v1/staff")["data"] == [zoe]
    auditor = desk.as_role(Role.AUDITOR)
    assert auditor.get("/v1/staff")["data"] == [zoe | {"name": None}]
    assert auditor.get(f"/v1/staff/{zoe['id']}") == zoe | {"name": None}
    unknown = {"name": "X", "locations": ["loc_unknown"]}
    problem = desk.refused("/v1/staff", unknown, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/locations/0"


@pytest.mark.parametrize("role", ["customer", "auditor", "integration", "admin"])
def test_nobody_is_registered_as_staff_in_a_role_that_is_none_of_staff(desk: Desk, role: str) -> None:
    desk.refused("/v1/staff", {"name": "X", "role": role}, "validation-failed")
