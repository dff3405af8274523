"""Lists whose members are kept answer the same bytes as lists that are found and written anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from api.http.kept_answers import KeptAnswers
from api.http.kept_texts import KeptTexts
from api.resources.bookings.queries import BookingPage
from api.resources.customers.lists import CustomerPage
from api.resources.packages.lists import PackagePage
from domain.actor import Role
from projections.engine.freshness import FreshReads
from projections.queries import booking_places, customer_places, package_places
from tests.api.desk import Body, Desk

pytest_plugins = ["tests.api.houses"]

PACKAGES, BOOKINGS, CUSTOMERS = "/v1/packages", "/v1/bookings", "/v1/customers"
EVERYTHING: list[tuple[str, dict[str, Any]]] = [(PACKAGES, {}), (BOOKINGS, {}), (CUSTOMERS, {})]
PAGES: dict[str, type[BaseModel]] = {PACKAGES: PackagePage, BOOKINGS: BookingPage, CUSTOMERS: CustomerPage}
Pages = list[tuple[bytes, str]]
LongWay = Callable[[], Any]


@pytest.fixture
def long_way() -> LongWay:
    """A block in which no list is asked for by its places."""

    @contextmanager
    def block() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for short in (package_places, booking_places, customer_places):
                patch.setattr(short.PlacesOf, "first", lambda *_: [])
            yield

    return block


@pytest.fixture
def salon(either_desk: Desk) -> tuple[Desk, dict[str, str]]:
    """Packages, bookings and customers that differ in what lists are filtered by."""
    desk = either_desk
    massage, sauna = desk.service(), desk.service("Sauna", "Wellness")
    offer, other = desk.offer(massage, quantity=2), desk.offer(massage, sauna, price=0)
    place = desk.do("/v1/locations", {"name": "Fő utca"})["id"]
    staff = desk.do("/v1/staff", {"name": "Zsófi"})["id"]
    anna = desk.customer("Anna 💆", mobile="+36301234567", category="VIP")
    ben = desk.customer("Ben", external_ref={"source": "old", "ref": "7"})
    cili = desk.customer("Cili", consents={"marketing": True})
    desk.do(f"/v1/customers/{ben}/points", {"action": "add", "points": 5})
    paid = {"payment": {"amount": 50_000, "method": "cash"}}
    sold = desk.sell(anna, offer, **paid, location_id=place)["id"]
    desk.sell(ben, offer, external_ref={"source": "old", "ref": "8"})
    desk.sell(ben, other, expires_on=desk.today())
    desk.sell(cili, other, effective_at="2024-02-29")
    used = desk.sell(cili, offer, **paid)["id"]
    desk.redeem(used, massage, quantity=2)
    cancelled = desk.sell(cili, offer)["id"]
    desk.do(f"/v1/packages/{cancelled}/cancellation", {"reason": "moved away"})
    for day, (customer, service) in enumerate(((anna, massage), (ben, sauna), (ben, massage), (cili, sauna))):
        body: Body = {"customer_id": customer, "service_id": service}
        desk.do(BOOKINGS, {**body, "starts_at": f"{desk.today(days=40 + day)}T09:00:00Z", "staff_id": staff})
    first = desk.do(
        BOOKINGS,
        {"customer_id": anna, "service_id": massage, "starts_at": f"{desk.today(days=60)}T09:00:00Z"},
    )
    desk.do(f"/v1/bookings/{first['id']}/cancellation", {"reason": "ill"})
    desk.do(f"/v1/customers/{cili}/block", {"reason": "no shows"})
    days = {"second_day": desk.today(days=41), "third_day": desk.today(days=42)}
    named = {**days, "massage": massage, "offer": offer, "place": place, "staff": staff, "sold": sold}
    return desk, {**named, "anna": anna, "ben": ben, "cili": cili}


def questions(known: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    days = {"from": known["second_day"], "to": known["third_day"]}
    moments = {name: f"{day}T09:00:00Z" for name, day in days.items()}
    return [
        (PACKAGES, {}),
        *((PACKAGES, {"status": each}) for each in ("active", "expired", "fully_used", "cancelled")),
        *((PACKAGES, {"payment_status": each}) for each in ("paid", "unpaid")),
        (PACKAGES, {"status": ["active", "cancelled"]}),
        (PACKAGES, {"customer_id": known["ben"]}),
        (PACKAGES, {"customer_id": [known["anna"], known["ben"]]}),
        (PACKAGES, {"offer_id": known["offer"]}),
        (PACKAGES, {"service_id": known["massage"]}),
        (PACKAGES, {"location_id": known["place"]}),
        (PACKAGES, {"expires_from": "2020-01-01"}),
        (PACKAGES, {"purchased_to": "2024-02-29"}),
        (PACKAGES, {"purchased_from": "2024-03-01", "purchased_to": "2100-01-01"}),
        (PACKAGES, {"purchased_from": "2024-03-01", "status": "active"}),
        (PACKAGES, {"owing": "true"}),
        (PACKAGES, {"owing": "false", "status": "active"}),
        (PACKAGES, {"external_ref": "old:8"}),
        (PACKAGES, {"external_ref": "old:9"}),
        (BOOKINGS, {}),
        (BOOKINGS, days),
        (BOOKINGS, moments),
        (BOOKINGS, {"status": "cancelled"}),
        (BOOKINGS, {"status": ["pending", "confirmed"]}),
        (BOOKINGS, {"attendance": "unmarked", **days}),
        (BOOKINGS, {"customer_id": known["ben"]}),
        (BOOKINGS, {"participant_id": "par_" + known["ben"].removeprefix("cus_")}),
        (BOOKINGS, {"service_id": known["massage"], "staff_id": known["staff"]}),
        (BOOKINGS, {"staff_id": known["staff"]}),
        (BOOKINGS, {"package_id": known["sold"]}),
        (CUSTOMERS, {}),
        (CUSTOMERS, {"category": "VIP"}),
        (CUSTOMERS, {"status": "active"}),
        (CUSTOMERS, {"status": "inactive"}),
        (CUSTOMERS, {"blocked": "true"}),
        (CUSTOMERS, {"blocked": "false", "status": "active"}),
        (CUSTOMERS, {"consent": "marketing"}),
        (CUSTOMERS, {"consent": ["marketing", "birthday"]}),
        (CUSTOMERS, {"external_ref": "old:7"}),
        (CUSTOMERS, {"offer_id": known["offer"]}),
        (CUSTOMERS, {"search": "ben"}),
    ]


def pages(desk: Desk, path: str, filters: dict[str, Any], limit: int = 3) -> Pages:
    """All pages, none of which was kept whole."""
    found: Pages = []
    more: dict[str, Any] = {}
    while True:
        desk.frame.answers = KeptAnswers()
        answer = desk.ask(path, limit=limit, **filters, **more)
        assert answer.status_code == 200, answer.text
        found.append((answer.content, answer.headers["ledger-position"]))
        more = {"cursor": answer.json()["next_cursor"]}
        if more["cursor"] is None:
            return found


def test_every_list_filter_and_page_is_the_same_both_ways(
    salon: tuple[Desk, dict[str, str]], long_way: LongWay
) -> None:
    desk, known = salon
    auditor = desk.as_role(Role.AUDITOR)
    asked = [(desk, *question) for question in questions(known)]
    asked += [(auditor, path, filters) for _, path, filters in asked if path != CUSTOMERS and not filters]
    with long_way():
        meant = [pages(*each) for each in asked]
    for each, expected in zip(asked, meant, strict=True):
        desk.frame.texts = KeptTexts()
        assert pages(*each) == expected, each
        assert pages(*each) == expected, f"{each}, from what was kept"


def test_what_was_recorded_since_shows_in_every_list(
    salon: tuple[Desk, dict[str, str]], long_way: LongWay
) -> None:
    desk, known = salon
    anna, ben = known["anna"], known["ben"]
    booking = desk.get(BOOKINGS, customer_id=ben)["data"][0]["id"]
    changes: list[tuple[str, Body]] = [
        (f"/v1/packages/{known['sold']}/redemptions", {"service_id": known["massage"]}),
        (f"/v1/customers/{anna}/changes", {"name": "Anna Karenina"}),
        (f"/v1/customers/{anna}/participants", {"name": "Rex", "kind": "dog"}),
        (f"/v1/customers/{ben}/points", {"action": "add", "points": 2}),
        (f"/v1/staff/{known['staff']}/changes", {"name": "Zsófia"}),
        (f"/v1/services/{known['massage']}/changes", {"name": "Thai massage"}),
        (f"/v1/locations/{known['place']}/closure", {}),
        (f"/v1/bookings/{booking}/cancellation", {"reason": "ill"}),
        ("/v1/policies", {"payment_required": True}),
        (f"/v1/customers/{anna}/merge", {"absorbed_customer_id": ben}),
        (f"/v1/customers/{anna}/erasure", {"unused": "cancel", "owing": "keep"}),
    ]
    for path, body in changes:
        desk.do(path, body)
        for each in EVERYTHING:
            with long_way():
                meant = pages(desk, *each, limit=50)
            assert pages(desk, *each, limit=50) == meant, (path, each)


def test_names_of_a_household_show_in_lists_as_they_are(
    salon: tuple[Desk, dict[str, str]], long_way: LongWay
) -> None:
    """A card shows whoever it may be used for: one who is renamed, who leaves, and who comes back."""
    desk, known = salon
    at = f"/v1/customers/{known['anna']}/participants"
    rex = next(
        each["id"] for each in desk.do(at, {"name": "Rex", "kind": "dog"})["participants"] if each["number"]
    )
    sold = desk.sell(known["anna"], known["offer"], beneficiaries=[rex])["id"]
    changes: list[tuple[str, Body]] = [
        (f"{at}/{rex}/changes", {"name": "Max"}),
        (f"{at}/{rex}/changes", {"kind": "cat"}),
        (f"{at}/{rex}/removal", {}),
        (f"{at}/{rex}/return", {}),
        (f"{at}/{rex}/changes", {"name": "Moritz"}),
    ]
    for path, given in changes:
        desk.do(path, given)
        for each in EVERYTHING:
            with long_way():
                meant = pages(desk, *each, limit=50)
            assert pages(desk, *each, limit=50) == meant, (path, each)
            assert pages(desk, *each, limit=50) == meant, (path, each)
    (card,) = (card for card in desk.get(PACKAGES)["data"] if card["id"] == sold)
    assert [each["name"] for each in card["beneficiaries"]] == ["Moritz"]


def test_the_clock_shows_in_cards_that_are_kept(
    salon: tuple[Desk, dict[str, str]], long_way: LongWay
) -> None:
    desk, known = salon
    for _ in range(5):
        for filters in ({}, {"status": "active"}, {"status": "expired"}):
            with long_way():
                meant = pages(desk, PACKAGES, filters)
            assert pages(desk, PACKAGES, filters) == meant
            with long_way():
                counted = pages(desk, CUSTOMERS, {})
            assert pages(desk, CUSTOMERS, {}) == counted
        desk.clock.forward(hours=8)
    assert [card["customer"]["id"] for card in desk.get(PACKAGES, status="expired")["data"]][:1] == [
        known["ben"]
    ]


def test_an_erased_name_shows_in_no_list_that_is_behind(salon: tuple[Desk, dict[str, str]]) -> None:
    desk, known = salon
    frame, before = desk.frame, desk.frame.reads
    assert all(b"Anna" in b"".join(body for body, _ in pages(desk, *each)) for each in EVERYTHING)
    frame.reads = FreshReads(desk.carnet.store, frame.views, None, patience_s=0.0)
    try:
        desk.do(f"/v1/customers/{known['anna']}/erasure", {"unused": "cancel", "owing": "keep"})
        for each in EVERYTHING:
            bodies = b"".join(body for body, _ in pages(desk, *each))
            assert b'"stale":true' in bodies, each
            assert b"Anna" not in bodies, each
    finally:
        frame.reads = before


def test_members_that_are_kept_are_as_described(salon: tuple[Desk, dict[str, str]]) -> None:
    desk, known = salon
    for path, filters in questions(known):
        for body, _ in pages(desk, path, filters):
            described = PAGES[path].model_validate_json(body)
            assert described.model_dump_json().encode() == body


# The store of texts


def test_a_text_is_known_by_its_mark_until_others_need_the_room() -> None:
    texts = KeptTexts(bytes_max=5)
    texts.keep({"a": (1, b"aa"), "b": (1, b"bb")})
    assert texts.known({"a": 1, "b": 2, "c": 1}) == {"a": b"aa"}
    texts.keep({"c": (1, b"cc")})
    assert texts.known({"a": 1, "b": 1, "c": 1}) == {"a": b"aa", "c": b"cc"}
    assert texts.bytes == 4
    texts.keep({"a": (2, b"a")})
    assert (texts.known({"a": 1}), texts.known({"a": 2}), texts.bytes) == ({}, {"a": b"a"}, 3)
