"""Reason codes: a business's own list, given with what is done by hand, kept in the facts, reported by code."""

from typing import Any

import pytest

from domain.actor import Role
from domain.business.reasons import REASON_GROUPS
from tests.api.desk import Desk, money
from tests.api.imports.test_imports import BALANCES, CLIENTS, send

pytest_plugins = ["tests.api.houses"]

CODES = [
    {"code": "twice", "text": "Entered twice", "groups": ["correction", "voiding", "restoration"]},
    {"code": "ill", "text": "Was ill", "groups": ["expiry", "freeze", "booking_cancellation", "restoration"]},
    {"code": "unhappy", "text": "A complaint", "groups": ["refund", "price", "cancellation"]},
    {"code": "back", "text": "Came back", "groups": ["reinstatement", "transfer"]},
]
"""One for every group at the least."""


@pytest.fixture
def coded_desk(either_desk: Desk) -> Desk:
    either_desk.do("/v1/policies", {"reason_codes": CODES})
    return either_desk


def sold(desk: Desk, **more: Any) -> str:
    """A paid package of ten."""
    offer = desk.offer(desk.service(), price=50_000)
    payment = {"amount": 50_000, "method": "cash"}
    return str(desk.sell(desk.customer(), offer, payment=payment, **more)["id"])


def flaw(problem: Any) -> tuple[str, str]:
    (only,) = problem["errors"]
    return only["pointer"], only["code"]


def test_the_list_belongs_to_the_business_and_a_code_that_is_left_out_is_retired(either_desk: Desk) -> None:
    desk = either_desk
    changed = desk.do("/v1/policies", {"reason_codes": CODES})["policies"]
    assert changed["reason_codes"] == [{**code, "retired": False} for code in CODES]
    fewer = desk.do("/v1/policies", {"reason_codes": CODES[1:]})["policies"]["reason_codes"]
    assert fewer == [*({**code, "retired": False} for code in CODES[1:]), {**CODES[0], "retired": True}]
    again = desk.do("/v1/policies", {"reason_codes": CODES})["policies"]["reason_codes"]
    assert again == changed["reason_codes"], "a retired code comes back"
    head = desk.head
    desk.do("/v1/policies", {"reason_codes": CODES})
    assert desk.head == head, "the same list is no change"
    desk.as_role(Role.MANAGER).refused("/v1/policies", {"reason_codes": CODES}, "forbidden")


@pytest.mark.parametrize(
    ("codes", "pointer"),
    [
        ([CODES[0], CODES[0]], "/reason_codes/1/code"),
        ([{**CODES[0], "groups": []}], "/reason_codes/0/groups"),
        ([{**CODES[0], "groups": ["refund", "refund"]}], "/reason_codes/0/groups"),
        ([{**CODES[0], "groups": ["lunch"]}], "/reason_codes/0/groups/0"),
        ([{**CODES[0], "code": "Entered twice"}], "/reason_codes/0/code"),
        ([{**CODES[0], "text": " "}], "/reason_codes/0/text"),
        ([{**CODES[0], "code": f"c{n}"} for n in range(101)], "/reason_codes"),
    ],
)
def test_a_list_that_cannot_be_is_refused_by_place(desk: Desk, codes: Any, pointer: str) -> None:
    problem = desk.refused("/v1/policies", {"reason_codes": codes}, "validation-failed")
    assert flaw(problem)[0] == pointer


def test_retired_codes_count_towards_the_limit(desk: Desk) -> None:
    for some in ("a", "b"):
        desk.do("/v1/policies", {"reason_codes": [{**CODES[0], "code": f"{some}{n}"} for n in range(50)]})
    more = {"reason_codes": [{**CODES[0], "code": "c"}]}
    assert flaw(desk.refused("/v1/policies", more, "validation-failed")) == ("/reason_codes", "too-many")


