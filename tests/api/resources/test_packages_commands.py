"""Every command on a package: what it answers, and the codes of what it refuses."""

from dataclasses import dataclass
from typing import Any

import pytest

from api.resources.packages.card import PackageCard
from domain.actor import Role
from tests.api.desk import Body, Desk, money

pytest_plugins = ["tests.api.houses"]


@dataclass
class Shop:
    """A business with one service, one offer and one customer who bought it, unpaid."""

    desk: Desk
    massage: str
    offer: str
    anna: str
    package: str

    @property
    def path(self) -> str:
        return f"/v1/packages/{self.package}"


@pytest.fixture
def shop(desk: Desk) -> Shop:
    return open_shop(desk)


def open_shop(desk: Desk, **terms: Any) -> Shop:
    massage = desk.service(list_price=6_000)
    offer, anna = desk.offer(massage, **terms), desk.customer()
    return Shop(desk, massage, offer, anna, desk.sell(anna, offer)["id"])


def test_each_command_answers_the_card_as_it_is_read_afterwards(either_desk: Desk) -> None:
    shop = open_shop(either_desk)
    desk, path = shop.desk, shop.path
    sold = desk.card(shop.package)
    assert sold == PackageCard.model_validate_json(desk.ask(path).content).model_dump(mode="json")
    paid = desk.do(f"{path}/payments", {"amount": 30_000, "method": "card"})
    commands: list[tuple[str, Body]] = [
        (f"{path}/redemptions", {"service_id": shop.massage, "quantity": 2}),
        (f"{path}/corrections", {"line": 1, "change": -1}),
        (f"{path}/expiry", {"expires_on": desk.today(days=30)}),
        (f"{path}/freeze", {"until": desk.today(days=3), "reason": "ill"}),
        (f"{path}/unfreeze", {}),
        (f"{path}/price", {"price": 45_000, "reason": "promised"}),
        (f"{path}/sharing", {"sharing": "household"}),
        (f"{path}/notes", {"text": "allergic to lavender"}),
        (f"/v1/payments/{paid['payment_id']}/refunds", {"amount": 1_000, "reason": "promised"}),
        (f"{path}/cancellation", {"reason": "moved away", "release_holds": True}),
        (f"{path}/reinstatement", {"expires_on": desk.today(days=9), "reason": "came back"}),
    ]
    version = paid["version"]
    for address, body in commands:
        answer = desk.post(address, body)
        told = answer.json()
        assert answer.status_code == 201, (address, answer.text)
        read = desk.ask(path)
        assert {name: told[name] for name in read.json()} == read.json(), address
        assert answer.headers["ETag"] == read.headers["ETag"] == f'"v{told["version"]}"'
        assert told["version"] > version, address
        version = told["version"]
    voided = desk.sell(shop.anna, shop.offer)["id"]
    assert desk.do(f"/v1/packages/{voided}/voiding", {"reason": "wrong customer"})["status"] == "cancelled"


def test_a_sale_says_where_it_is_and_when_it_was_recorded(shop: Shop) -> None:
    desk = shop.desk
    answer = desk.post("/v1/packages", {"customer_id": shop.anna, "offer_id": shop.offer, "id": "pkg_mine"})
    assert answer.headers["Location"] == "/v1/packages/pkg_mine"
    (first,) = desk.get("/v1/packages/pkg_mine/facts")["data"][:1]
    assert answer.json()["recorded_at"] == first["recorded_at"]
    assert answer.json()["beneficiaries"][0]["name"] == "Anna"


def test_a_command_that_changes_nothing_answers_the_card_and_leaves_no_fact(shop: Shop) -> None:
    desk = shop.desk
    head = desk.head
    assert desk.do(f"{shop.path}/expiry", {"expires_on": None})["version"] == 1
    assert desk.do(f"{shop.path}/unfreeze")["version"] == 1
    assert desk.head == head


# Selling


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "Own"}, "/name"),
        ({"lines": [{"quantity": 1, "services": ["svc_1"]}]}, "/lines"),
        ({"offer_id": None}, "/name"),
        ({"price": {"amount": 1, "currency": "USD"}}, "/price/currency"),
        ({"price": "1"}, "/price"),
        ({"expires_on": "2020-01-01"}, "/expires_on"),
        ({"expires_on": "2026-02-30"}, "/expires_on"),
        ({"location_id": "loc_nowhere"}, "/location_id"),
        ({"beneficiaries": ["par_nobody"]}, "/beneficiaries/0"),
        ({"payment": {"amount": 0, "method": "cash"}}, "/payment/amount/amount"),
        ({"payment": {"amount": 1, "method": "barter"}}, "/payment/method"),
        ({"colour": "red"}, "/colour"),
        ({"note": "a\u0000b"}, "/note"),
    ],
)
def test_a_sale_names_the_field_that_is_wrong(shop: Shop, change: Body, pointer: str) -> None:
    body = {"customer_id": shop.anna, "offer_id": shop.offer, **change}
    problem = shop.desk.refused("/v1/packages", body, "validation-failed")
    assert problem["errors"][0]["pointer"] == pointer


