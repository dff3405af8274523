"""Customers, their standing and their households over HTTP."""

import pytest

from domain.actor import Role
from domain.ledger.envelope import NewFact
from domain.ledger.mapper import store
from domain.ledger.records import Append
from domain.people.facts import ProfileChanged
from domain.people.profile import Profile, row
from tests.api.desk import OPERATOR, Body, Desk

pytest_plugins = ["tests.api.houses"]


def standing(entered: Body) -> Body:
    """What registering and changing a customer answer, as it is read afterwards: without possible duplicates."""
    return {name: value for name, value in entered.items() if name != "possible_duplicates"}


ANNA = {
    "name": "Anna Karenina",
    "email": "anna@example.org",
    "mobile": "+36201234567",
    "country_code": "+36",
    "gender": "female",
    "date_of_birth": "1948-02-29",
    "anniversary": "1970-06-01",
    "locale": "hu-HU",
    "category": "VIP",
    "consents": {"session_reminder": True, "birthday": False, "marketing": True},
    "external_ref": {"source": "mindbody", "ref": "100:7"},
}


@pytest.mark.covers("S40", "S112", "S114", "S127", "S128", "S129")
@pytest.mark.covers("S131", "S132", "S133", "S134", "S135", "S136")
def test_a_customer_is_shown_as_registered_with_the_household(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    dogs = [{"name": "Max", "kind": "dog", "barred_services": [massage]}, {"name": "Rex", "kind": "dog"}]
    shown = standing(desk.do("/v1/customers", ANNA | {"participants": dogs}))
    for name, value in ANNA.items():
        assert shown[name] == value
    assert (shown["status"], shown["blocked"], shown["version"]) == ("active", False, 3)
    assert (shown["points"], shown["active_packages"], shown["photo_url"]) == (0, 0, None)
    household = [(each["number"], each["name"], each["kind"]) for each in shown["participants"]]
    assert household == [(0, "Anna Karenina", "person"), (1, "Max", "dog"), (2, "Rex", "dog")]
    assert shown["participants"][1]["barred_services"] == [massage]
    assert desk.get(f"/v1/customers/{shown['id']}") == shown
    assert desk.get("/v1/customers")["data"] == [shown]


@pytest.mark.covers("S115", "S126")
def test_names_and_contacts_change_by_what_is_given(desk: Desk) -> None:
    id = desk.do("/v1/customers", ANNA)["id"]
    path = f"/v1/customers/{id}/changes"
    changed = standing(desk.do(path, {"name": "Anna Oblonskaya", "mobile": None}))
    assert (changed["name"], changed["mobile"], changed["email"]) == (
        "Anna Oblonskaya",
        None,
        "anna@example.org",
    )
    assert changed["participants"][0]["name"] == "Anna Oblonskaya"
    assert changed["version"] == 4
    assert desk.do(path, {"name": "Anna Oblonskaya"})["version"] == 4
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
        ({"country_code": None}, "/country_code"),
        ({"country_code": "+999"}, "/country_code"),
        ({"mobile": "+36 20 123 4567", "country_code": "+49"}, "/country_code"),
        ({"mobile": "123"}, "/mobile"),
        ({"mobile": "20 123 4567", "country_code": None}, "/mobile"),
        ({"gender": "woman"}, "/gender"),
        ({"locale": "hu_HU"}, "/locale"),
        ({"locale": "xx-HU"}, "/locale"),
        ({"date_of_birth": "2026-02-30"}, "/date_of_birth"),
        ({"date_of_birth": "1879-12-31"}, "/date_of_birth"),
        ({"date_of_birth": 0}, "/date_of_birth"),
        ({"category": "Friends"}, "/category"),
        ({"category": ""}, "/category"),
        ({"consents": {"marketing": "yes"}}, "/consents/marketing"),
        ({"consents": {"marketing": None}}, "/consents/marketing"),
        ({"consents": {"spam": True}}, "/consents/spam"),
        ({"photo": "pho_unknown"}, "/photo"),
        ({"photo": "https://example.org/me.jpg"}, "/photo"),
        ({"status": "inactive"}, "/status"),
    ],
)
def test_what_is_no_name_or_contact_is_refused(desk: Desk, changes: dict[str, object], pointer: str) -> None:
    id = desk.customer(mobile="+36201234567")
    problem = desk.refused(f"/v1/customers/{id}/changes", changes, "validation-failed")
    assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.covers("S131")
