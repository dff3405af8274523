"""Points over HTTP: the account of a customer by hand, by the rules of the business, and in the past."""

from datetime import timedelta
from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]

EARN = [
    {"on": "payment", "points": 1, "per_amount": 100},
    {"on": "purchase", "points": 20},
    {"on": "visit", "points": 5},
]


def move(desk: Desk, customer: str, action: str, points: int, **more: Any) -> Any:
    return desk.do(f"/v1/customers/{customer}/points", {"action": action, "points": points, **more})


def page(desk: Desk, customer: str, **parameters: Any) -> Any:
    return desk.get(f"/v1/customers/{customer}/points", **parameters)


def rows(desk: Desk, customer: str, **parameters: Any) -> list[Any]:
    return desk.all_of(f"/v1/customers/{customer}/points", **parameters)


def balance(desk: Desk, customer: str) -> int:
    return int(page(desk, customer)["points"])


# By hand


@pytest.mark.covers("S143", "S145", "S146", "S147", "S148", "S149", "S150")
def test_the_account_shows_every_move_with_the_total_after_it_and_who_made_it(either_desk: Desk) -> None:
    owner = either_desk
    anna = owner.customer("Anna", email="anna@example.com", mobile="+36301234567")
    zoe = owner.do("/v1/staff", {"name": "Zoë"})["id"]
    desk = owner.as_role(Role.STAFF, zoe)
    move(desk, anna, "add", 100, reason="birthday", source="Summer campaign")
    move(desk, anna, "redeem", 30)
    told = move(owner, anna, "adjust", -20, reason="counted twice")
    assert (told["points"], told["total"], told["balance"], told["version"]) == (-20, 50, 50, 3)
    found = page(desk, anna)
    assert found["customer"]["name"] == "Anna"
    assert found["customer"]["email"] == "anna@example.com"
    assert found["customer"]["mobile"]
    assert found["points"] == 50
    assert [(row["points"], row["action"], row["total"], row["reason"]) for row in found["data"]] == [
        (100, "added", 100, "birthday"),
        (-30, "redeemed", 70, None),
        (-20, "adjusted", 50, "counted twice"),
    ]
    assert set(found["data"][0]) == {
        "id",
        "date",
        "effective_at",
        "local_date",
        "local_time",
        "time_zone",
        "points",
        "action",
        "total",
        "rewarded_by",
        "reason",
        "source",
    }
    assert found["data"][0]["date"] == desk.today()
    assert found["data"][0]["rewarded_by"] == {"id": zoe, "name": "Zoë", "kind": "staff"}
    assert found["data"][0]["source"] == {"kind": "manual", "id": "Summer campaign"}
    by_owner = found["data"][2]["rewarded_by"]
    assert by_owner["kind"] == "staff"
    assert by_owner["id"].startswith("key_")
    assert found["data"][2]["id"] == told["id"]


@pytest.mark.covers("S146")
def test_points_that_are_not_there_are_not_redeemed(desk: Desk) -> None:
    anna = desk.customer()
    move(desk, anna, "add", 10)
    path = f"/v1/customers/{anna}/points"
    for action, points in (("redeem", 11), ("adjust", -11)):
        problem = desk.refused(path, {"action": action, "points": points}, "points-insufficient")
        assert (problem["status"], problem["balance"], problem["requested"]) == (409, 10, 11)