def test_what_may_not_be_sold(shop: Shop) -> None:
    desk = shop.desk
    body = {"customer_id": shop.anna, "offer_id": shop.offer}
    desk.refused("/v1/packages", {**body, "customer_id": "cus_unknown"}, "not-found")
    desk.refused("/v1/packages", {**body, "offer_id": "off_unknown"}, "not-found")
    desk.refused("/v1/packages", {**body, "purchased_by": "cus_unknown"}, "not-found")
    desk.refused("/v1/packages", {**body, "id": shop.package}, "id-taken")
    desk.refused("/v1/packages", {**body, "payment": {"amount": 50_001, "method": "cash"}}, "overpayment")
    ref = {"source": "mindbody", "ref": "991"}
    desk.sell(shop.anna, shop.offer, external_ref=ref)
    desk.refused("/v1/packages", {**body, "external_ref": ref}, "duplicate-external-ref")
    ahead = f"{desk.today(days=2)}T00:00:00Z"
    desk.refused("/v1/packages", {**body, "effective_at": ahead}, "effective-at-out-of-range")
    early = {**body, "effective_at": desk.today(days=-40)}
    manager = desk.as_role(Role.MANAGER)
    manager.refused("/v1/packages", early, "back-dating-not-allowed")
    desk.do("/v1/packages", early)

    desk.do(f"/v1/customers/{shop.anna}/block", {"reason": "debts"})
    desk.refused("/v1/packages", body, "customer-blocked")
    desk.do(f"/v1/customers/{shop.anna}/unblock")
    desk.do(f"/v1/customers/{shop.anna}/deactivation")
    desk.refused("/v1/packages", body, "customer-inactive")
    desk.do(f"/v1/customers/{shop.anna}/activation")
    desk.do(f"/v1/offers/{shop.offer}/retirement")
    desk.refused("/v1/packages", body, "offer-retired")


def test_an_offer_may_limit_packages_for_each_customer(desk: Desk) -> None:
    shop = open_shop(desk, max_per_customer=1)
    body = {"customer_id": shop.anna, "offer_id": shop.offer}
    assert desk.refused("/v1/packages", body, "limit-reached")["limit"] == 1


# Redeeming and restoring


def test_what_may_not_be_redeemed(shop: Shop) -> None:
    desk, path = shop.desk, f"{shop.path}/redemptions"
    body = {"service_id": shop.massage}
    short = desk.refused(path, {**body, "quantity": 11}, "insufficient-units")
    assert (short["requested"], short["available"], short["remaining"]) == (11, 10, 10)
    desk.refused(path, {**body, "quantity": 0}, "validation-failed")
    desk.refused(path, {"service_id": desk.service("Sauna")}, "not-eligible")
    desk.refused(path, {**body, "participant_id": "par_nobody"}, "not-found")
    desk.refused(path, {**body, "effective_at": desk.today(days=-1)}, "effective-at-out-of-range")
    desk.refused("/v1/packages/pkg_unknown/redemptions", body, "not-found")
    desk.refused("/v1/packages/cus_1/redemptions", body, "not-found")
    desk.redeem(shop.package, shop.massage, id="red_mine")
    desk.refused(path, {**body, "id": "red_mine"}, "id-taken")
    desk.do(f"{shop.path}/freeze", {"until": desk.today(days=1), "reason": "ill"})
    assert desk.refused(path, body, "package-frozen")["frozen_until"] == desk.today(days=1)
    desk.do(f"{shop.path}/unfreeze")
    desk.do("/v1/policies", {"payment_required": True})
    assert desk.refused(path, body, "payment-required")["owing"] == 50_000


