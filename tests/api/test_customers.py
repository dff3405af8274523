"""Customers, their standing and their households over HTTP."""

import pytest

from domain.values import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

ANNA = {
    "name": "Anna Karenina",
    "email": "anna@example.org",
    "mobile": "20 123 4567",
    "country_code": "+36",
    "external_ref": {"source": "mindbody", "ref": "100:7"},
}


def test_a_customer_is_shown_as_registered_with_the_household(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    dogs = [{"name": "Max", "kind": "dog", "barred_services": [massage]}, {"name": "Rex", "kind": "dog"}]
    shown = desk.do("/v1/customers", ANNA | {"participants": dogs})
    for name, value in ANNA.items():
        assert shown[name] == value
    assert (shown["status"], shown["blocked"], shown["version"]) == ("active", False, 1)
    household = [(each["number"], each["name"], each["kind"]) for each in shown["participants"]]
    assert household == [(0, "Anna Karenina", "person"), (1, "Max", "dog"), (2, "Rex", "dog")]
    assert shown["participants"][1]["barred_services"] == [massage]
    assert desk.get(f"/v1/customers/{shown['id']}") == shown
    assert desk.get("/v1/customers")["data"] == [shown]


def test_names_and_contacts_change_by_what_is_given(desk: Desk) -> None:
    id = desk.do("/v1/customers", ANNA)["id"]
    path = f"/v1/customers/{id}/changes"
    changed = desk.do(path, {"name": "Anna Oblonskaya", "mobile": None})
    assert (changed["name"], changed["mobile"], changed["email"]) == (
        "Anna Oblonskaya",
        None,
        "anna@example.org",
    )
    assert changed["participants"][0]["name"] == "Anna Oblonskaya"
    assert changed["version"] == 2
    assert desk.do(path, {"name": "Anna Oblonskaya"})["version"] == 2
    assert desk.get("/v1/customers")["data"] == [changed]
    fact = desk.get("/v1/facts")["data"][-1]
    assert fact["data"] == {"fields": ["name", "mobile"]}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"email": "nobody"}, "/email"),
        ({"mobile": "call me"}, "/mobile"),
        ({"country_code": "36"}, "/country_code"),
        ({"status": "inactive"}, "/status"),
    ],
)
def test_what_is_no_name_or_contact_is_refused(desk: Desk, changes: dict[str, object], pointer: str) -> None:
    id = desk.customer()
    problem = desk.refused(f"/v1/customers/{id}/changes", changes, "validation-failed")
    assert problem["errors"][0]["pointer"] == pointer


def test_standing_changes_and_shows_in_the_list(desk: Desk) -> None:
    id = desk.customer()
    path = f"/v1/customers/{id}"
    assert desk.do(f"{path}/deactivation")["status"] == "inactive"
    assert desk.get("/v1/customers", status="active")["data"] == []
    assert [each["id"] for each in desk.get("/v1/customers", status="inactive")["data"]] == [id]
    assert desk.do(f"{path}/activation")["status"] == "active"
    blocked = desk.do(f"{path}/block", {"reason": "Never paid"})
    assert blocked["blocked"] is True
    assert "Never paid" not in desk.ask("/v1/facts").text
    assert desk.get("/v1/customers")["data"] == [blocked]
    assert desk.do(f"{path}/unblock")["blocked"] is False


def test_participants_come_change_and_go(desk: Desk) -> None:
    id = desk.customer()
    path = f"/v1/customers/{id}/participants"
    shown = desk.do(path, {"id": "par_max", "name": "Max", "kind": "dog"})
    assert [each["number"] for each in shown["participants"]] == [0, 1]
    shown = desk.do(f"{path}/par_max/changes", {"name": "Maxi"})
    assert (shown["participants"][1]["name"], shown["participants"][1]["kind"]) == ("Maxi", "dog")
    shown = desk.do(f"{path}/par_max/changes", {"kind": "cat"})
    assert (shown["participants"][1]["name"], shown["participants"][1]["kind"]) == ("Maxi", "cat")
    assert desk.get("/v1/customers")["data"] == [shown]
    shown = desk.do(f"{path}/par_max/removal")
    assert [each["number"] for each in shown["participants"]] == [0]
    assert desk.get(f"/v1/customers/{id}") == shown
    assert desk.get("/v1/customers")["data"] == [shown]
    desk.refused(f"{path}/par_max/changes", {"name": "X"}, "not-found")
    desk.refused(f"{path}/par_unknown/removal", {}, "not-found")
    in_person = shown["participants"][0]["id"]
    desk.refused(f"{path}/{in_person}/removal", {}, "validation-failed")


def test_an_external_reference_is_unique_and_finds_its_customer(desk: Desk) -> None:
    anna = desk.do("/v1/customers", ANNA)
    desk.customer("Kitty")
    desk.refused("/v1/customers", ANNA | {"name": "Other"}, "duplicate-external-ref")
    assert desk.get("/v1/customers", external_ref="mindbody:100:7")["data"] == [anna]
    assert desk.get("/v1/customers", external_ref="mindbody:8")["data"] == []
    assert desk.ask("/v1/customers", external_ref="mindbody").status_code == 400


def test_a_search_finds_the_beginning_of_a_word_of_the_name(desk: Desk) -> None:
    names = ("Anna Karenina", "Konstantin Levin", "Kitty", "Vronsky-Karenin", "kara K")
    for name in names:
        desk.customer(name)

    def found(search: str, **more: int) -> list[str]:
        return [each["name"] for each in desk.all_of("/v1/customers", search=search, **more)]

    assert found("kar") == ["Anna Karenina", "kara K"]
    assert found("K") == ["Anna Karenina", "Konstantin Levin", "Kitty", "kara K"]
    assert found("k", limit=1) == found("K")
    assert found("arenina") == []


def test_who_may_not_see_people_finds_none_by_name(desk: Desk) -> None:
    id = desk.do("/v1/customers", ANNA)["id"]
    auditor = desk.as_role(Role.AUDITOR)
    shown = auditor.get(f"/v1/customers/{id}")
    assert (shown["name"], shown["email"], shown["participants"][0]["name"]) == (None, None, None)
    assert shown["external_ref"] == ANNA["external_ref"]
    assert auditor.get("/v1/customers")["data"] == [shown]
    assert auditor.ask("/v1/customers", search="Anna").status_code == 403
    assert auditor.ask("/v1/customers", search="Nobody").status_code == 403