@pytest.mark.parametrize(
    ("action", "points"),
    [("add", 0), ("add", -1), ("redeem", 0), ("redeem", -5), ("adjust", 0), ("add", 1_000_001)],
)
def test_points_lie_within_their_limits(desk: Desk, action: str, points: int) -> None:
    path = f"/v1/customers/{desk.customer()}/points"
    problem = desk.refused(path, {"action": action, "points": points}, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/points"


@pytest.mark.parametrize("kind", ["payment", "purchase", "visit", "gift"])
def test_what_is_given_by_hand_does_not_pose_as_earned(desk: Desk, kind: str) -> None:
    path, source = f"/v1/customers/{desk.customer()}/points", {"kind": kind, "id": "pay_1"}
    for action in ("add", "redeem", "adjust"):
        body = {"action": action, "points": 5, "source": source}
        problem = desk.refused(path, body, "validation-failed")
        assert [flaw["pointer"] for flaw in problem["errors"]] == ["/source/kind"]
    named = desk.do(path, {"action": "add", "points": 5, "source": {"kind": "manual", "id": "Summer"}})
    assert named["source"] == {"kind": "manual", "id": "Summer"}


def test_an_id_may_be_chosen_once(desk: Desk) -> None:
    anna, ben = desk.customer(), desk.customer("Ben")
    assert move(desk, anna, "add", 10, id="pts_mine")["id"] == "pts_mine"
    body = {"action": "add", "points": 1, "id": "pts_mine"}
    for customer in (anna, ben):
        desk.refused(f"/v1/customers/{customer}/points", body, "id-taken")


def test_nobody_has_the_points_of_an_unknown_customer(desk: Desk) -> None:
    body = {"action": "add", "points": 1}
    foreign = desk.refused("/v1/customers/cus_unknown/points", body, "not-found")
    assert foreign["status"] == 404
    assert desk.ask("/v1/customers/cus_unknown/points").json()["code"] == "not-found"


def test_the_same_request_moves_points_once(either_desk: Desk) -> None:
    anna = either_desk.customer()
    path, body = f"/v1/customers/{anna}/points", {"action": "add", "points": 10}
    first, again = (either_desk.post(path, body, key="once") for _ in range(2))
    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert balance(either_desk, anna) == 10


def test_the_account_has_a_version(desk: Desk) -> None:
    anna = desk.customer()
    path = f"/v1/customers/{anna}/points"
    assert desk.ask(path).headers["ETag"] == '"v0"'
    move(desk, anna, "add", 10)
    tag = desk.post(path, {"action": "add", "points": 10}).headers["ETag"]
    assert tag == '"v2"' == desk.ask(path).headers["ETag"]
    assert desk.ask(path, limit=1, points=99).headers["ETag"] == tag, (
        "of the account, whatever is shown of it"
    )
    assert desk.ask(path, at_version=1).headers["ETag"] == '"v1"'
    desk.refused(path, {"action": "add", "points": 1}, "version-mismatch", if_match='"v1"')
    assert desk.post(path, {"action": "add", "points": 1}, if_match=tag).status_code == 201


def test_who_may_not_see_people_sees_points_without_names_and_reasons(desk: Desk) -> None:
    anna = desk.customer()
    zoe = desk.do("/v1/staff", {"name": "Zoë"})["id"]
    move(desk.as_role(Role.STAFF, zoe), anna, "add", 10, reason="for Anna")
    found = page(desk.as_role(Role.AUDITOR), anna)
    assert found["customer"] == {"id": anna, "name": None, "email": None, "mobile": None}
    assert found["data"][0]["rewarded_by"] == {"id": zoe, "name": None, "kind": "staff"}
    assert found["data"][0]["reason"] is None


@pytest.mark.covers("S143")
def test_a_customer_sees_the_own_points_and_nobody_elses(desk: Desk) -> None:
    anna, ben = desk.customer("Anna"), desk.customer("Ben")
    move(desk, anna, "add", 10, reason="birthday")
    own = desk.as_role(Role.CUSTOMER, anna)
    assert page(own, anna)["points"] == 10
    assert own.ask(f"/v1/customers/{ben}/points").json()["code"] == "not-found"
    answer = own.post(f"/v1/customers/{anna}/points", {"action": "add", "points": 1})
    assert answer.json()["code"] == "forbidden"


# Reversing


@pytest.mark.covers("S146", "S150")
def test_an_addition_is_reversed_once_though_it_is_spent(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer()
    added = move(desk, anna, "add", 100)["id"]
    spent = move(desk, anna, "redeem", 80)["id"]
    told = desk.do(f"/v1/points/{added}/reversal", {"reason": "wrong customer"})
    assert (told["customer_id"], told["points"], told["total"], told["action"]) == (
        anna,
        -100,
        -80,
        "adjusted",
    )
    desk.refused(f"/v1/points/{added}/reversal", {}, "already-restored")
    desk.refused(f"/v1/points/{spent}/reversal", {}, "not-eligible")
    desk.refused("/v1/points/pts_unknown/reversal", {}, "not-found")
    assert balance(desk, anna) == -80


@pytest.mark.parametrize(
    ("role", "moves", "adjusts"),
    [
        (Role.MANAGER, True, True),
        (Role.STAFF, True, False),
        (Role.AUDITOR, False, False),
        (Role.INTEGRATION, True, False),
    ],
)
def test_adjusting_and_reversing_is_for_managers(desk: Desk, role: Role, moves: bool, adjusts: bool) -> None:
    anna = desk.customer()
    added = move(desk, anna, "add", 100)["id"]
    them, path = desk.as_role(role), f"/v1/customers/{anna}/points"
    for action, may in (("add", moves), ("redeem", moves), ("adjust", adjusts)):
        answer = them.post(path, {"action": action, "points": 1})
        assert answer.status_code == (201 if may else 403), action
    assert them.post(f"/v1/points/{added}/reversal", {}).status_code == (201 if adjusts else 403)


# Searching


@pytest.mark.covers("S144")
def test_entries_are_found_by_date_action_and_points(desk: Desk) -> None:
    anna = desk.customer()
    first = desk.today()
    move(desk, anna, "add", 50)
    move(desk, anna, "redeem", 50)
    desk.clock.forward(days=2)
    move(desk, anna, "add", 7)
    move(desk, anna, "adjust", -7)
    second = desk.today()
    expected: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [50, -50, 7, -7]),
        ({"from": second}, [7, -7]),
        ({"to": first}, [50, -50]),
        ({"from": first, "to": first}, [50, -50]),
        ({"action": "added"}, [50, 7]),
        ({"action": ["redeemed", "adjusted"]}, [-50, -7]),
        ({"points": 50}, [50]),
        ({"points": -50}, [-50]),
        ({"points": 7, "action": "added", "from": second}, [7]),
        ({"points": 8}, []),
    ]
    for filters, points in expected:
        assert [row["points"] for row in rows(desk, anna, **filters)] == points, filters
        newest = rows(desk, anna, **filters, order="newest", limit=1)
        assert [row["points"] for row in newest] == points[::-1], filters
        assert [row["points"] for row in rows(desk, anna, **filters, limit=1)] == points, filters
        assert page(desk, anna, **filters)["points"] == 0
    assert desk.ask(f"/v1/customers/{anna}/points", action="stolen").status_code == 400