def test_nobody_is_born_tomorrow(desk: Desk) -> None:
    for path in ("/v1/customers", f"/v1/customers/{desk.customer()}/changes"):
        body = {"name": "Anna", "date_of_birth": desk.today(days=1)}
        problem = desk.refused(path, body, "validation-failed")
        assert problem["errors"][0]["pointer"] == "/date_of_birth"
        assert desk.do(path, body | {"date_of_birth": desk.today()})["date_of_birth"] == desk.today()


@pytest.mark.covers("S129")
def test_a_mobile_is_kept_as_e164_however_it_is_sent(either_desk: Desk) -> None:
    desk = either_desk
    shown = desk.do("/v1/customers", {"name": "Anna", "mobile": "06 20 123 4567", "country_code": "+36"})
    assert (shown["mobile"], shown["country_code"]) == ("+36201234567", "+36")
    path = f"/v1/customers/{shown['id']}/changes"

    def changed(**changes: str | None) -> tuple[str | None, str | None, list[str]]:
        shown = desk.do(path, changes)
        return shown["mobile"], shown["country_code"], desk.get("/v1/facts")["data"][-1]["data"]["fields"]

    assert changed(mobile="30 765 4321") == ("+36307654321", "+36", ["mobile"])
    assert changed(mobile="+1 (212) 555-0123") == ("+12125550123", "+1", ["mobile", "country_code"])
    assert changed(country_code="+44", mobile="07700 900123")[:2] == ("+447700900123", "+44")
    assert changed(country_code="+36", mobile="+36 20 123 4567")[:2] == ("+36201234567", "+36")
    assert changed(country_code="+43")[:2] == ("+43201234567", "+43")
    assert changed(mobile=None, country_code=None)[:2] == (None, None)
    problem = desk.refused(path, {"mobile": "20 123 4567"}, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/mobile"
    assert desk.do(path, {"country_code": "+36"})["country_code"] == "+36"
    assert changed(mobile="20 123 4567")[:2] == ("+36201234567", "+36")


def test_a_mobile_from_before_it_was_checked_is_shown_and_may_stay(desk: Desk) -> None:
    id = desk.customer()
    recorder = desk.carnet.ledger(desk.business_id).recorder
    loose = row(id, id, Profile(name="Anna", mobile="20/123", country_code="+36"))
    stored = fact_of(desk, id)
    recorder.append([Append((stored,), {}, people=(loose,))])
    shown = desk.get(f"/v1/customers/{id}")
    assert (shown["mobile"], shown["country_code"]) == ("20/123", "+36")
    changed = standing(desk.do(f"/v1/customers/{id}/changes", {"email": "anna@example.org"}))
    assert (changed["mobile"], changed["email"]) == ("20/123", "anna@example.org")
    assert desk.get("/v1/customers")["data"] == [changed]
    assert desk.do(f"/v1/customers/{id}/changes", {"mobile": "20 123 4567"})["mobile"] == "+36201234567"


def fact_of(desk: Desk, id: str) -> NewFact:
    """A fact that the next row of the directory of a customer may come with."""
    version = desk.get(f"/v1/customers/{id}")["version"] + 1
    return store("customer", id, version, ProfileChanged(fields=("mobile",)), OPERATOR.to_bytes())


@pytest.mark.covers("S108", "S134", "S135", "S136")
def test_category_and_consents_are_facts_of_their_own(either_desk: Desk) -> None:
    desk = either_desk
    id = desk.customer()
    path = f"/v1/customers/{id}/changes"
    shown = standing(desk.do(path, {"category": "VIP", "consents": {"marketing": True}, "gender": "other"}))
    assert (shown["category"], shown["gender"], shown["version"]) == ("VIP", "other", 4)
    assert shown["consents"] == {"session_reminder": False, "birthday": False, "marketing": True}
    told = [(fact["name"], fact["data"]) for fact in desk.get("/v1/facts")["data"][-3:]]
    assert told == [
        ("customer.profile_changed", {"fields": ["gender"]}),
        ("customer.categorised", {"category": "VIP"}),
        ("customer.consent_changed", {"changed": ["marketing"], "consents": shown["consents"]}),
    ]
    assert desk.get("/v1/customers")["data"] == [shown]
    assert desk.do(path, {"consents": {"birthday": True}})["consents"]["marketing"] is True
    shown = standing(desk.do(path, {"category": None, "consents": None, "gender": None}))
    assert (shown["category"], shown["gender"], set(shown["consents"].values())) == (None, None, {False})
    assert desk.do(path, {"category": None, "consents": None})["version"] == shown["version"]
    assert desk.get("/v1/customers")["data"] == [shown]


def test_a_business_has_categories_of_its_own(desk: Desk) -> None:
    id = desk.customer(category="New")
    body = {"categories": ["Gold", "Silver"]}
    assert desk.do("/v1/policies", body)["policies"]["categories"] == ["Gold", "Silver"]
    path = f"/v1/customers/{id}/changes"
    assert desk.do(path, {"email": "anna@example.org"})["category"] == "New", "it stays with who is in it"
    assert desk.do(path, {"category": "Gold"})["category"] == "Gold"
    for each in ("/v1/customers", path):
        problem = desk.refused(each, {"name": "Anna", "category": "New"}, "validation-failed")
        assert problem["errors"][0] == {
            "in": "body",
            "pointer": "/category",
            "code": "unknown-category",
            "detail": "is not one of Gold, Silver",
        }
    for wrong in (["Gold", "gold"], [""], None, ["x"] * 51):
        assert desk.post("/v1/policies", {"categories": wrong}).status_code == 400


@pytest.mark.covers("S62")
def test_a_customer_shows_points_and_active_packages(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer, anna, bo = desk.offer(massage, quantity=1), desk.customer("Anna"), desk.customer("Bo")
    used, _ = desk.sell(anna, offer)["id"], desk.sell(anna, offer)
    desk.redeem(used, massage)
    desk.sell(anna, offer, expires_on=desk.today(days=1))
    desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 30})
    shown = standing(desk.do(f"/v1/customers/{anna}/changes", {"gender": "female"}))
    assert (shown["points"], shown["active_packages"]) == (30, 2)
    assert desk.get(f"/v1/customers/{anna}") == shown
    listed = {each["id"]: each for each in desk.get("/v1/customers")["data"]}
    assert listed[anna] == shown
    assert (listed[bo]["points"], listed[bo]["active_packages"]) == (0, 0)
    desk.clock.forward(days=3)
    assert desk.get(f"/v1/customers/{anna}")["active_packages"] == 1
    assert desk.get("/v1/customers")["data"][0]["active_packages"] == 1