def test_a_redemption_can_be_read_and_goes_back_in_parts(shop: Shop) -> None:
    desk = shop.desk
    answer = desk.post(f"{shop.path}/redemptions", {"service_id": shop.massage, "quantity": 3})
    red = answer.json()["redemption_id"]
    assert answer.headers["Location"] == f"/v1/redemptions/{red}"
    taken = {"package_id": shop.package, "line": 1, "units": [1, 2, 3], "value": money(15_000)}
    assert answer.json()["allocations"] == [taken]

    first = desk.do(f"/v1/redemptions/{red}/restorations", {"quantity": 1})
    assert (first["restored"], first["usable"], first["reason"], first["restorable"]) == (1, 1, None, 2)
    assert first["allocations"][0]["units"] == [3], "last unit first"
    assert [card["remaining"] for card in first["packages"]] == [8]
    problem = desk.refused(f"/v1/redemptions/{red}/restorations", {"quantity": 3}, "insufficient-units")
    assert problem["restorable"] == 2
    shown = desk.get(f"/v1/redemptions/{red}")
    assert (shown["quantity"], shown["restored"], shown["restorable"]) == (3, 1, 2)
    assert shown["participant"]["name"] == "Anna"
    assert shown["service"] == {"id": shop.massage, "name": "Massage 60"}

    assert desk.do(f"/v1/redemptions/{red}/restorations")["restored"] == 2
    desk.refused(f"/v1/redemptions/{red}/restorations", {}, "already-restored")
    desk.refused("/v1/redemptions/red_unknown/restorations", {}, "not-found")
    assert desk.ask("/v1/redemptions/red_unknown").status_code == 404


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_units_go_back_to_an_ended_package_and_the_answer_says_they_are_of_no_use(
    shop: Shop, end: str
) -> None:
    desk = shop.desk
    red = desk.redeem(shop.package, shop.massage)["redemption_id"]
    if end == "expired":
        desk.do(f"{shop.path}/expiry", {"expires_on": desk.today()})
        desk.clock.forward(days=1)
    else:
        desk.do(f"{shop.path}/cancellation", {"reason": "moved away"})
    back = desk.do(f"/v1/redemptions/{red}/restorations")
    assert (back["restored"], back["usable"], back["reason"]) == (1, 0, f"package-{end}")
    assert back["packages"][0]["status"] == end


def test_a_redemption_over_packages_goes_back_in_reverse(shop: Shop) -> None:
    desk = shop.desk
    second = desk.sell(shop.anna, shop.offer)["id"]
    body = {"service_id": shop.massage, "quantity": 12}
    used = desk.do(f"/v1/customers/{shop.anna}/redemptions", body)
    assert [(part["package_id"], len(part["units"])) for part in used["allocations"]] == [
        (shop.package, 10),
        (second, 2),
    ]
    back = desk.do(f"/v1/redemptions/{used['redemption_id']}/restorations", {"quantity": 3})
    assert [(part["package_id"], part["units"]) for part in back["allocations"]] == [
        (second, [2, 1]),
        (shop.package, [10]),
    ]
    only = {"package_id": second}
    desk.refused(f"/v1/redemptions/{used['redemption_id']}/restorations", only, "already-restored")
    problem = desk.refused(
        f"/v1/customers/{shop.anna}/redemptions", {**body, "quantity": 99}, "insufficient-units"
    )
    assert problem["available"] == 11
    desk.refused("/v1/customers/cus_unknown/redemptions", body, "not-found")


def test_staff_restore_only_their_own_uses_of_the_same_day(shop: Shop) -> None:
    desk = shop.desk
    staff = [desk.do("/v1/staff", {"name": name, "role": "staff"})["id"] for name in ("Éva", "Pál")]
    eva, pal = (desk.as_role(Role.STAFF, id) for id in staff)
    red = eva.redeem(shop.package, shop.massage)["redemption_id"]
    pal.refused(f"/v1/redemptions/{red}/restorations", {}, "forbidden")
    desk.clock.forward(days=1)
    eva.refused(f"/v1/redemptions/{red}/restorations", {}, "forbidden")
    assert desk.as_role(Role.MANAGER).do(f"/v1/redemptions/{red}/restorations")["restored"] == 1


def test_the_first_use_starts_a_validity_that_waits_for_it(desk: Desk) -> None:
    shop = open_shop(desk, validity={"rule": "after_first_use", "count": 10, "unit": "days"})
    assert desk.card(shop.package)["expires_on"] is None
    session = f"{desk.today(days=3)}T10:00:00Z"
    card = desk.redeem(shop.package, shop.massage, session_at=session, booking_id="bkg_1")
    assert (card["expires_on"], card["validity"]["started_on"]) == (desk.today(days=13), desk.today(days=3))


# Editing