def test_a_page_stays_what_it_is_while_points_are_added(desk: Desk) -> None:
    anna = desk.customer()
    for n in range(1, 6):
        move(desk, anna, "add", n)
    begun = page(desk, anna, limit=2)
    move(desk, anna, "add", 6)
    rest = rows(desk, anna, limit=2, cursor=begun["next_cursor"])
    assert [row["points"] for row in (*begun["data"], *rest)] == [1, 2, 3, 4, 5, 6]


# The past


def test_the_past_of_an_account_is_the_same_bytes_for_ever(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer()
    for points in (10, 20, 30):
        move(desk, anna, "add", points, reason="a reason")
    path = f"/v1/customers/{anna}/points"
    before = {n: desk.ask(path, at_version=n).content for n in (1, 2, 3)}
    desk.clock.forward(days=1)
    day = desk.today(days=-1)
    recorded = {fact["data"]["points"]: fact["recorded_at"] for fact in desk.all_of("/v1/facts")[-3:]}
    moment = recorded[30]
    as_of = desk.ask(path, as_of=moment).content
    move(desk, anna, "redeem", 60)
    desk.do(f"/v1/customers/{anna}/changes", {"name": "Anna Kiss"})
    assert {n: desk.ask(path, at_version=n).content for n in (1, 2, 3)} == before
    assert desk.ask(path, as_of=moment).content == as_of
    assert page(desk, anna, at_version=2)["points"] == 30
    known = sum(points for points, recorded_at in recorded.items() if recorded_at < moment)
    assert page(desk, anna, as_of=moment)["points"] == known
    assert page(desk, anna, effective_as_of=day)["points"] == 60
    assert b"Anna" not in as_of
    assert b"a reason" not in as_of
    assert desk.ask(path, at_version=9).json()["errors"][0]["pointer"] == "/at_version"
    assert desk.as_role(Role.STAFF).ask(path, at_version=1).json()["code"] == "forbidden"


def test_a_late_payment_earns_on_its_own_day_and_totals_stay_in_recorded_order(desk: Desk) -> None:
    anna, massage = desk.customer(), desk.service()
    desk.do("/v1/policies", {"earn": EARN[:1]})
    move(desk, anna, "add", 1)
    payment = {"amount": 10_000, "method": "cash"}
    desk.sell(anna, desk.offer(massage), effective_at=desk.today(days=-9), payment=payment)
    assert [(row["date"], row["total"]) for row in rows(desk, anna)] == [
        (desk.today(), 1),
        (desk.today(days=-9), 101),
    ]
    then = page(desk, anna, effective_as_of=desk.today(days=-5))
    assert (then["points"], [row["points"] for row in then["data"]]) == (100, [100])


# By rule


@pytest.mark.covers("S145", "S149")
def test_payments_purchases_and_visits_earn_and_name_their_source(either_desk: Desk) -> None:
    desk = either_desk
    shown = desk.do("/v1/policies", {"earn": EARN})
    assert shown["policies"]["earn"] == EARN
    anna, massage = desk.customer(), desk.service()
    payment = {"amount": 12_550, "method": "cash"}
    card = desk.sell(anna, desk.offer(massage), payment=payment)
    paid = desk.do(f"/v1/packages/{card['id']}/payments", {"amount": 250, "method": "card"})["payment_id"]
    used = desk.redeem(card["id"], massage, quantity=2)["redemption_id"]
    found = rows(desk, anna)
    assert [(row["points"], row["total"], row["source"]["kind"]) for row in found] == [
        (20, 20, "purchase"),
        (125, 145, "payment"),
        (2, 147, "payment"),
        (5, 152, "visit"),
    ]
    assert [found[n]["source"]["id"] for n in (0, 2, 3)] == [card["id"], paid, used]
    assert all(row["rewarded_by"] == {"id": None, "name": None, "kind": "system"} for row in found)
    facts = desk.all_of("/v1/facts")
    names = [fact["name"] for fact in facts]
    assert names[names.index("package.redeemed") + 1] == "points.added", "one append"


@pytest.mark.covers("S150")
def test_what_was_earned_goes_with_its_source_exactly_once(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"earn": EARN})
    anna, massage = desk.customer(), desk.service()
    card = desk.sell(anna, desk.offer(massage, price=999))
    pay = desk.do(f"/v1/packages/{card['id']}/payments", {"amount": 999, "method": "cash"})["payment_id"]
    red = desk.redeem(card["id"], massage, quantity=2)["redemption_id"]
    assert balance(desk, anna) == 20 + 9 + 5
    desk.do("/v1/policies", {"earn": []})
    desk.do(f"/v1/redemptions/{red}/restorations", {"quantity": 1})
    assert balance(desk, anna) == 34, "half of a visit was still a visit"
    desk.do(f"/v1/redemptions/{red}/restorations", {})
    assert balance(desk, anna) == 29
    for amount, left in ((500, 25), (250, 23), (249, 20)):
        desk.do(f"/v1/payments/{pay}/refunds", {"amount": amount, "reason": "unhappy"})
        assert balance(desk, anna) == left
    desk.do(f"/v1/packages/{card['id']}/cancellation", {"reason": "moved away"})
    assert balance(desk, anna) == 0
    assert all(row["rewarded_by"]["kind"] == "system" for row in rows(desk, anna))
    again = {"expires_on": desk.today(days=9), "reason": "came back"}
    desk.do(f"/v1/packages/{card['id']}/reinstatement", again)
    desk.do(f"/v1/packages/{card['id']}/cancellation", {"reason": "left again"})
    assert balance(desk, anna) == 0