@pytest.mark.covers("S114", "S115", "S137")
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


@pytest.mark.covers("S40")
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
    named = desk.refused(f"{path}/{in_person}/changes", {"name": "X"}, "validation-failed")
    assert named["errors"][0]["pointer"] == "/name"
    massage = desk.service()
    barred = desk.do(f"{path}/{in_person}/changes", {"barred_services": [massage]})
    assert barred["participants"][0]["barred_services"] == [massage]


def test_the_history_of_a_customer_tells_who_changed_what_and_why(either_desk: Desk) -> None:
    desk = either_desk
    eva = desk.do("/v1/staff", {"name": "Éva", "role": "manager"})["id"]
    anna = desk.do("/v1/customers", {"name": "Anna"})["id"]
    path, till = f"/v1/customers/{anna}", desk.as_role(Role.MANAGER, eva)
    max_id = till.do(f"{path}/participants", {"name": "Max", "kind": "dog"})["participants"][1]["id"]
    till.do(f"{path}/changes", {"name": "Anna Kiss", "gender": "female"})
    till.do(f"{path}/changes", {"consents": {"marketing": True, "birthday": True}})
    till.do(f"{path}/changes", {"consents": {"marketing": False}})
    till.do(f"{path}/block", {"reason": "owes for three visits"})
    rows = desk.get(f"{path}/history")["data"]
    assert [(row["kind"], row["label"], sorted(row["fields"]), row["reason"]) for row in rows] == [
        ("registration", "Registered", [], None),
        ("participant", "Participant added", [], None),
        ("profile", "Profile changed", ["gender", "name"], None),
        ("consent", "Consent given: birthday, marketing", ["birthday", "marketing"], None),
        ("consent", "Consent withdrawn: marketing", ["marketing"], None),
        ("block", "Blocked", [], "owes for three visits"),
    ]
    assert rows[1]["participant"] == {"id": max_id, "name": "Max", "kind": "dog", "photo_url": None}
    assert rows[0]["entered_by"] == {**rows[0]["entered_by"], "name": "owner", "role": "owner"}
    assert rows[5]["entered_by"] == {"id": eva, "name": "Éva", "role": "manager"}
    assert desk.all_of(f"{path}/history", limit=2) == rows


