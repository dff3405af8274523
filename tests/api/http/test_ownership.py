"""What a customer's own key reaches: their own things, and of others not even that they exist."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from litestar import get

from api.http.ownership import is_open
from api.http.permissions import READERS_OR_OWN
from api.http.route import Route
from api.server.app import create_app
from api.server.routes import HANDLERS
from projections.engine.tables import ReadTables
from tests.api.desk import PEPPER, Desk, House
from tests.api.resources.test_checklist_bookings import NOTICE, ahead, book

pytest_plugins = ["tests.api.houses"]

OPEN = [handler.opt["route"] for handler in HANDLERS if is_open(handler.opt["route"])]


def own(desk: Desk, customer_id: str) -> Desk:
    """The same business with a key that was issued to this customer."""
    issued = desk.do("/v1/keys", {"name": "app", "role": "customer", "customer_id": customer_id})
    assert (issued["role"], issued["actor_id"]) == ("customer", customer_id)
    return replace(desk, key=issued["key"])


@pytest.mark.covers("S50", "S103", "S93", "S102")
def test_a_customer_books_moves_and_cancels_with_their_own_package(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer("Anna")
    sold = desk.sell(anna, desk.offer(massage, cancellation=NOTICE))
    app = own(desk, anna)
    made = book(app, anna, massage)
    assert (made["made_by"], made["credits_used"], made["customer"]["name"]) == ("customer", 1, "Anna")
    assert made["cancellation"]["text"] == NOTICE["text"]
    assert desk.get("/v1/facts")["data"][-1]["meta"]["actor"]["id"] == anna
    path = f"/v1/bookings/{made['id']}"
    moved = app.do(f"{path}/rescheduling", {"starts_at": ahead(desk, days=8)})
    assert app.get(f"/v1/customers/{anna}/bookings")["data"] == [moved] == app.get("/v1/bookings")["data"]
    assert app.do(f"{path}/cancellation")["cancellation"]["outcome"] == "restored"
    late = book(app, anna, massage, ahead(desk, hours=3))
    path = f"/v1/bookings/{late['id']}/cancellation"
    app.refused(path, {"by": "business"}, "forbidden")
    app.refused(path, {"override": "restore", "reason": "please"}, "forbidden")
    assert app.do(path)["cancellation"]["outcome"] == "forfeited"
    assert app.card(sold["id"])["remaining"] == 9


def test_a_customer_reads_everything_that_is_theirs(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer("Anna")
    sold = desk.sell(anna, desk.offer(massage))
    desk.do(f"/v1/packages/{sold['id']}/notes", {"text": "agreed to pay later"})
    made = book(desk, anna, massage)
    app = own(desk, anna)
    assert app.get(f"/v1/customers/{anna}")["name"] == "Anna"
    assert [card["id"] for card in app.get("/v1/packages")["data"]] == [sold["id"]]
    for path in ("packages", "bookings", "credits", "activity", "points"):
        app.get(f"/v1/customers/{anna}/{path}")
    for path in ("", "/units", "/history", "/payments", "/facts"):
        app.get(f"/v1/packages/{sold['id']}{path}")
    assert app.get(f"/v1/redemptions/{made['redemption_id']}")["id"] == made["redemption_id"]
    notes = [row["text"] for row in desk.history(sold["id"]) if row["kind"] == "note"]
    assert notes == ["agreed to pay later"]
    assert [row["text"] for row in app.history(sold["id"]) if row["kind"] == "note"] == [None], (
        "for the desk alone"
    )


@pytest.mark.covers("S103")
def test_what_belongs_to_others_is_answered_like_what_does_not_exist(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna, ben = desk.service(), desk.customer("Anna"), desk.customer("Ben")
    offer = desk.offer(massage)
    theirs = desk.sell(ben, offer)
    booked = book(desk, ben, massage)
    agreed = {"offer_id": offer, "threshold": 2, "payment_method_ref": "pm_1"}
    app = own(desk, anna)
    owned = {
        "customer_id": (ben, "cus_unknown"),
        "package_id": (theirs["id"], "pkg_unknown"),
        "booking_id": (booked["id"], "bkg_unknown"),
        "redemption_id": (booked["redemption_id"], "red_unknown"),
        "membership_id": (desk.membership(ben, massage), "mem_unknown"),
        "photo_id": ("pho_unknown", "pho_other"),
        "top_up_id": (desk.do(f"/v1/customers/{ben}/top-ups", agreed)["id"], "top_unknown"),
    }

    bodies: dict[str, Any] = {
        "bookings.reschedule": {"starts_at": ahead(desk, days=3)},
        "top_ups.set": agreed,
    }

    def asked(route: Route, which: int) -> Any:
        path = route.path.format(**{name: owned[name][which] for name in route.path_parameters})
        body = bodies.get(route.operation, {})
        answer = app.ask(path) if route.method == "GET" else app.post(path, body)
        told = answer.json()
        assert told.pop("instance")
        assert told.pop("id")
        return answer.status_code, told

    checked = [route for route in OPEN if route.path_parameters and not route.nobodys]
    assert len(checked) > 10
    for route in checked:
        status, told = asked(route, 0)
        assert (status, told) == asked(route, 1), route.operation
        assert status == 404, route.operation
    body = {"customer_id": ben, "service_id": massage, "starts_at": ahead(desk, days=1)}
    app.refused("/v1/bookings", body, "not-found")
    app.refused("/v1/bookings", body | {"customer_id": anna, "package_id": theirs["id"]}, "not-found")
    assert app.get("/v1/bookings")["data"] == app.get("/v1/packages")["data"] == []
    assert app.ask("/v1/bookings", customer_id=ben).status_code == 404
    assert desk.get(f"/v1/bookings/{booked['id']}")["status"] == "pending"


def test_a_customer_sees_what_there_is_to_book_and_to_buy_as_the_desk_does(either_desk: Desk) -> None:
    desk = either_desk
    massage, location = desk.service(), desk.do("/v1/locations", {"name": "Main Street"})["id"]
    offer = desk.offer(massage)
    desk.do(f"/v1/offers/{offer}/retirement")
    app = own(desk, desk.customer("Anna"))
    for path in ("/v1/services", "/v1/offers", "/v1/locations"):
        assert app.get(path)["data"] == desk.get(path)["data"] != []
    for path in (f"/v1/services/{massage}", f"/v1/offers/{offer}"):
        assert app.get(path) == desk.get(path)
    assert app.get("/v1/locations")["data"][0]["id"] == location
    for path in ("/v1/services/svc_unknown", "/v1/offers/off_unknown"):
        assert app.ask(path).json()["code"] == "not-found"
    app.refused("/v1/services", {"name": "A", "service_type": "B"}, "forbidden")
    app.refused(f"/v1/offers/{offer}/retirement", {}, "forbidden")


def test_a_customer_may_not_do_what_is_the_desks(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer("Anna")
    sold = desk.sell(anna, desk.offer(massage))
    made = book(desk, anna, massage)
    app = own(desk, anna)
    for path in (
        "/v1/customers",
        "/v1/business",
        "/v1/staff",
        "/v1/facts",
        f"/v1/packages/{sold['id']}/notes",
    ):
        assert app.ask(path).json()["code"] == "forbidden", path
    assert app.ask(f"/v1/packages/{sold['id']}", at_version=1).json()["code"] == "forbidden"
    assert app.ask(f"/v1/bookings/{made['id']}", at_version=1).json()["code"] == "forbidden"
    for path in ("confirmation", "completion", "attendance"):
        app.refused(f"/v1/bookings/{made['id']}/{path}", {}, "forbidden")
    app.refused(f"/v1/packages/{sold['id']}/redemptions", {"service_id": massage}, "forbidden")
    body = {"customer_id": anna, "service_id": massage, "starts_at": ahead(desk, days=1)}
    app.refused("/v1/bookings", body | {"payment": {"amount": 1, "method": "cash"}}, "forbidden")
    app.refused("/v1/bookings", body | {"starts_at": ahead(desk, hours=-1)}, "validation-failed")


def test_nobody_gets_the_answer_of_another_with_a_key_of_their_choice(desk: Desk) -> None:
    massage, anna, ben = desk.service(), desk.customer("Anna"), desk.customer("Ben")
    body = {"customer_id": anna, "service_id": massage, "starts_at": ahead(desk, days=1)}
    first = desk.post("/v1/bookings", body, key="book-1")
    assert own(desk, ben).post("/v1/bookings", body, key="book-1").status_code == 404
    app = own(desk, anna)
    mine = app.post("/v1/bookings", body, key="book-1")
    assert mine.json()["id"] != first.json()["id"]
    assert app.post("/v1/bookings", body, key="book-1").content == mine.content


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"role": "customer"}, "/customer_id"),
        ({"role": "staff", "customer_id": "cus_unknown"}, "/customer_id"),
        ({"role": "customer", "customer_id": "cus_unknown"}, "/customer_id"),
        ({"role": "customer", "customer_id": "cus_unknown", "staff_id": "stf_1"}, "/staff_id"),
    ],
)
def test_a_key_of_a_customer_names_one_that_there_is(desk: Desk, given: dict[str, str], pointer: str) -> None:
    problem = desk.refused("/v1/keys", {"name": "app", **given}, "validation-failed")
    assert problem["errors"][0]["pointer"] == pointer


def test_a_customers_key_is_planned_and_shown_again_like_any_other(desk: Desk) -> None:
    anna = desk.customer()
    body = {"name": "app", "role": "customer", "customer_id": anna}
    assert desk.try_out("/v1/keys", body)["actor_id"] == anna
    first, again = (desk.post("/v1/keys", body, key="k") for _ in range(2))
    assert again.json() == first.json() | {"key": None, "secret_shown": False}


def test_a_route_for_customers_that_does_not_say_whose_it_is_stops_the_start_up(
    house: House, tmp_path: Path
) -> None:
    route = Route("GET", "/v1/bookings", "bookings.list", "Bookings", READERS_OR_OWN)

    @get("/v1/bookings", opt={"route": route})
    async def bookings() -> None: ...

    with pytest.raises(TypeError, match=r"bookings\.list"):
        create_app(house.carnet, ReadTables(tmp_path / "views.db", []), pepper=PEPPER, handlers=[bookings])