def test_a_voided_sale_takes_everything_back_in_one_append(desk: Desk) -> None:
    desk.do("/v1/policies", {"earn": EARN})
    anna = desk.customer()
    card = desk.sell(anna, desk.offer(desk.service()), payment={"amount": 50_000, "method": "cash"})
    assert balance(desk, anna) == 520
    desk.do(f"/v1/packages/{card['id']}/voiding", {"reason": "wrong customer"})
    assert [row["points"] for row in rows(desk, anna)] == [20, 500, -500, -20]


def test_what_the_rule_gave_may_be_taken_back_by_hand_and_then_not_again(desk: Desk) -> None:
    desk.do("/v1/policies", {"earn": EARN[:1]})
    anna = desk.customer()
    card = desk.sell(anna, desk.offer(desk.service()))
    pay = desk.do(f"/v1/packages/{card['id']}/payments", {"amount": 9_900, "method": "cash"})["payment_id"]
    (row,) = rows(desk, anna)
    desk.do(f"/v1/points/{row['id']}/reversal", {})
    desk.do(f"/v1/payments/{pay}/refunds", {"amount": 9_900, "reason": "unhappy"})
    assert [row["points"] for row in rows(desk, anna)] == [99, -99]


def test_a_use_of_two_packages_is_one_visit_until_both_have_their_units_back(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"earn": EARN[2:]})
    anna, massage = desk.customer(), desk.service()
    offer = desk.offer(massage, quantity=1)
    packages = [desk.sell(anna, offer)["id"] for _ in range(2)]
    used = desk.do(f"/v1/customers/{anna}/redemptions", {"service_id": massage, "quantity": 2})
    assert balance(desk, anna) == 5
    red = used["redemption_id"]
    desk.do(f"/v1/packages/{packages[1]}/corrections", {"line": 1, "change": 1})
    assert balance(desk, anna) == 5
    desk.do(f"/v1/redemptions/{red}/restorations", {})
    assert balance(desk, anna) == 0


