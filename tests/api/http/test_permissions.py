"""Every cell of the table of permissions, asked over HTTP, and the scopes of an integration's key."""

from dataclasses import replace

import pytest

from api.http.api_keys import Keys
from api.http.ids import new_id
from api.http.key_guard import guarded
from api.http.new_keys import issue_key
from api.http.path_ids import PATH_IDS
from api.http.permissions import Permission, Scope
from api.http.route import Route
from api.server.routes import HANDLERS
from domain.actor import Role
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.records import StoredKey
from tests.api.desk import PEPPER, Desk

pytest_plugins = ["tests.api.houses"]

GUARDED: list[tuple[Route, Permission]] = [
    (route, route.roles)
    for route in (handler.opt["route"] for handler in HANDLERS)
    if route.roles is not None
]


def is_let_in(desk: Desk, route: Route) -> bool:
    """Whether a key is let in to a route. What it asks for is unknown there, and nothing can be written."""
    ids = {name: new_id(PATH_IDS[name][0]) for name in route.path_parameters if name in PATH_IDS}
    path = route.path.format(**{"name": "cards", **ids})
    answer = desk.client.request(route.method, path, headers={"Authorization": f"Bearer {desk.key}"})
    return answer.status_code == 200 or bool(answer.json().get("code") != "forbidden")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.INTEGRATION])
def test_a_role_is_let_in_exactly_where_the_table_says(desk: Desk, role: Role) -> None:
    key = desk.as_role(role, desk.customer() if role is Role.CUSTOMER else None)
    for route, permission in GUARDED:
        assert is_let_in(key, route) == (role in permission), route.operation


@pytest.mark.parametrize("scope", list(Scope))
def test_an_integration_is_let_in_exactly_where_its_scope_says(desk: Desk, scope: Scope) -> None:
    key = desk.with_scopes(scope)
    for route, permission in GUARDED:
        allowed = Role.INTEGRATION in permission and permission.scope in (None, scope)
        assert is_let_in(key, route) == allowed, route.operation


def test_each_scope_opens_something_and_no_scope_opens_what_is_no_integrations() -> None:
    opened = {permission.scope for _, permission in GUARDED if Role.INTEGRATION in permission}
    assert opened >= set(Scope)
    without = {route.operation for route, p in GUARDED if Role.INTEGRATION in p and p.scope is None}
    assert without == {
        "services.list",
        "services.show",
        "offers.list",
        "offers.show",
        "plans.list",
        "plans.show",
        "locations.list",
        "me.show",
        "sign_ins.end",
        "inbox.send",  # each command in it needs its own
    }


def test_a_refusal_names_the_scope_that_is_missing(desk: Desk) -> None:
    shop = desk.with_scopes(Scope.READ, Scope.BOOK)
    problem = shop.refused("/v1/customers", {"name": "Anna"}, "forbidden")
    assert problem["missing_scope"] == "write_people"
    assert "write_people" in problem["detail"]
    assert "missing_scope" not in shop.refused("/v1/policies", {}, "forbidden"), "no scope allows it"


def test_people_show_only_to_a_key_with_the_scope_for_it(desk: Desk) -> None:
    anna = desk.customer("Anna")
    sold = desk.sell(anna, desk.offer(desk.service()))
    assert desk.with_scopes(Scope.READ).card(sold["id"])["customer"]["name"] is None
    both = desk.with_scopes(Scope.READ, Scope.READ_PEOPLE)
    assert both.card(sold["id"])["customer"]["name"] == "Anna"


def test_a_payment_within_a_booking_needs_the_scope_for_payments(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    body = {"customer_id": anna, "service_id": massage, "starts_at": f"{desk.today(days=2)}T10:00:00Z"}
    paid = body | {"payment": {"amount": 1_000, "method": "online"}}
    problem = desk.with_scopes(Scope.BOOK).refused("/v1/bookings", paid, "forbidden")
    assert problem["missing_scope"] == "sell"
    assert desk.with_scopes(Scope.BOOK).do("/v1/bookings", body)["status"] == "pending"
    later = paid | {"starts_at": f"{desk.today(days=3)}T10:00:00Z"}
    assert desk.with_scopes(Scope.BOOK, Scope.SELL).do("/v1/bookings", later)["paid"]["amount"] == 1_000


def test_the_scopes_of_a_key_are_stored_and_listed_with_it(either_desk: Desk) -> None:
    desk = either_desk
    body = {"name": "web shop", "role": "integration", "scopes": ["read", "sell", "read"]}
    assert desk.try_out("/v1/keys", body)["scopes"] == ["sell", "read"]
    issued = desk.do("/v1/keys", body)
    assert issued["scopes"] == ["sell", "read"]
    assert [key["scopes"] for key in desk.all_of("/v1/keys")] == [[], ["sell", "read"]]
    shop = replace(desk, key=issued["key"])
    assert shop.sell(desk.customer(), desk.offer(desk.service()))["status"] == "active"
    shop.refused("/v1/customers", {"name": "Anna"}, "forbidden")


@pytest.mark.parametrize(
    "given",
    [
        {"role": "integration"},
        {"role": "integration", "scopes": []},
        {"role": "staff", "scopes": ["sell"]},
    ],
)
def test_a_key_names_scopes_where_it_is_an_integrations_and_only_there(
    desk: Desk, given: dict[str, object]
) -> None:
    problem = desk.refused("/v1/keys", {"name": "k", **given}, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/scopes"


def test_an_unknown_scope_is_refused(desk: Desk) -> None:
    body = {"name": "k", "role": "integration", "scopes": ["everything"]}
    assert desk.refused("/v1/keys", body, "validation-failed")["errors"][0]["pointer"] == "/scopes/0"


def test_a_key_without_scopes_may_do_nothing() -> None:
    store = MemoryStore()
    store.open_ledger("biz_1")
    text = issue_key(store, PEPPER, "biz_1", Role.INTEGRATION, name="web shop", scopes=[Scope.SELL])
    keys = Keys(store, PEPPER)
    (stored,) = store.keys_of("biz_1")
    assert stored.scopes == "sell"
    before: StoredKey = guarded(PEPPER, replace(stored, scopes=""))
    keys.remember(before)
    caller = keys.caller(text)
    assert caller.role is Role.INTEGRATION
    assert caller.scopes == frozenset()