def every_act(desk: Desk) -> dict[str, tuple[str, dict[str, Any]]]:
    """An act of each group that would pass: its path and its body, without a code."""
    massage, anna, ben = desk.service("Every"), desk.customer("Anna"), desk.customer("Ben")
    offer = desk.offer(massage, price=50_000)

    def package() -> Any:
        return desk.sell(anna, offer, payment={"amount": 50_000, "method": "cash"})

    own = {group: package() for group in REASON_GROUPS}
    path = {group: f"/v1/packages/{card['id']}" for group, card in own.items()}
    why = {"reason": "In words"}
    desk.do(f"{path['reinstatement']}/cancellation", why)
    used = desk.redeem(own["restoration"]["id"], massage)["redemption_id"]
    booked = desk.do(
        "/v1/bookings",
        {"customer_id": anna, "service_id": massage, "starts_at": desk.today(days=2) + "T10:00:00Z"},
    )["id"]
    return {
        "correction": (f"{path['correction']}/corrections", {"line": 1, "change": -1, **why}),
        "expiry": (f"{path['expiry']}/expiry", {"expires_on": desk.today(days=9), **why}),
        "price": (f"{path['price']}/price", {"price": 40_000, **why}),
        "reinstatement": (
            f"{path['reinstatement']}/reinstatement",
            {"expires_on": desk.today(days=9), **why},
        ),
        "freeze": (f"{path['freeze']}/freeze", {"until": desk.today(days=9), **why}),
        "cancellation": (f"{path['cancellation']}/cancellation", why),
        "voiding": (f"{path['voiding']}/voiding", why),
        "refund": (f"/v1/payments/{own['refund']['payment_id']}/refunds", {"amount": 1_000, **why}),
        "restoration": (f"/v1/redemptions/{used}/restorations", why),
        "transfer": (
            f"{path['transfer']}/transfers",
            {"to_customer_id": ben, "line": 1, "quantity": 2, **why},
        ),
        "booking_cancellation": (f"/v1/bookings/{booked}/cancellation", why),
    }


def code_for(group: str) -> dict[str, Any]:
    return next(code for code in CODES if group in code["groups"])


def test_every_act_takes_a_code_of_its_group_and_no_other(coded_desk: Desk) -> None:
    desk = coded_desk
    acts = every_act(desk)
    assert acts.keys() == set(REASON_GROUPS)
    for group, (path, body) in acts.items():
        own, other = code_for(group), next(code for code in CODES if group not in code["groups"])
        problem = desk.refused(path, {**body, "reason_code": other["code"]}, "validation-failed")
        assert flaw(problem) == ("/reason_code", "other-group")
        assert own["code"] in problem["errors"][0]["detail"], "the codes of the group are told"
        unknown = desk.refused(path, {**body, "reason_code": "nonsense"}, "validation-failed")
        assert flaw(unknown) == ("/reason_code", "unknown-reason-code")
        before = desk.head
        desk.do(path, {**body, "reason_code": own["code"]})
        facts = desk.all_of("/v1/facts", after=before)
        given = [fact["data"]["reason_code"] for fact in facts if "reason_code" in fact["data"]]
        assert given, group
        assert all(each == {"code": own["code"], "text": own["text"]} for each in given)
    told = {row["group"]: row for row in desk.get("/v1/reports/reasons")["reasons"] if row["code"]}
    assert {group: row["code"] for group, row in told.items() if group != "refund"} == {
        group: code_for(group)["code"] for group in REASON_GROUPS if group != "refund"
    }


def test_a_group_may_require_a_code(coded_desk: Desk) -> None:
    desk = coded_desk
    acts = every_act(desk)
    desk.do("/v1/policies", {"reason_code_required": list(REASON_GROUPS)})
    for path, body in acts.values():
        assert flaw(desk.refused(path, body, "validation-failed")) == ("/reason_code", "required")
    path, body = acts["correction"]
    assert desk.do(path, {**body, "reason_code": "twice"})["corrected"] == 1
    gone = desk.refused("/v1/policies", {"reason_codes": CODES[:2]}, "validation-failed")
    assert flaw(gone) == ("/reason_codes", "no-code")
    desk.do("/v1/policies", {"reason_code_required": [], "reason_codes": []})
    desk.do(path, body)
    needs = {"reason_code_required": ["refund"]}
    problem = desk.refused("/v1/policies", needs, "validation-failed")
    assert flaw(problem) == ("/reason_code_required", "no-code")


def test_customers_are_asked_for_no_code(coded_desk: Desk) -> None:
    desk = coded_desk
    desk.do("/v1/policies", {"reason_code_required": ["booking_cancellation"]})
    massage, anna = desk.service(), desk.customer()
    desk.sell(anna, desk.offer(massage))
    starts_at = desk.today(days=2) + "T10:00:00Z"
    booked = desk.do("/v1/bookings", {"customer_id": anna, "service_id": massage, "starts_at": starts_at})
    path = f"/v1/bookings/{booked['id']}/cancellation"
    desk.refused(path, {}, "validation-failed")
    assert desk.as_role(Role.CUSTOMER, anna).do(path, {})["status"] == "cancelled"


