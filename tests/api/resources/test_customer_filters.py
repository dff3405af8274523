"""The customer list: the search as one types, every filter of the desk alone and together, and segments."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Body, Desk
from tests.api.resources.test_checklist_bookings import ahead, book

pytest_plugins = ["tests.api.houses"]


def found(desk: Desk, **filters: Any) -> set[str]:
    """First names of the customers on all pages, which come two at a time."""
    rows = desk.all_of("/v1/customers", limit=2, **filters)
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    return {row["name"].split()[0] for row in rows}


def named(names: Iterable[str]) -> set[str]:
    return set(names)


# The search


@pytest.mark.covers("S107", "S96", "S106")
def test_typing_finds_names_and_numbers_from_the_first_letter_on(either_desk: Desk) -> None:
    desk = either_desk
    people = {
        "Ágnes Kovács-Nagy": "20 123 4567",
        "Konstantin Levin": "30 765 4321",
        "Séan O'Brien": None,
        "Jörg Strauß": None,
        "Łukasz Ørsted": None,
    }
    for name, mobile in people.items():
        desk.customer(name, **({"mobile": mobile, "country_code": "+36"} if mobile else {}))
    found_by = {
        "k": {"Ágnes", "Konstantin", "Łukasz"},
        "KOV": {"Ágnes"},
        "nagy": {"Ágnes"},
        "ács": {"Ágnes"},
        "acs": {"Ágnes"},
        "agnes kov": {"Ágnes"},
        "kov ag": {"Ágnes"},
        "obrien": {"Séan"},
        "o'br": {"Séan"},
        "strauss": {"Jörg"},
        "lukasz orst": {"Łukasz"},
        "20 123": {"Ágnes"},
        "+36 20 123 45": {"Ágnes"},
        "06201234567": {"Ágnes"},
        "0036 30": {"Konstantin"},
        "+36 (0)20 123": {"Ágnes"},
        "0036 (0) 30 765": {"Konstantin"},
        "4321": {"Konstantin"},
        "kk": set(),
        "levin konstantin x": set(),
        "💆": named(name.split()[0] for name in people),  # no letter and no digit to search by
    }
    for typed, names in found_by.items():
        assert found(desk, search=typed) == names, typed


def test_a_common_word_and_a_rare_one_find_everybody_they_should(desk: Desk) -> None:
    """More customers than are looked through before the index is asked."""
    for n in range(230):
        desk.customer(f"Anna {n}", category="VIP" if n % 50 == 0 else "New")
    desk.customer("Zoé Anna", category="VIP")
    everybody = desk.all_of("/v1/customers", search="anna", limit=200)
    assert len({row["id"] for row in everybody}) == len(everybody) == 231
    assert found(desk, search="zoe") == {"Zoé"}
    assert len(desk.all_of("/v1/customers", search="anna", category="VIP")) == 6
    assert [row["name"] for row in desk.all_of("/v1/customers", search="22", category="VIP", limit=1)] == []
    assert len(desk.all_of("/v1/customers", search="22", limit=3)) == len(
        [n for n in range(230) if "22" in str(n)]
    )


def test_a_changed_name_is_found_at_once_and_the_old_one_is_not(desk: Desk) -> None:
    id = desk.customer("Anna Karenina")
    desk.do(f"/v1/customers/{id}/changes", {"name": "Anna Oblonskaya"})
    assert found(desk, search="oblon") == {"Anna"}
    assert found(desk, search="karen") == set()


def test_nobody_finds_people_of_another_business(either_desk: Desk, request: pytest.FixtureRequest) -> None:
    either_desk.customer("Anna")
    for house in ("sqlite_house", "postgres_house"):
        other: Desk = request.getfixturevalue(house).desk()
        assert other.get("/v1/customers", search="anna")["data"] == []


# The filters


@pytest.fixture
def salon(either_desk: Desk) -> tuple[Desk, dict[str, str]]:
    """Customers who each did something else, and the ids of what they did it with."""
    desk = either_desk
    massage, sauna = desk.service(), desk.service("Sauna", "Wellness")
    facial = desk.service("Facial", "Beauty")
    offer, other = desk.offer(massage), desk.offer(sauna, facial)
    people: dict[str, Body] = {
        "Anna": {"category": "VIP", "consents": {"marketing": True}},
        "Bela": {"category": "Regular", "consents": {"birthday": True, "session_reminder": True}},
        "Cili": {"category": "VIP"},
        "Dora": {},
        "Emil": {"external_ref": {"source": "old", "ref": "7"}},
    }
    ids = {name: desk.customer(f"{name} Nagy", **more) for name, more in people.items()}
    book(desk, ids["Anna"], massage, ahead(desk, days=3))
    late = book(desk, ids["Bela"], sauna, ahead(desk, days=20))
    desk.do(f"/v1/bookings/{late['id']}/confirmation")
    gone = book(desk, ids["Cili"], massage, ahead(desk, days=3))
    desk.do(f"/v1/bookings/{gone['id']}/cancellation", {"by": "business"})
    used = desk.sell(ids["Cili"], other)
    desk.redeem(used["id"], sauna)
    restored = desk.sell(ids["Dora"], offer)
    use = desk.redeem(restored["id"], massage)
    desk.do(f"/v1/redemptions/{use['redemption_id']}/restorations")
    mistake = desk.sell(ids["Emil"], offer)
    desk.do(f"/v1/packages/{mistake['id']}/voiding", {"reason": "sold to the wrong one"})
    desk.sell(ids["Anna"], other, purchased_by=ids["Bela"])
    desk.do(f"/v1/customers/{ids['Dora']}/deactivation")
    desk.do(f"/v1/customers/{ids['Emil']}/block")
    things = {"massage": massage, "sauna": sauna, "facial": facial, "offer": offer, "other": other}
    return desk, ids | things


EVERYBODY = {"Anna", "Bela", "Cili", "Dora", "Emil"}


@pytest.mark.covers("S108", "S114", "S116", "S117", "S118", "S119", "S120", "S121", "S122", "S123", "S124")
def test_every_filter_finds_whom_it_says(salon: tuple[Desk, dict[str, str]]) -> None:
    desk, of = salon
    in_days = [ahead(desk, days=days) for days in range(30)]
    asked: list[tuple[dict[str, Any], set[str]]] = [
        ({}, EVERYBODY),
        ({"category": "VIP"}, {"Anna", "Cili"}),
        ({"category": ["VIP", "Regular"]}, {"Anna", "Bela", "Cili"}),
        ({"status": "active"}, EVERYBODY - {"Dora"}),
        ({"status": "inactive"}, {"Dora"}),
        ({"status": ["active", "inactive"]}, EVERYBODY),
        ({"blocked": "true"}, {"Emil"}),
        ({"blocked": "false"}, EVERYBODY - {"Emil"}),
        ({"consent": "marketing"}, {"Anna"}),
        ({"consent": ["marketing", "birthday"]}, {"Anna", "Bela"}),
        ({"external_ref": "old:7"}, {"Emil"}),
        ({"service_id": of["massage"]}, {"Anna"}),
        ({"service_id": of["sauna"]}, {"Bela", "Cili"}),
        ({"service_id": [of["massage"], of["sauna"]]}, {"Anna", "Bela", "Cili"}),
        ({"service_type": "Wellness"}, {"Bela", "Cili"}),
        ({"service_type": ["Massage", "Beauty"]}, {"Anna"}),
        ({"service_type": "None such"}, set()),
        ({"unused_service_id": of["massage"]}, EVERYBODY - {"Anna"}),
        ({"unused_service_id": [of["massage"], of["sauna"]]}, {"Dora", "Emil"}),
        ({"unused_service_type": "Wellness"}, {"Anna", "Dora", "Emil"}),
        ({"unused_service_type": "None such"}, EVERYBODY),
        ({"offer_id": of["offer"]}, {"Dora"}),
        ({"offer_id": of["other"]}, {"Anna", "Bela", "Cili"}),
        ({"offer_id": [of["offer"], of["other"]]}, {"Anna", "Bela", "Cili", "Dora"}),
        ({"booking_from": in_days[1][:10]}, {"Anna", "Bela"}),
        ({"booking_from": in_days[10][:10]}, {"Bela"}),
        ({"booking_to": in_days[10][:10]}, {"Anna"}),
        ({"booking_from": in_days[3], "booking_to": in_days[3]}, {"Anna"}),
        ({"booking_from": in_days[5][:10], "booking_to": in_days[15][:10]}, set()),
        ({"booking_status": "active"}, {"Anna", "Bela"}),
        ({"booking_status": "pending"}, {"Anna"}),
        ({"booking_status": "confirmed"}, {"Bela"}),
        ({"booking_status": "cancelled"}, {"Cili"}),
        ({"booking_status": ["cancelled", "active"]}, {"Anna", "Bela", "Cili"}),
        ({"booking_status": "completed"}, set()),
        ({"booking_status": "active", "booking_to": in_days[10][:10]}, {"Anna"}),
        ({"booking_status": "cancelled", "booking_from": in_days[10][:10]}, set()),
    ]
    for filters, names in asked:
        assert found(desk, **filters) == names, filters
    whole = desk.all_of("/v1/customers")
    for (first, left), (second, right) in zip(asked, asked[7:] + asked[:7], strict=True):
        about_bookings = [any(name.startswith("booking") for name in filters) for filters in (first, second)]
        if first.keys().isdisjoint(second) and not all(
            about_bookings
        ):  # those are of one and the same booking
            both = first | second
            assert found(desk, **both) == left & right, both
            assert found(desk, search="nagy", **both) == left & right, both
    assert {row["id"]: row for row in whole} == {
        row["id"]: desk.get(f"/v1/customers/{row['id']}") for row in whole
    }


def test_what_is_undone_no_longer_counts(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    package = desk.sell(anna, desk.offer(massage))
    use = desk.redeem(package["id"], massage, quantity=2)
    assert found(desk, service_id=massage) == {"Anna"}
    desk.do(f"/v1/redemptions/{use['redemption_id']}/restorations", {"quantity": 1})
    assert found(desk, service_id=massage) == {"Anna"}
    desk.do(f"/v1/redemptions/{use['redemption_id']}/restorations")
    assert found(desk, service_id=massage) == set()
    assert found(desk, unused_service_id=massage) == {"Anna"}
    booking = book(desk, anna, massage)
    assert found(desk, service_id=massage) == {"Anna"}
    desk.do(f"/v1/bookings/{booking['id']}/cancellation", {"by": "customer"})
    assert found(desk, service_id=massage) == set()


def test_a_service_counts_under_the_type_it_has_now(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    book(desk, anna, massage)
    desk.do(f"/v1/services/{massage}/changes", {"service_type": "Wellness"})
    assert found(desk, service_type="Massage") == set()
    assert found(desk, service_type="Wellness") == {"Anna"}


def test_a_page_stays_what_it_is_and_its_cursor_fits_no_other_filters(desk: Desk) -> None:
    for n in range(5):
        desk.customer(f"Anna{n}", category="VIP")
    first = desk.get("/v1/customers", category="VIP", limit=2)
    desk.customer("Anna5", category="VIP")
    rest = desk.all_of("/v1/customers", category="VIP", limit=2, cursor=first["next_cursor"])
    names = [row["name"] for row in (*first["data"], *rest)]
    assert sorted(names) == [f"Anna{n}" for n in range(6)]
    for other in (
        {"category": "New"},
        {"category": ["VIP", "New"]},
        {"category": "VIP", "status": "active"},
        {},
    ):
        answer = desk.ask("/v1/customers", cursor=first["next_cursor"], **other)
        assert answer.json()["code"] == "invalid-cursor"


RANGES = (
    ("/v1/customers", "booking_from", "booking_to"),
    ("/v1/bookings", "from", "to"),
    ("/v1/customers/{customer}/bookings", "from", "to"),
    ("/v1/customers/{customer}/points", "from", "to"),
    ("/v1/packages", "expires_from", "expires_to"),
    ("/v1/packages", "purchased_from", "purchased_to"),
)


@pytest.mark.parametrize(("path", "first", "last"), RANGES)
def test_a_range_does_not_end_before_it_begins(desk: Desk, path: str, first: str, last: str) -> None:
    path = path.format(customer=desk.customer())
    answer = desk.ask(path, **{first: "2026-10-04", last: "2026-10-03"})
    assert (answer.status_code, answer.json()["code"]) == (400, "validation-failed")
    assert [flaw["pointer"] for flaw in answer.json()["errors"]] == [f"/{last}"]
    assert desk.get(path, **{first: "2026-10-03", last: "2026-10-03"})["data"] == []


def test_a_range_of_bookings_is_of_days_in_the_zone_of_each_or_of_moments(desk: Desk) -> None:
    begins, before = "2026-10-02T10:00:00Z", "2026-10-02T09:59:59.999Z"  # of the 3rd, where it begins first
    ends = "2026-10-03T12:00:00Z"  # of the 2nd, where it ends last
    for path, first, last in RANGES[:2]:
        desk.get(path, **{first: "2026-10-03", last: begins})
        desk.get(path, **{first: begins, last: begins})
        for wrong in ({first: "2026-10-03", last: before}, {first: ends, last: "2026-10-02"}):
            assert desk.ask(path, **wrong).json()["errors"][0]["pointer"] == f"/{last}"


def test_a_segment_holds_no_range_that_ends_before_it_begins(desk: Desk) -> None:
    filters = {"booking_from": "2026-10-04", "booking_to": "2026-10-03"}
    problem = desk.refused("/v1/segments", {"name": "October", "filters": filters}, "validation-failed")
    assert [flaw["pointer"] for flaw in problem["errors"]] == ["/filters/booking_to"]


def test_what_is_no_filter_is_refused(desk: Desk) -> None:
    for wrong in (
        {"status": "gone"},
        {"consent": "everything"},
        {"booking_status": "no_show"},
        {"service_id": "massage"},
        {"booking_from": "tomorrow"},
        {"category": ""},
        {"segment_id": "vip"},
        {"category": ["x"] * 51},
    ):
        assert desk.ask("/v1/customers", **wrong).json()["code"] == "validation-failed", wrong
    assert desk.ask("/v1/customers", icon="VIP").json()["code"] == "unknown-parameter"


def test_who_may_not_see_people_filters_but_does_not_search(desk: Desk) -> None:
    desk.customer("Anna", category="VIP")
    auditor = desk.as_role(Role.AUDITOR)
    (row,) = auditor.get("/v1/customers", category="VIP")["data"]
    assert (row["name"], row["category"]) == (None, "VIP")
    for typed in ("Anna", "Nobody", "💆"):
        assert auditor.ask("/v1/customers", search=typed).status_code == 403
    asked = {"birthday_from": "2026-10-01", "birthday_to": "2026-10-01"}
    assert auditor.ask("/v1/customers", **asked).json()["code"] == "forbidden"


# Birthdays


def test_birthdays_are_found_by_their_days_with_every_other_filter(either_desk: Desk) -> None:
    desk = either_desk
    born = {
        "Anna": "1990-12-31",
        "Bela": "1990-01-01",
        "Cili": "2000-02-29",
        "Dora": "1985-03-01",
        "Emil": None,
        "Fanni": "1985-12-31",
    }
    ids = {
        name: desk.customer(f"{name} Nagy", category="VIP", **({"date_of_birth": day} if day else {}))
        for name, day in born.items()
    }
    desk.do(f"/v1/customers/{ids['Fanni']}/merge", {"absorbed_customer_id": ids["Dora"]})
    asked: list[tuple[str, str, set[str]]] = [
        ("2026-12-31", "2026-12-31", {"Anna", "Fanni"}),
        ("2026-12-31", "2027-01-01", {"Anna", "Bela", "Fanni"}),
        ("2027-02-28", "2027-02-28", {"Cili"}),
        ("2028-02-28", "2028-02-28", set()),
        ("2028-02-29", "2028-03-01", {"Cili"}),  # Dora is another name of Fanni
        ("1990-01-01", "1990-01-01", set()),
        ("2026-06-01", "2027-06-01", {"Anna", "Bela", "Cili", "Fanni"}),
    ]
    for first, last, names in asked:
        assert found(desk, birthday_from=first, birthday_to=last) == names, (first, last)
    turn = {"birthday_from": "2026-12-31", "birthday_to": "2027-01-01"}
    assert found(desk, **turn, search="anna") == {"Anna"}
    desk.do(f"/v1/customers/{ids['Anna']}/changes", {"category": "Regular"})
    assert found(desk, **turn, category="VIP") == {"Bela", "Fanni"}
    exported = desk.ask("/v1/customers/export", media="jsonl", **turn)
    assert {json.loads(line)["name"].split()[0] for line in exported.text.splitlines()} == {
        "Anna",
        "Bela",
        "Fanni",
    }
    desk.do(f"/v1/customers/{ids['Bela']}/changes", {"date_of_birth": None})
    desk.do(f"/v1/customers/{ids['Anna']}/erasure", {})
    assert found(desk, **turn) == {"Fanni"}


def test_more_birthdays_than_the_index_names_are_found_in_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(12):
        desk.customer(f"Anna{n}", date_of_birth=f"1990-05-{1 + n % 4:02}")
    asked = {"birthday_from": "2026-05-02", "birthday_to": "2026-05-03"}
    few = desk.all_of("/v1/customers", limit=2, **asked)
    monkeypatch.setattr("api.resources.customers.directory_search.FOUND_MAX", 3)
    monkeypatch.setattr("api.resources.customers.directory_search.LOOKED_THROUGH", 4)
    many = desk.all_of("/v1/customers", limit=2, **asked)
    assert [row["name"] for row in many] == [f"Anna{n}" for n in range(12) if n % 4 in (1, 2)]
    assert many == few


@pytest.mark.parametrize(
    ("asked", "pointer", "code"),
    [
        ({"birthday_from": "2026-05-01"}, "/birthday_to", "missing"),
        ({"birthday_to": "2026-05-01"}, "/birthday_from", "missing"),
        (
            {"birthday_from": "2026-05-02", "birthday_to": "2026-05-01"},
            "/birthday_to",
            "before-its-beginning",
        ),
        ({"birthday_from": "2026-05-01", "birthday_to": "2027-05-02"}, "/birthday_to", "range-too-long"),
        (
            {"birthday_from": "05-01", "birthday_to": "2027-05-02"},
            "/birthday_from",
            "string-pattern-mismatch",
        ),
    ],
)
def test_birthdays_are_asked_for_by_two_days_at_most_a_year_apart(
    desk: Desk, asked: dict[str, str], pointer: str, code: str
) -> None:
    for path in ("/v1/customers", "/v1/customers/export"):
        answer = desk.ask(path, **asked)
        assert answer.status_code == 400, answer.text
        (flaw,) = answer.json()["errors"]
        assert (flaw["pointer"], flaw["code"]) == (pointer, code)


# Segments


@pytest.mark.covers("S125")
def test_filters_are_saved_under_a_name_and_narrow_the_list(salon: tuple[Desk, dict[str, str]]) -> None:
    desk, of = salon
    filters = {"category": ["VIP"], "unused_service_type": ["Massage"], "status": ["active"]}
    saved = desk.do("/v1/segments", {"name": "VIP without massage", "filters": filters})
    assert {name: value for name, value in saved["filters"].items() if value} == filters
    assert desk.get("/v1/segments")["data"] == [saved]
    assert found(desk, segment_id=saved["id"]) == {"Cili"}
    assert found(desk, segment_id=saved["id"], service_id=of["sauna"], search="cil") == {"Cili"}
    assert found(desk, segment_id=saved["id"], category="Regular") == set(), "both must hold"
    dated = {"booking_from": desk.today(days=10), "booking_to": desk.today(days=25)}
    soon = desk.do("/v1/segments", {"name": "Soon", "filters": dated})
    assert found(desk, segment_id=soon["id"]) == {"Bela"}
    removed = desk.do(f"/v1/segments/{saved['id']}/removal")
    assert removed == {**saved, "removed": True}
    assert desk.get("/v1/segments")["data"] == [soon]
    assert desk.ask("/v1/customers", segment_id=saved["id"]).status_code == 404


def test_the_names_of_segments_are_told_apart_and_there_are_no_more_than_a_hundred(desk: Desk) -> None:
    filters = {"category": ["VIP"]}
    first = desk.do("/v1/segments", {"id": "seg_1", "name": "Friends", "filters": filters})
    problem = desk.refused("/v1/segments", {"name": "FRIENDS", "filters": filters}, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/name"
    desk.refused("/v1/segments", {"id": "seg_1", "name": "Others", "filters": filters}, "id-taken")
    desk.do(f"/v1/segments/{first['id']}/removal")
    desk.refused("/v1/segments", {"id": "seg_1", "name": "Others", "filters": filters}, "id-taken")
    for n in range(100):
        desk.do("/v1/segments", {"name": f"Friends {n}" if n else "Friends", "filters": filters})
    problem = desk.refused("/v1/segments", {"name": "One more", "filters": filters}, "limit-reached")
    assert problem["limit"] == 100
    assert len(desk.all_of("/v1/segments", limit=30)) == 100


@pytest.mark.parametrize(
    ("filters", "pointer"),
    [({}, "/filters"), ({"search": "Anna"}, "/filters/search"), ({"status": ["gone"]}, "/filters/status/0")],
)
def test_a_segment_narrows_by_something_and_never_by_a_name(desk: Desk, filters: Body, pointer: str) -> None:
    problem = desk.refused("/v1/segments", {"name": "x", "filters": filters}, "validation-failed")
    assert problem["errors"][0]["pointer"] == pointer


def test_an_unknown_segment_is_not_found(house: Any) -> None:
    desk, other = house.desk(), house.desk()
    foreign = other.do("/v1/segments", {"name": "x", "filters": {"category": ["VIP"]}})["id"]
    for id in ("seg_unknown", foreign):
        assert desk.ask("/v1/customers", segment_id=id).json()["code"] == "not-found"
        desk.refused(f"/v1/segments/{id}/removal", {}, "not-found")
