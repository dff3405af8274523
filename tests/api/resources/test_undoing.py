"""Retiring, closing, deactivating and removing are undone by a fact of their own, and done again by another."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


def facts_of(desk: Desk) -> list[str]:
    return [fact["name"] for fact in desk.all_of("/v1/facts")]


def test_what_was_retired_is_performed_and_sold_again(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer, anna = desk.offer(massage), desk.customer()
    for what, id in (("services", massage), ("offers", offer)):
        assert desk.do(f"/v1/{what}/{id}/retirement")["retired"]
    sale = {"customer_id": anna, "offer_id": offer}
    desk.refused("/v1/packages", sale, "offer-retired")
    for what, id in (("services", massage), ("offers", offer)):
        again = desk.do(f"/v1/{what}/{id}/reinstatement")
        assert (again["retired"], again["version"]) == (False, 3)
        assert desk.do(f"/v1/{what}/{id}/reinstatement") == again
        assert [row["id"] for row in desk.all_of(f"/v1/{what}", retired=False)] == [id]
    assert desk.sell(anna, offer)["remaining"] == 10
    assert facts_of(desk).count("catalogue.service_reinstated") == 1
    assert facts_of(desk).count("catalogue.offer_reinstated") == 1


def test_a_closed_location_opens_again(either_desk: Desk) -> None:
    desk = either_desk
    pier = desk.do("/v1/locations", {"name": "Pier", "address": "12 Quay"})
    massage, anna = desk.service(), desk.customer()
    package = desk.sell(anna, desk.offer(massage))["id"]
    desk.do(f"/v1/locations/{pier['id']}/closure")
    use = {"service_id": massage, "location_id": pier["id"]}
    desk.refused(f"/v1/packages/{package}/redemptions", use, "validation-failed")
    assert desk.do(f"/v1/locations/{pier['id']}/reopening") == pier
    assert desk.redeem(package, massage, location_id=pier["id"])["remaining"] == 9


def test_a_member_of_staff_comes_back_without_the_keys_that_ended(either_desk: Desk) -> None:
    desk = either_desk
    zoe = desk.do("/v1/staff", {"name": "Zoe", "role": "manager"})
    key = desk.do("/v1/keys", {"name": "till", "role": "staff", "staff_id": zoe["id"]})["key"]
    desk.do(f"/v1/staff/{zoe['id']}/deactivation")
    back = desk.do(f"/v1/staff/{zoe['id']}/reactivation")
    assert back == {**zoe, "version": 3}
    assert [row["active"] for row in desk.all_of("/v1/staff")] == [True]
    old = desk.client.get("/v1/services", headers={"Authorization": f"Bearer {key}"})
    assert old.status_code == 401, "a key that ended stays ended"
    new = desk.do("/v1/keys", {"name": "till", "role": "staff", "staff_id": zoe["id"]})["key"]
    assert desk.client.get("/v1/services", headers={"Authorization": f"Bearer {new}"}).status_code == 200


def test_a_removed_participant_returns_as_though_never_removed(either_desk: Desk) -> None:
    desk, massage = either_desk, either_desk.service()
    anna = desk.do("/v1/customers", {"name": "Anna", "participants": [{"name": "Max", "kind": "dog"}]})
    (max_id,) = (each["id"] for each in anna["participants"] if each["name"] == "Max")
    package = desk.sell(anna["id"], desk.offer(massage, sharing="household"))["id"]
    path = f"/v1/customers/{anna['id']}/participants/{max_id}"
    desk.do(f"{path}/removal")
    use = {"service_id": massage, "participant_id": max_id}
    desk.refused(f"/v1/packages/{package}/redemptions", use, "not-eligible")
    back = desk.do(f"{path}/return")
    assert back["participants"] == anna["participants"]
    assert desk.redeem(package, massage, participant_id=max_id)["remaining"] == 9
    rows = desk.all_of(f"/v1/customers/{anna['id']}/history")
    assert [row["label"] for row in rows][-2:] == ["Participant removed", "Participant returned"]
    assert [row["id"] for row in desk.all_of("/v1/customers")] == [anna["id"]]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/services/svc_none/reinstatement",
        "/v1/offers/off_none/reinstatement",
        "/v1/locations/loc_none/reopening",
        "/v1/staff/stf_none/reactivation",
        "/v1/customers/cus_none/participants/par_none/return",
    ],
)
def test_what_does_not_exist_is_not_undone(desk: Desk, path: str) -> None:
    desk.refused(path, {}, "not-found")
    desk.as_role(Role.AUDITOR).refused(path, {}, "forbidden")


# Places of a package


def test_a_package_whose_location_closed_is_used_anywhere_until_it_opens_again(either_desk: Desk) -> None:
    desk = either_desk
    main, pier = (desk.do("/v1/locations", {"name": name})["id"] for name in ("Main", "Pier"))
    massage, anna = desk.service(), desk.customer()
    package = desk.sell(anna, desk.offer(massage, locations=[main]))["id"]
    there = {"service_id": massage, "location_id": pier}
    desk.refused(f"/v1/packages/{package}/redemptions", there, "not-eligible")
    desk.do(f"/v1/locations/{main}/closure")
    assert desk.do(f"/v1/packages/{package}/redemptions", there)["remaining"] == 9
    assert desk.do(f"/v1/customers/{anna}/redemptions", {"service_id": massage})["allocations"]
    desk.do(f"/v1/locations/{main}/reopening")
    desk.refused(f"/v1/packages/{package}/redemptions", there, "not-eligible")


def test_a_manager_moves_a_package_to_other_locations_and_says_why(either_desk: Desk) -> None:
    desk = either_desk
    main, pier = (desk.do("/v1/locations", {"name": name})["id"] for name in ("Main", "Pier"))
    massage, anna = desk.service(), desk.customer()
    package = desk.sell(anna, desk.offer(massage, locations=[main]))["id"]
    path, moving = f"/v1/packages/{package}/locations", {"locations": [pier], "reason": "she moved house"}
    desk.as_role(Role.STAFF).refused(path, moving, "forbidden")
    card = desk.as_role(Role.MANAGER).do(path, moving)
    assert (card["locations"], card["version"]) == ([pier], 2)
    assert desk.card(package)["locations"] == desk.get("/v1/packages")["data"][0]["locations"] == [pier]
    assert desk.card(package, at_version=1)["locations"] == [main]
    assert desk.redeem(package, massage, location_id=pier)["remaining"] == 9
    row = desk.history(package)[1]
    assert (row["kind"], row["label"], row["text"]) == ("locations", "Locations changed", "she moved house")
    assert desk.get(f"/v1/packages/{package}/explanation")["balance"]["result"] == 9
    assert b"moved house" not in desk.client.get("/v1/facts", headers=desk.headers()).content
    for wrong in ({"locations": ["loc_none"]}, {"locations": [pier, pier]}, {}):
        desk.refused(path, {"reason": "because", **wrong}, "validation-failed")
    desk.refused(path, {"locations": [main]}, "validation-failed")
    desk.refused("/v1/packages/pkg_none/locations", moving, "not-found")


def test_a_retired_service_is_booked_with_units_that_were_sold_of_it(either_desk: Desk) -> None:
    desk, massage = either_desk, either_desk.service()
    anna, bela = desk.customer(), desk.customer("Bela")
    desk.sell(anna, desk.offer(massage, quantity=1))
    desk.do(f"/v1/services/{massage}/retirement")
    booking = {"service_id": massage, "starts_at": desk.today(days=3) + "T10:00:00Z"}
    assert desk.do("/v1/bookings", {"customer_id": anna, **booking})["credits_used"] == 1
    for customer in (anna, bela):
        desk.refused("/v1/bookings", {"customer_id": customer, **booking}, "offer-retired")
    paid = {"payment": {"amount": 6_000, "method": "cash"}}
    desk.refused("/v1/bookings", {"customer_id": bela, **booking, **paid}, "offer-retired")
    desk.do(f"/v1/services/{massage}/reinstatement")
    assert desk.do("/v1/bookings", {"customer_id": bela, **booking})["credits_used"] == 0


# Who works here


@pytest.mark.parametrize("who", ["stf_nobody", "left"])
def test_every_door_refuses_somebody_who_does_not_work_here_in_the_same_words(desk: Desk, who: str) -> None:
    if who == "left":
        who = desk.do("/v1/staff", {"name": "Zoe"})["id"]
        desk.do(f"/v1/staff/{who}/deactivation")
    massage, anna = desk.service(), desk.customer()
    package = desk.sell(anna, desk.offer(massage))["id"]
    use = {"service_id": massage, "staff_id": who}
    doors = {
        f"/v1/packages/{package}/redemptions": use,
        f"/v1/customers/{anna}/redemptions": use,
        "/v1/bookings": {"customer_id": anna, "starts_at": desk.today(days=3) + "T10:00:00Z", **use},
        "/v1/keys": {"name": "till", "role": "staff", "staff_id": who},
    }
    for path, body in doors.items():
        (flaw,) = desk.refused(path, body, "validation-failed")["errors"]
        told = (flaw["pointer"], flaw["code"], flaw["detail"])
        assert told == ("/staff_id", "unknown-staff", "is not an active member of staff of this business")