def test_a_correction_that_frees_the_last_unit_takes_the_visit_back(desk: Desk) -> None:
    desk.do("/v1/policies", {"earn": EARN[2:]})
    anna, massage = desk.customer(), desk.service()
    card = desk.sell(anna, desk.offer(massage, quantity=1))
    desk.redeem(card["id"], massage)
    desk.do(f"/v1/packages/{card['id']}/corrections", {"line": 1, "change": 1})
    assert balance(desk, anna) == 0


@pytest.mark.covers("S145")
@pytest.mark.parametrize("deduct", ["at_booking", "at_attendance"])
def test_an_attended_booking_is_one_visit_unless_it_turns_out_a_no_show(desk: Desk, deduct: str) -> None:
    desk.do("/v1/policies", {"earn": EARN[2:], "deduct": deduct})
    anna, massage = desk.customer(), desk.service()
    desk.sell(anna, desk.offer(massage))
    starts_at = (desk.clock() + timedelta(hours=1)).isoformat(timespec="milliseconds")
    body = {"customer_id": anna, "service_id": massage, "starts_at": starts_at}
    booking = desk.do("/v1/bookings", body)["id"]
    assert balance(desk, anna) == 0, "nobody came yet"
    desk.clock.forward(hours=2)
    for attendance, points in (("attended", 5), ("late", 5), ("no_show", 0)):
        desk.do(f"/v1/bookings/{booking}/attendance", {"attendance": attendance})
        assert balance(desk, anna) == points, attendance
    found = rows(desk, anna)
    assert [row["source"] for row in found] == [{"kind": "visit", "id": booking}] * 2