def test_a_retired_code_cannot_be_given_and_stays_with_what_was_recorded(coded_desk: Desk) -> None:
    desk = coded_desk
    package = sold(desk)
    correct = {"line": 1, "change": -1, "reason_code": "twice"}
    desk.do(f"/v1/packages/{package}/corrections", correct)
    reworded = [{**CODES[0], "text": "Double entry"}, *CODES[1:]]
    desk.do("/v1/policies", {"reason_codes": reworded})
    desk.do(f"/v1/packages/{package}/corrections", correct)
    desk.do("/v1/policies", {"reason_codes": CODES[1:]})
    problem = desk.refused(f"/v1/packages/{package}/corrections", correct, "validation-failed")
    assert flaw(problem) == ("/reason_code", "retired-reason-code")
    rows = [row for row in desk.history(package) if row["kind"] == "correction"]
    assert [(row["reason_code"], row["reason_text"]) for row in rows] == [
        ("twice", "Entered twice"),
        ("twice", "Double entry"),
    ]
    (total,) = desk.get("/v1/reports/reasons", group="correction")["reasons"]
    assert (total["code"], total["text"], total["facts"], total["units"]) == ("twice", "Double entry", 2, -2)
    assert total["value"] == money(-10_000)


def test_the_code_shows_wherever_the_reason_does(coded_desk: Desk) -> None:
    desk = coded_desk
    package = sold(desk)
    both = {"reason": "Zoe pressed the button again", "reason_code": "twice"}
    desk.do(f"/v1/packages/{package}/corrections", {"line": 1, "change": -2, **both})
    desk.do(f"/v1/packages/{package}/corrections", {"line": 1, "change": 1, "reason_code": "twice"})
    desk.do(f"/v1/packages/{package}/corrections", {"line": 1, "change": 1, "reason": "only words"})
    payment = desk.get(f"/v1/packages/{package}/payments")["data"][0]["payment_id"]
    desk.do(f"/v1/payments/{payment}/refunds", {"amount": 5_000, "reason": "sorry", "reason_code": "unhappy"})
    labels = [row["label"] for row in desk.history(package) if row["kind"] == "correction"]
    assert labels == [
        "Correction: Entered twice · Zoe pressed the button again",
        "Correction: Entered twice",
        "Correction: only words",
    ]
    (paid,) = desk.get(f"/v1/packages/{package}/payments")["data"]
    assert paid["refunds"][0]["reason_code"] == {"code": "unhappy", "text": "A complaint"}
    told = desk.get(f"/v1/packages/{package}/explanation")
    codes = [step["reason_code"] for step in told["balance"]["steps"]]
    twice = {"code": "twice", "text": "Entered twice"}
    assert codes == [None, twice, twice, None]
    assert told["payment_status"]["steps"][-1]["reason_code"] == {"code": "unhappy", "text": "A complaint"}
    auditor = desk.as_role(Role.AUDITOR).history(package)
    assert [row["reason_text"] for row in auditor if row["kind"] == "refund"] == ["A complaint"]
    assert [row["text"] for row in auditor if row["kind"] == "refund"] == [None], "words are for the desk"
    lines = desk.client.get(
        "/v1/packages/history/export", headers=desk.headers(Accept="application/x-ndjson")
    )
    assert '"reason_code":"unhappy"' in lines.text.replace(" ", "")


def test_a_cancelled_booking_says_why(coded_desk: Desk) -> None:
    desk = coded_desk
    massage, anna = desk.service(), desk.customer()
    starts_at = desk.today(days=2) + "T10:00:00Z"
    booked = desk.do("/v1/bookings", {"customer_id": anna, "service_id": massage, "starts_at": starts_at})
    answer = desk.do(f"/v1/bookings/{booked['id']}/cancellation", {"reason_code": "ill"})
    for told in (answer, desk.get(f"/v1/bookings/{booked['id']}"), desk.get("/v1/bookings")["data"][0]):
        rules = told["cancellation"]
        assert (rules["reason_code"], rules["reason_text"], rules["reason"]) == ("ill", "Was ill", None)


# The report


def figures(report: Any) -> list[tuple[Any, ...]]:
    return [
        (
            row["group"],
            row["code"],
            row["facts"],
            row["units"],
            row["value"]["amount"],
            row["refunded"]["amount"],
        )
        for row in report["reasons"]
    ]