@pytest.mark.parametrize(
    ("noun", "body", "code"),
    [
        ("corrections", {"line": 2, "change": 1}, "validation-failed"),
        ("corrections", {"line": 1, "change": 0}, "validation-failed"),
        ("corrections", {"line": 1, "change": -11}, "insufficient-units"),
        ("corrections", {"line": 1, "change": 991}, "limit-reached"),
        ("expiry", {}, "validation-failed"),
        ("expiry", {"expires_on": "1999-01-01"}, "validation-failed"),
        ("reinstatement", {"expires_on": "2030-01-01", "reason": "owed"}, "not-expired"),
        ("reinstatement", {"expires_on": "2030-01-01"}, "validation-failed"),
        ("freeze", {"until": "2020-01-01", "reason": "ill"}, "validation-failed"),
        ("payments", {"amount": 50_001, "method": "cash"}, "overpayment"),
        ("payments", {"amount": 1.5, "method": "cash"}, "validation-failed"),
        ("price", {"price": {"amount": 1, "currency": "HUF"}, "reason": "x"}, "validation-failed"),
        ("sharing", {"sharing": "everybody"}, "validation-failed"),
        ("notes", {"text": " "}, "validation-failed"),
        ("cancellation", {}, "validation-failed"),
        (
            "cancellation",
            {"reason": "x", "refund": {"amount": 1, "payment_id": "pay_unknown"}},
            "not-found",
        ),
    ],
)
def test_what_may_not_be_changed(shop: Shop, noun: str, body: Body, code: str) -> None:
    shop.desk.refused(f"{shop.path}/{noun}", body, code)


@pytest.mark.parametrize("noun", ["corrections", "expiry", "freeze", "payments", "price", "voiding"])
def test_a_cancelled_package_takes_no_changes(shop: Shop, noun: str) -> None:
    desk = shop.desk
    desk.do(f"{shop.path}/cancellation", {"reason": "moved away"})
    bodies: dict[str, Body] = {
        "corrections": {"line": 1, "change": 1},
        "expiry": {"expires_on": None},
        "freeze": {"until": desk.today(), "reason": "ill"},
        "payments": {"amount": 1, "method": "cash"},
        "price": {"price": 1, "reason": "x"},
        "voiding": {"reason": "x"},
    }
    desk.refused(f"{shop.path}/{noun}", bodies[noun], "package-cancelled")


def test_refunds_stay_within_their_payment(shop: Shop) -> None:
    desk = shop.desk
    pay = desk.do(f"{shop.path}/payments", {"amount": 100, "method": "cash"})["payment_id"]
    body = {"amount": 101, "reason": "ill"}
    assert desk.refused(f"/v1/payments/{pay}/refunds", body, "refund-exceeds-paid")["refundable"] == 100
    desk.refused("/v1/payments/pay_unknown/refunds", {**body, "amount": 1}, "not-found")
    desk.refused(f"{shop.path}/payments", {"amount": 1, "method": "cash", "id": pay}, "id-taken")
    back = desk.do(f"/v1/payments/{pay}/refunds", {**body, "amount": 40})
    assert (back["payment_id"], back["paid"], back["refunded"]) == (pay, money(60), money(40))
    (shown,) = desk.get(f"{shop.path}/payments")["data"]
    assert (shown["refundable"], [each["amount"] for each in shown["refunds"]]) == (money(60), [money(40)])


def test_voiding_is_for_the_same_day_and_nothing_used(shop: Shop) -> None:
    desk = shop.desk
    red = desk.redeem(shop.package, shop.massage)["redemption_id"]
    desk.refused(f"{shop.path}/voiding", {"reason": "x"}, "not-eligible")
    desk.do(f"/v1/redemptions/{red}/restorations")
    desk.clock.forward(days=1)
    desk.refused(f"{shop.path}/voiding", {"reason": "x"}, "not-eligible")


def test_a_freeze_moves_the_expiry_by_its_days(shop: Shop) -> None:
    desk = shop.desk
    desk.do(f"{shop.path}/expiry", {"expires_on": desk.today(days=30)})
    frozen = desk.do(f"{shop.path}/freeze", {"until": desk.today(days=9), "reason": "holiday"})
    assert (frozen["status"], frozen["frozen_until"], frozen["available"]) == (
        "active",
        desk.today(days=9),
        0,
    )
    started = desk.today()
    desk.clock.forward(days=4)
    thawed = desk.do(f"{shop.path}/unfreeze")
    assert (thawed["frozen_until"], thawed["available"]) == (None, 10)
    assert thawed["expires_on"] == desk.today(days=30), f"30 days from {started}, 4 days later"


# What a package is asked about