@pytest.mark.covers("S145")
def test_a_booking_paid_at_the_till_earns_and_a_refund_takes_it_back(desk: Desk) -> None:
    desk.do("/v1/policies", {"earn": EARN, "cancellation": {"notice_hours": 24, "late": "forfeit"}})
    anna, massage = desk.customer(), desk.service()
    starts_at = (desk.clock() + timedelta(hours=30)).isoformat(timespec="milliseconds")
    body = {"customer_id": anna, "service_id": massage, "starts_at": starts_at}
    paid = {**body, "payment": {"amount": 4_000, "method": "cash"}}
    kept, early = (desk.do("/v1/bookings", paid) for _ in range(2))
    kept, payments = kept["id"], {kept["payment_id"], early["payment_id"]}
    assert balance(desk, anna) == 80
    assert desk.do(f"/v1/bookings/{early['id']}/cancellation", {})["to_refund"] == money(4_000)
    assert balance(desk, anna) == 80
    desk.do(f"/v1/payments/{early['payment_id']}/refunds", {"amount": 4_000, "reason": "in time"})
    assert balance(desk, anna) == 40
    desk.clock.forward(hours=31)
    desk.do(f"/v1/bookings/{kept}/attendance", {"attendance": "attended"})
    assert balance(desk, anna) == 45
    desk.do(f"/v1/bookings/{kept}/attendance", {"attendance": "no_show"})
    assert balance(desk, anna) == 40, "what was paid is forfeited and its points stay"
    sources = {(row["source"]["kind"], row["source"]["id"]) for row in rows(desk, anna)}
    assert sources == {*(("payment", id) for id in payments), ("visit", kept)}


def test_a_dry_run_tells_the_points_and_gives_none(desk: Desk) -> None:
    desk.do("/v1/policies", {"earn": EARN})
    anna, offer = desk.customer(), desk.offer(desk.service())
    body = {"customer_id": anna, "offer_id": offer, "payment": {"amount": 500, "method": "cash"}}
    told = desk.try_out("/v1/packages", body)
    points = [fact["data"] for fact in told["facts"] if fact["name"] == "points.added"]
    assert [fact["points"] for fact in points] == [20, 5]
    assert [fact["entry_id"] for fact in points] == [None, None], "they are not known before it is done"
    assert balance(desk, anna) == 0


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ([EARN[1], EARN[1]], "/earn/1/on"),
        ([{"on": "payment", "points": 1, "per_amount": 0}], "/earn/0/per_amount/amount"),
        ([{"on": "payment", "points": 1}], "/earn/0/per_amount"),
        ([{"on": "visit", "points": 0}], "/earn/0/points"),
        ([{"on": "visit", "points": 1_000_001}], "/earn/0/points"),
        ([{"on": "birthday", "points": 1}], "/earn/0"),
        (None, "/earn"),
    ],
)
def test_earn_rules_are_checked(desk: Desk, rules: Any, pointer: str) -> None:
    problem = desk.refused("/v1/policies", {"earn": rules}, "validation-failed")
    assert problem["errors"][0]["pointer"] == pointer


def test_an_amount_in_a_rule_may_name_the_currency(desk: Desk) -> None:
    rule = {"on": "payment", "points": 2, "per_amount": {"amount": 100, "currency": "EUR"}}
    shown = desk.do("/v1/policies", {"earn": [rule]})
    assert shown["policies"]["earn"] == [{"on": "payment", "points": 2, "per_amount": 100}]