def test_who_may_not_see_people_reads_the_history_without_them(desk: Desk) -> None:
    anna = desk.do("/v1/customers", {"name": "Anna", "participants": [{"name": "Max", "kind": "dog"}]})["id"]
    desk.do(f"/v1/customers/{anna}/block", {"reason": "owes us"})
    path = f"/v1/customers/{anna}/history"
    (_, blocked) = desk.as_role(Role.AUDITOR).get(path)["data"]
    assert (blocked["label"], blocked["reason"]) == ("Blocked", None)
    assert desk.as_role(Role.CUSTOMER, anna).ask(path).status_code == 403
    assert desk.ask("/v1/customers/cus_unknown/history").status_code == 404


def test_only_services_of_the_business_are_barred(either_desk: Desk) -> None:
    desk = either_desk
    massage, dog = desk.service(), {"name": "Max", "kind": "dog"}
    unknown = {"barred_services": [massage, "svc_unknown"]}
    body = {"name": "Anna", "participants": [dog, dog | unknown]}
    problem = desk.refused("/v1/customers", body, "validation-failed")
    assert [flaw["pointer"] for flaw in problem["errors"]] == ["/participants/1/barred_services/1"]
    anna = desk.do("/v1/customers", {"name": "Anna", "participants": [dog]})
    path = f"/v1/customers/{anna['id']}/participants"
    for at, asked in ((path, dog | unknown), (f"{path}/{anna['participants'][1]['id']}/changes", unknown)):
        problem = desk.refused(at, asked, "validation-failed")
        assert [flaw["pointer"] for flaw in problem["errors"]] == ["/barred_services/1"]


def test_an_external_reference_is_unique_and_finds_its_customer(desk: Desk) -> None:
    anna = standing(desk.do("/v1/customers", ANNA))
    desk.customer("Kitty")
    desk.refused("/v1/customers", ANNA | {"name": "Other"}, "duplicate-external-ref")
    assert desk.get("/v1/customers", external_ref="mindbody:100:7")["data"] == [anna]
    assert desk.get("/v1/customers", external_ref="mindbody:8")["data"] == []
    assert desk.ask("/v1/customers", external_ref="mindbody").status_code == 400


def test_who_may_not_see_people_finds_none_by_name(desk: Desk) -> None:
    id = desk.do("/v1/customers", ANNA)["id"]
    auditor = desk.as_role(Role.AUDITOR)
    shown = auditor.get(f"/v1/customers/{id}")
    assert (shown["name"], shown["email"], shown["participants"][0]["name"]) == (None, None, None)
    told = (
        "email",
        "mobile",
        "country_code",
        "gender",
        "date_of_birth",
        "anniversary",
        "photo_url",
        "locale",
    )
    assert [shown[name] for name in told] == [None] * len(told)
    assert (shown["category"], shown["external_ref"]) == ("VIP", ANNA["external_ref"])
    assert auditor.get("/v1/customers")["data"] == [shown]
    assert auditor.ask("/v1/customers", search="Anna").status_code == 403
    assert auditor.ask("/v1/customers", search="Nobody").status_code == 403
