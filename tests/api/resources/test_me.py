"""A key tells whose it is, what it may do, and at which business."""

import pytest

from api.http.permissions import Scope
from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


def test_a_member_of_staff_is_named(either_desk: Desk) -> None:
    either_desk.do("/v1/policies", {"locale": "hu-HU"})
    eszter = either_desk.do("/v1/staff", {"name": "Eszter", "role": "manager"})["id"]
    told = either_desk.as_role(Role.MANAGER, eszter).get("/v1/me")
    assert told["actor"] == {"id": eszter, "name": "Eszter", "role": "manager"}
    assert (told["scopes"], told["customer_id"]) == ([], None)
    assert told["business"] == {
        "id": either_desk.business_id,
        "name": "Szalon",
        "currency": "EUR",
        "time_zone": "Europe/Budapest",
        "locale": "hu-HU",
    }


def test_a_customer_is_told_who_they_are(desk: Desk) -> None:
    anna = desk.customer("Anna")
    key = desk.as_role(Role.CUSTOMER, anna)
    told = key.get("/v1/me")
    assert told["actor"] == {"id": anna, "name": "Anna", "role": "customer"}
    assert told["customer_id"] == anna
    assert told["locale"] == "en", "that of the business"
    changed = desk.do(f"/v1/customers/{anna}/changes", {"locale": "hu"})
    assert changed["locale"] == "hu"
    assert key.get("/v1/me")["locale"] == "hu"
    assert desk.get("/v1/me")["locale"] == "en"
    assert desk.get("/v1/facts", name="customer.profile_changed")["data"][-1]["data"] == {
        "fields": ["locale"]
    }
    assert desk.do(f"/v1/customers/{anna}/changes", {"locale": None})["locale"] is None
    assert key.get("/v1/me")["locale"] == "en"


def test_a_key_that_acts_for_nobody_has_its_own_name(desk: Desk) -> None:
    told = desk.with_scopes(Scope.READ, Scope.READ_PEOPLE).get("/v1/me")
    assert told["actor"]["name"] == "web shop"
    assert told["scopes"] == ["read", "read_people"]


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OWNER, Role.STAFF])
def test_any_role_may_ask(desk: Desk, role: Role) -> None:
    assert desk.as_role(role).get("/v1/me")["actor"]["role"] == role.value


def test_nobody_is_told_without_a_key(desk: Desk) -> None:
    assert desk.client.get("/v1/me").status_code == 401
