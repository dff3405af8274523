"""Reports over HTTP answer on both clocks, write nothing and name nobody."""

from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


def test_the_liability_report_answers_on_both_clocks(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = sold_package(desk)
    desk.redeem(sold, massage, quantity=3, effective_at=desk.today(days=-3))
    desk.redeem(sold, massage, quantity=2)
    desk.clock.forward(seconds=1)
    first = desk.history(sold)[1]["recorded_at"]

    now = desk.get("/v1/reports/liability")
    assert now["liability"] == {"amount": 25_000, "currency": "EUR"}
    assert (now["on"], now["position"]) == (desk.today(), desk.head)
    assert (now["units_granted"], now["units_redeemed"], now["units_valid"], now["redemptions"]) == (
        10,
        5,
        5,
        2,
    )
    for day, redeemed in ((-4, 0), (-3, 3), (-1, 3)):
        then = desk.get("/v1/reports/liability", effective_as_of=desk.today(days=day))
        assert (then["on"], then["units_redeemed"]) == (desk.today(days=day), redeemed)
        assert then["liability"]["amount"] == 5_000 * (10 - redeemed)
    known = desk.get("/v1/reports/liability", as_of=first)
    assert (known["units_redeemed"], known["liability"]["amount"]) == (0, 50_000)
    assert known["position"] < desk.head


def test_a_report_of_the_past_is_the_same_for_ever(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = sold_package(desk)
    desk.redeem(sold, massage)
    desk.clock.forward(seconds=1)
    asked = {"as_of": desk.history(sold)[-1]["recorded_at"], "effective_as_of": desk.today(days=-1)}
    first = desk.ask("/v1/reports/liability", **asked)
    desk.redeem(sold, massage, effective_at=desk.today(days=-2))
    assert desk.ask("/v1/reports/liability", **asked).content == first.content
    assert first.headers["ledger-position"] == str(first.json()["position"])


def sold_package(desk: Desk) -> tuple[str, str]:
    """A service, and ten units of it for 500.00, sold nine days ago."""
    massage = desk.service()
    sold = desk.sell(desk.customer("Anna"), desk.offer(massage), effective_at=desk.today(days=-9))
    return massage, sold["id"]


def test_bookkeepers_read_reports_and_staff_do_not(desk: Desk) -> None:
    for role in (Role.MANAGER, Role.AUDITOR):
        assert desk.as_role(role).get("/v1/reports/liability")["packages"] == 0
    for role in (Role.STAFF, Role.INTEGRATION, Role.CUSTOMER):
        assert desk.as_role(role).ask("/v1/reports/liability").json()["code"] == "forbidden"


def test_a_report_of_a_day_that_is_not_over_is_refused(desk: Desk) -> None:
    for clock in ("as_of", "effective_as_of"):
        told = desk.ask("/v1/reports/liability", **{clock: desk.today()}).json()
        assert (told["code"], told["errors"][0]["pointer"]) == ("validation-failed", f"/{clock}")
    told = desk.ask("/v1/reports/liability", at_version=1).json()
    assert told["code"] == "unknown-parameter"


def test_movements_lead_from_opening_to_closing(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = sold_package(desk)
    desk.redeem(sold, massage, quantity=3, effective_at=desk.today(days=-3))
    desk.redeem(sold, massage, quantity=2)

    period = {"from": desk.today(days=-5), "to": desk.today(days=-1)}
    told = desk.get("/v1/reports/movements", **period)
    euros = "EUR"
    assert told["opening"] == {"units": 10, "value": {"amount": 50_000, "currency": euros}}
    assert told["changes"]["redeemed"] == {"units": -3, "value": {"amount": -15_000, "currency": euros}}
    assert told["closing"] == {"units": 7, "value": {"amount": 35_000, "currency": euros}}
    assert desk.get("/v1/reports/liability", effective_as_of=period["to"])["units_valid"] == 7
    now = desk.get("/v1/reports/movements")
    assert (now["opening"]["units"], now["changes"]["sold"]["units"], now["closing"]["units"]) == (0, 10, 5)


def test_the_lines_of_movements_come_page_by_page_with_their_facts(either_desk: Desk) -> None:
    desk = either_desk
    for _ in range(3):
        massage, sold = sold_package(desk)
        for _ in range(2):
            desk.redeem(sold, massage)
    lines = desk.all_of("/v1/reports/movements/lines", limit=2)
    assert len({(line["package_id"], line["at"], line["cause"], line["position"]) for line in lines}) == 9
    assert sum(line["change"]["units"] for line in lines) == 3 * 8
    places = [(line["at"], line["position"]) for line in lines]
    assert places == sorted(places)
    earlier = desk.ask("/v1/reports/movements/lines", to=desk.today(days=-1), as_of=desk.today(days=-1))
    assert (earlier.json()["data"], earlier.headers["ledger-position"]) == ([], "0")
    used = desk.all_of("/v1/reports/movements/lines", cause="redeemed", limit=4)
    assert used == [line for line in lines if line["cause"] == "redeemed"]
    for line in used:
        (fact,) = desk.get("/v1/facts", after=line["position"] - 1, limit=1)["data"]
        assert (fact["name"], fact["stream_id"]) == ("package.redeemed", line["package_id"])


def test_a_use_that_is_entered_late_is_on_its_day_and_on_one_page(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = sold_package(desk)
    for quantity, days in ((1, -2), (2, -5), (3, -4)):
        desk.redeem(sold, massage, quantity=quantity, effective_at=desk.today(days=days))
    told = desk.get("/v1/reports/movements/lines")["data"]
    assert [line["change"]["units"] for line in told] == [10, -2, -3, -1], (
        "by the days on which they happened"
    )
    assert desk.all_of("/v1/reports/movements/lines", limit=1) == told
    desk.clock.forward(seconds=1)
    known = desk.history(sold)[-1]["recorded_at"]
    before = desk.all_of("/v1/reports/movements/lines", limit=1, as_of=known)
    assert [line["change"]["units"] for line in before] == [10, -2, -1]


def test_a_period_is_checked(desk: Desk) -> None:
    refused = {
        "/to": ({"from": desk.today(days=-1), "to": desk.today(days=-2)}, {"to": desk.today()}),
        "/as_of": ({"clock": "recorded", "as_of": desk.today(days=-1)}, {"as_of": "yesterday"}),
        "/clock": ({"clock": "wall"},),
    }
    for pointer, asked in refused.items():
        for parameters in asked:
            told = desk.ask("/v1/reports/movements", **parameters).json()
            assert (told["code"], told["errors"][0]["pointer"]) == ("validation-failed", pointer)


def test_late_entries_are_what_was_recorded_in_a_period_for_before_it(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = sold_package(desk)
    desk.redeem(sold, massage)
    desk.redeem(sold, massage, quantity=2, effective_at=desk.today(days=-3))
    today = {"from": desk.today()}

    told = desk.get("/v1/reports/late-entries", **today)

    # The sale of nine days ago was entered today as well.
    assert [entry["name"] for entry in told["data"]] == ["package.purchased", "package.redeemed"]
    assert (told["count"], told["units"], told["value"]["amount"]) == (2, 8, 40_000)
    late = told["data"][1]
    assert (late["units"], late["value"]["amount"], late["automatic"]) == (-2, -10_000, False)
    (fact,) = desk.get("/v1/facts", after=late["position"] - 1, limit=1)["data"]
    author = fact["meta"]["actor"]
    assert late["entered_by"] == {"id": author["id"], "name": "owner", "role": author["role"]}
    pages = desk.all_of("/v1/reports/late-entries", limit=1, **today)
    assert pages == told["data"]
    assert desk.get("/v1/reports/late-entries", **{"from": desk.today(days=-9)})["count"] == 0


def test_money_for_a_booking_is_a_late_entry_and_its_refund_a_correction(either_desk: Desk) -> None:
    desk, anna, massage = either_desk, either_desk.customer(), either_desk.service()
    wanted = {"customer_id": anna, "service_id": massage, "starts_at": desk.today(days=-2) + "T10:00:00Z"}
    booking = desk.do("/v1/bookings", wanted)["id"]
    cash = {"amount": 6_000, "method": "cash", "effective_at": desk.today(days=-1)}
    paid = desk.do(f"/v1/bookings/{booking}/payments", cash)["payment_id"]
    desk.do(f"/v1/payments/{paid}/refunds", {"amount": 1_000, "reason": "too long a wait"})
    today = {"from": desk.today()}
    (late,) = desk.get("/v1/reports/late-entries", **today)["data"]
    assert (late["name"], late["booking_id"], late["package_id"]) == (
        "booking.payment_recorded",
        booking,
        None,
    )
    assert (late["label"], late["amount"]["amount"], late["units"]) == ("Payment · Cash", 6_000, 0)
    (refund,) = desk.get("/v1/reports/corrections", **today)["data"]
    assert (refund["name"], refund["amount"]["amount"]) == ("booking.payment_refunded", 1_000)


def test_corrections_name_who_made_them(either_desk: Desk) -> None:
    desk = either_desk
    massage, sold = sold_package(desk)
    desk.redeem(sold, massage, quantity=2)
    for path, body in (
        ("corrections", {"line": 1, "change": -1, "reason": "counted twice"}),
        ("price", {"price": {"amount": 45_000, "currency": "EUR"}, "reason": "agreed"}),
        ("expiry", {"expires_on": desk.today(days=90)}),
    ):
        desk.do(f"/v1/packages/{sold}/{path}", body)

    told = desk.get("/v1/reports/corrections", **{"from": desk.today(), "to": desk.today()})

    names = ["package.corrected", "package.price_adjusted", "package.expiry_changed"]
    assert [entry["name"] for entry in told["data"]] == names
    assert (told["count"], told["units"], told["value"]["amount"]) == (3, -1, -10_000)
    assert {entry["package_id"] for entry in told["data"]} == {sold}
    assert "counted twice" not in str(told), "texts are the directory's"
    assert desk.get("/v1/reports/corrections", **{"from": desk.today(days=1)})["count"] == 0
    assert desk.ask("/v1/reports/corrections").json()["errors"][0]["pointer"] == "/from"


def test_packages_that_expire_in_a_period_are_listed_with_their_worth(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer("Anna")
    offer = desk.offer(massage)
    sold = [
        desk.sell(anna, offer, effective_at=desk.today(days=-9), expires_on=desk.today(days=days))["id"]
        for days in (-1, 0, 5, 30, 31)
    ]
    desk.redeem(sold[2], massage, quantity=4)

    told = desk.get("/v1/reports/expiring")

    assert {row["package_id"] for row in told["data"]} == set(sold[1:4])
    assert (told["count"], told["units"], told["unused_value"]["amount"]) == (3, 26, 130_000)
    assert desk.all_of("/v1/reports/expiring", limit=1) == told["data"]
    later = desk.get("/v1/reports/expiring", **{"from": desk.today(days=31), "to": desk.today(days=31)})
    assert [row["package_id"] for row in later["data"]] == sold[4:]
    then = desk.get("/v1/reports/expiring", effective_as_of=desk.today(days=-2), to=desk.today(days=-1))
    assert [row["package_id"] for row in then["data"]] == sold[:1], "it was valid then"


def test_packages_that_are_not_paid_are_listed_with_what_is_owing(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer("Anna")
    offer = desk.offer(massage)
    unpaid, partial, paid = (desk.sell(anna, offer)["id"] for _ in range(3))
    for package, amount in ((partial, 20_000), (paid, 50_000)):
        money = {"amount": amount, "currency": "EUR"}
        desk.do(f"/v1/packages/{package}/payments", {"amount": money, "method": "cash"})

    told = desk.get("/v1/reports/outstanding")

    owing = {row["package_id"]: row["owing"]["amount"] for row in told["data"]}
    assert owing == {unpaid: 50_000, partial: 30_000}
    assert (told["count"], told["owing"]["amount"]) == (2, 80_000)
    desk.do(f"/v1/packages/{unpaid}/cancellation", {"reason": "never paid"})
    assert desk.get("/v1/reports/outstanding")["count"] == 1