def test_the_report_counts_by_group_and_code_and_what_has_none(coded_desk: Desk) -> None:
    desk = coded_desk
    first, second, third = (sold(desk) for _ in range(3))
    correct = f"/v1/packages/{first}/corrections"
    desk.do(correct, {"line": 1, "change": -3, "reason_code": "twice"})
    desk.do(correct, {"line": 1, "change": 1, "reason": "in words"})
    payment = desk.get(f"/v1/packages/{second}/payments")["data"][0]["payment_id"]
    refund = {"amount": {"amount": 20_000, "currency": "EUR"}, "payment_id": payment}
    end = {"reason": "Moved", "reason_code": "unhappy", "refund": refund}
    desk.do(f"/v1/packages/{second}/cancellation", end)
    desk.do(f"/v1/packages/{third}/voiding", {"reason": "Wrong one", "reason_code": "twice"})
    report = desk.get("/v1/reports/reasons")
    assert figures(report) == [
        ("correction", "twice", 1, -3, -15_000, 0),
        ("correction", None, 1, 1, 5_000, 0),
        ("cancellation", "unhappy", 1, -10, -50_000, 0),
        ("voiding", "twice", 1, -10, -50_000, 0),
        ("refund", "twice", 1, 0, 0, 50_000),
        ("refund", "unhappy", 1, 0, 0, 20_000),
    ]
    assert report["position"] == desk.head
    assert figures(desk.get("/v1/reports/reasons", group="voiding")) == [
        ("voiding", "twice", 1, -10, -50_000, 0)
    ]
    lines = desk.all_of("/v1/reports/reasons/lines", limit=1)
    assert sorted((line["group"], str(line["reason_code"])) for line in lines) == sorted(
        (group, str(code)) for group, code, *_ in figures(report)
    )
    facts = {fact["position"]: fact for fact in desk.all_of("/v1/facts")}
    for line in lines:
        assert facts[line["position"]]["name"] == line["name"]
    refunds = desk.all_of("/v1/reports/reasons/lines", group="refund", code="unhappy")
    assert [line["amount"] for line in refunds] == [money(20_000)]
    (without,) = desk.all_of("/v1/reports/reasons/lines", without_code="true")
    assert (without["group"], without["reason_code"], without["units"]) == ("correction", None, 1)
    both = desk.ask("/v1/reports/reasons/lines", without_code="true", code="twice")
    assert both.json()["errors"][0]["pointer"] == "/without_code"


def test_the_report_keeps_to_its_period_on_both_clocks(coded_desk: Desk) -> None:
    desk = coded_desk
    package = sold(desk, effective_at=desk.today(days=-9))
    correct = {"line": 1, "change": -1, "reason_code": "twice"}
    desk.do(f"/v1/packages/{package}/corrections", correct)
    desk.clock.forward(days=3)
    desk.do(f"/v1/packages/{package}/corrections", correct)
    yesterday, today = desk.today(days=-1), desk.today()
    one = ("correction", "twice", 1, -1, -5_000, 0)
    for clock in ("effective", "recorded"):
        before = desk.get("/v1/reports/reasons", clock=clock, to=yesterday)
        assert figures(before) == [one]
        assert figures(desk.get("/v1/reports/reasons", clock=clock, **{"from": today})) == [one]
        desk.do(f"/v1/packages/{package}/notes", {"text": "later"})
        again = desk.get("/v1/reports/reasons", clock=clock, to=yesterday)
        assert figures(again) == [one]
    assert desk.as_role(Role.AUDITOR).get("/v1/reports/reasons")["reasons"]
    assert desk.as_role(Role.STAFF).ask("/v1/reports/reasons").json()["code"] == "forbidden"


def test_a_restoration_that_a_rule_makes_has_no_code(coded_desk: Desk) -> None:
    desk = coded_desk
    massage, anna = desk.service(), desk.customer()
    desk.sell(anna, desk.offer(massage))
    starts_at = desk.today(days=2) + "T10:00:00Z"
    booked = desk.do("/v1/bookings", {"customer_id": anna, "service_id": massage, "starts_at": starts_at})
    desk.do(f"/v1/bookings/{booked['id']}/cancellation", {"reason_code": "ill"})
    assert [(group, code) for group, code, *_ in figures(desk.get("/v1/reports/reasons"))] == [
        ("restoration", None),
        ("booking_cancellation", "ill"),
    ]


def test_the_reversal_of_an_import_gives_its_code_to_every_package(coded_desk: Desk) -> None:
    desk = coded_desk
    desk.do("/v1/policies", {"reason_code_required": ["voiding"]})
    send(desk, "customers", CLIENTS)
    batch = send(desk, "packages", BALANCES)["import_id"]
    path, why = f"/v1/imports/{batch}/reversal", {"reason": "the wrong file"}
    assert flaw(desk.refused(path, why, "validation-failed")) == ("/reason_code", "required")
    reversed_ = desk.do(path, {**why, "reason_code": "twice"})
    (total,) = desk.get("/v1/reports/reasons", group="voiding")["reasons"]
    assert (total["code"], total["facts"]) == ("twice", reversed_["reversed"])