def test_a_refund_quote_shows_its_arithmetic(shop: Shop) -> None:
    desk = shop.desk
    pay = desk.do(f"{shop.path}/payments", {"amount": 40_000, "method": "cash"})["payment_id"]
    desk.redeem(shop.package, shop.massage, quantity=2)
    desk.do(f"{shop.path}/corrections", {"line": 1, "change": -1})
    desk.do(f"/v1/payments/{pay}/refunds", {"amount": 5_000, "reason": "promised"})
    quote = desk.get(f"{shop.path}/refund-quote")
    assert quote["quote"] == money(20_000)
    assert [step["amount"]["amount"] for step in quote["steps"]] == [40_000, -5_000, -15_000, 20_000]


def test_an_explanation_leads_to_what_the_card_shows(shop: Shop) -> None:
    desk = shop.desk
    desk.redeem(shop.package, shop.massage, quantity=2)
    desk.do(f"{shop.path}/payments", {"amount": 40_000, "method": "cash"})
    desk.do(f"{shop.path}/expiry", {"expires_on": desk.today(days=30)})
    card, told = desk.card(shop.package), desk.get(f"{shop.path}/explanation")
    assert told["version"] == card["version"]
    assert told["balance"]["result"] == card["remaining"] == told["balance"]["steps"][-1]["remaining"]
    assert sum(step["change"] for step in told["balance"]["steps"]) == card["remaining"]
    assert told["status"]["result"] == card["status"]
    first = next(step for step in told["status"]["steps"] if step["holds"])
    assert first["status"] == card["status"]
    assert told["expiry"]["result"] == card["expires_on"] == told["expiry"]["steps"][-1]["expires_on"]
    assert told["payment_status"]["result"] == card["payment_status"]
    assert told["payment_status"]["steps"][-1]["paid"] == card["paid"]


def test_only_those_who_may_see_people_do(shop: Shop) -> None:
    desk = shop.desk
    desk.do(f"{shop.path}/notes", {"text": "allergic to lavender"})
    desk.redeem(shop.package, shop.massage)
    auditor = desk.as_role(Role.AUDITOR)
    card = auditor.card(shop.package)
    assert card["customer"] == {"id": shop.anna, "name": None, "email": None, "mobile": None}
    assert [each["name"] for each in card["beneficiaries"]] == [None]
    assert [note["text"] for note in auditor.get(f"{shop.path}/notes")["data"]] == [None]
    for path in (f"/v1/customers/{shop.anna}/packages", "/v1/packages"):
        assert auditor.get(path)["data"][0]["customer"]["name"] is None
    assert {row["text"] for row in auditor.history(shop.package)} == {None}
    assert auditor.units(shop.package)[0]["participant"]["name"] is None
    assert len(auditor.all_of(f"{shop.path}/facts", limit=1)) == 3
    staff = desk.as_role(Role.STAFF)
    assert staff.card(shop.package)["customer"]["name"] == "Anna"
    for path in (f"{shop.path}/facts", f"{shop.path}/explanation"):
        assert staff.ask(path).json()["code"] == "forbidden"


def test_packages_of_another_business_are_not_there(shop: Shop, house: Any) -> None:
    other = house.desk()
    for noun in ("", "/units", "/history", "/notes", "/payments", "/facts", "/refund-quote", "/explanation"):
        answer = other.ask(f"{shop.path}{noun}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found"), noun
    other.refused(f"{shop.path}/redemptions", {"service_id": shop.massage}, "not-found")
    assert other.ask(f"/v1/customers/{shop.anna}/packages").status_code == 404
    assert other.get("/v1/packages")["data"] == []


# Dry runs


def test_a_dry_run_tells_what_would_happen_and_changes_nothing(shop: Shop) -> None:
    desk = shop.desk
    head = desk.head
    tried = desk.try_out(f"{shop.path}/redemptions", {"service_id": shop.massage})
    assert (tried["dry_run"], tried["remaining"], tried["redemption_id"]) == (True, 9, None)
    (fact,) = tried["facts"]
    assert (fact["name"], fact["data"]["units"], fact["data"]["redemption_id"]) == (
        "package.redeemed",
        [1],
        None,
    )
    sale = {"customer_id": shop.anna, "offer_id": shop.offer, "payment": {"amount": 1, "method": "cash"}}
    sold = desk.try_out("/v1/packages", sale)
    assert (sold["id"], sold["payment_id"], sold["recorded_at"]) == (None, None, None)
    assert (sold["purchase_number"], sold["paid"]) == (2, money(1))
    refused = desk.client.post(
        f"{shop.path}/redemptions?dry_run=true",
        json={"service_id": shop.massage, "quantity": 11},
        headers=desk.headers(),
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient-units")
    assert desk.head == head
    assert desk.card(shop.package)["remaining"] == 10
    assert len(desk.get("/v1/packages")["data"]) == 1
