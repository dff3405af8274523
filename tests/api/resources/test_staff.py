"""Staff and locations over HTTP: who works here, and where."""

import pytest

from api.http.new_keys import issue_key
from domain.actor import Role
from domain.moments import to_milliseconds
from tests.api.desk import PEPPER, Desk
from tests.api.images import PNG

pytest_plugins = ["tests.api.houses"]


def test_a_member_of_staff_is_shown_as_registered(either_desk: Desk) -> None:
    desk = either_desk
    main, photo = desk.do("/v1/locations", {"name": "Main"})["id"], sent(desk)
    body = {"name": "Éva", "photo": photo, "role": "manager", "locations": [main]}
    shown = desk.do("/v1/staff", body)
    assert shown == {
        "id": shown["id"],
        "name": "Éva",
        "photo_url": f"/v1/photos/{photo}",
        "role": "manager",
        "locations": [main],
        "active": True,
        "version": 1,
    }
    assert desk.get(f"/v1/staff/{shown['id']}") == shown
    assert desk.get("/v1/staff")["data"] == [shown]


def sent(desk: Desk) -> str:
    headers = desk.headers() | {"Content-Type": "image/png"}
    return str(desk.client.post("/v1/photos", content=PNG, headers=headers).json()["id"])


def test_a_member_of_staff_changes_by_what_is_given(either_desk: Desk) -> None:
    desk = either_desk
    main, photo = desk.do("/v1/locations", {"name": "Main"})["id"], sent(desk)
    id = desk.do("/v1/staff", {"name": "Éva", "photo": photo})["id"]
    path = f"/v1/staff/{id}/changes"
    named = desk.do(path, {"name": "Éva Kiss"})
    assert (named["name"], named["photo_url"], named["version"]) == (
        "Éva Kiss",
        f"/v1/photos/{photo}",
        2,
    )
    assert desk.get("/v1/facts")["data"][-1]["data"] == {
        "fields": ["name"],
        "role": "staff",
        "locations": [],
    }
    assert desk.do(path, {"name": "Éva Kiss", "photo": photo, "role": "staff"})["version"] == 2
    moved = desk.do(path, {"role": "manager", "locations": [main], "photo": None})
    assert (moved["role"], moved["locations"], moved["photo_url"]) == ("manager", [main], None)
    assert desk.get("/v1/facts")["data"][-1]["data"]["fields"] == ["photo", "role", "locations"]
    assert desk.get(f"/v1/staff/{id}") == moved
    assert desk.get("/v1/staff")["data"] == [moved]
    stale = {"if_match": '"v1"'}
    assert desk.post(path, {"name": "X"}, **stale).status_code == 412


@pytest.mark.covers("S115")
def test_who_leaves_is_deactivated_and_not_deleted(either_desk: Desk) -> None:
    desk = either_desk
    id = desk.do("/v1/staff", {"name": "Éva"})["id"]
    left = desk.do(f"/v1/staff/{id}/deactivation")
    assert (left["active"], left["name"], left["version"]) == (False, "Éva", 2)
    assert desk.do(f"/v1/staff/{id}/deactivation") == left
    assert desk.get(f"/v1/staff/{id}") == left
    assert desk.get("/v1/staff")["data"] == [left]


@pytest.mark.parametrize(
    ("role", "by"),
    [
        ("staff", "owner"),
        ("staff", "manager"),
        ("owner", "owner"),
        ("owner", "manager"),
    ],
)
def test_the_keys_of_who_leaves_end(either_desk: Desk, role: str, by: str) -> None:
    desk = either_desk
    eva, pal = (desk.do("/v1/staff", {"name": name})["id"] for name in ("Éva", "Pál"))
    theirs = [key_of(desk, id, role) for id in (eva, eva, pal)]
    assert [opens(desk, key) for key in theirs] == [True, True, True]
    path = f"/v1/staff/{eva}/deactivation"
    desk.try_out(path, {})
    assert opens(desk, theirs[0]), "a dry run ends nothing"
    desk.as_role(Role(by)).do(path)
    assert [opens(desk, key) for key in theirs] == [False, False, True]


def key_of(desk: Desk, staff_id: str, role: str) -> str:
    return str(desk.do("/v1/keys", {"name": "till", "role": role, "staff_id": staff_id})["key"])


def opens(desk: Desk, key: str) -> bool:
    return desk.client.get("/v1/services", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_a_repeated_deactivation_ends_what_a_crash_left(desk: Desk) -> None:
    id = desk.do("/v1/staff", {"name": "Éva"})["id"]
    first = desk.post(f"/v1/staff/{id}/deactivation", {}, key="leaves")
    before = to_milliseconds(desk.clock()) - 60_000
    store = desk.carnet.store
    key = issue_key(store, PEPPER, desk.business_id, Role.STAFF, id, name="till", created_at=before)
    again = desk.post(f"/v1/staff/{id}/deactivation", {}, key="leaves")
    assert again.content == first.content
    desk.do(f"/v1/staff/{id}/reactivation")
    assert not opens(desk, key)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"name": " "}, "/name"),
        ({"role": "auditor"}, "/role"),
        ({"role": None}, "/role"),
        ({"locations": ["loc_unknown"]}, "/locations/0"),
        ({"photo": "pho_unknown"}, "/photo"),
        ({"active": False}, "/active"),
    ],
)
def test_what_no_member_of_staff_can_have_is_named(
    desk: Desk, changes: dict[str, object], pointer: str
) -> None:
    id = desk.do("/v1/staff", {"name": "Éva"})["id"]
    for path, body in ((f"/v1/staff/{id}/changes", changes), ("/v1/staff", {"name": "Pál"} | changes)):
        problem = desk.refused(path, body, "validation-failed")
        assert [flaw["pointer"] for flaw in problem["errors"]] == [pointer]


def test_an_unknown_member_of_staff_is_not_found(desk: Desk) -> None:
    for path, body in (("changes", {"name": "X"}), ("changes", {"role": "staff"}), ("deactivation", {})):
        desk.refused(f"/v1/staff/stf_unknown/{path}", body, "not-found")


def test_who_may_not_see_people_sees_roles_alone(desk: Desk) -> None:
    id = desk.do("/v1/staff", {"name": "Éva", "photo": sent(desk)})["id"]
    auditor = desk.as_role(Role.AUDITOR)
    shown = auditor.get(f"/v1/staff/{id}")
    assert (shown["name"], shown["photo_url"], shown["role"]) == (None, None, "staff")
    assert auditor.get("/v1/staff")["data"] == [shown]
    for path in ("changes", "deactivation"):
        desk.as_role(Role.STAFF).refused(f"/v1/staff/{id}/{path}", {}, "forbidden")


def test_a_location_is_closed_and_stays_in_the_books(either_desk: Desk) -> None:
    desk = either_desk
    main = desk.do("/v1/locations", {"name": "Main"})
    assert main["open"] is True
    closed = desk.do(f"/v1/locations/{main['id']}/closure")
    assert closed == main | {"open": False}
    assert desk.do(f"/v1/locations/{main['id']}/closure") == closed
    assert desk.get("/v1/locations")["data"] == [closed]
    offer, anna = desk.offer(desk.service()), desk.customer()
    body = {"customer_id": anna, "offer_id": offer, "location_id": main["id"]}
    desk.refused("/v1/packages", body, "validation-failed")
    desk.refused("/v1/locations/loc_unknown/closure", {}, "not-found")
