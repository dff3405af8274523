"""Questions about the past on both clocks: what counts, when it is judged, and that answers never change."""

from datetime import datetime, timedelta

import pytest

from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

NOUNS = ("", "/units", "/history", "/payments")


def busy(desk: Desk) -> tuple[str, str]:
    """A package sold 20 days ago with some of everything, and its service."""
    massage = desk.service()
    payment = {"amount": 10_000, "method": "cash"}
    sale = {"effective_at": desk.today(days=-20), "payment": payment, "note": "first visit"}
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=5), **sale)["id"]
    red = desk.redeem(sold, massage, effective_at=desk.today(days=-10), quantity=2)["redemption_id"]
    desk.do(f"/v1/redemptions/{red}/restorations", {"quantity": 1, "reason": "one was enough"})
    desk.do(f"/v1/packages/{sold}/corrections", {"line": 1, "change": -1, "reason": "missed"})
    desk.do(f"/v1/packages/{sold}/expiry", {"expires_on": desk.today(days=3)})
    return sold, massage


@pytest.mark.parametrize("noun", NOUNS)
def test_the_state_at_a_version_is_the_same_bytes_for_ever(either_desk: Desk, noun: str) -> None:
    desk = either_desk
    sold, massage = busy(desk)
    path = f"/v1/packages/{sold}{noun}"
    version = desk.card(sold)["version"]
    before = {n: desk.ask(path, at_version=n).content for n in range(1, version + 1)}
    assert len(set(before.values())) > 1
    customer = desk.card(sold)["customer"]["id"]
    desk.redeem(sold, massage, effective_at=desk.today(days=-15))
    desk.do(f"/v1/customers/{customer}/changes", {"name": "Anna Kiss"})
    desk.do(f"/v1/packages/{sold}/cancellation", {"reason": "moved away"})
    desk.clock.forward(days=400)
    for n, bytes_then in before.items():
        answer = desk.ask(path, at_version=n)
        assert answer.content == bytes_then, n
    above = desk.ask(path, at_version=version + 99)
    assert above.json()["errors"][0]["pointer"] == "/at_version"


def test_a_version_answers_with_its_own_position(desk: Desk) -> None:
    sold, _ = busy(desk)
    for fact in desk.all_of(f"/v1/packages/{sold}/facts"):
        answer = desk.ask(f"/v1/packages/{sold}", at_version=fact["version"])
        assert answer.headers["Ledger-Position"] == str(fact["position"])
        assert answer.json()["version"] == fact["version"]


def test_each_version_is_what_the_command_answered(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage))
    answers = [sold, *(desk.redeem(sold["id"], massage) for _ in range(3))]
    for answer in answers:
        then = desk.card(sold["id"], at_version=answer["version"])
        for member in ("remaining", "used", "lines", "unused_value", "status", "price", "recorded_at"):
            assert then[member] == answer[member]


def test_as_of_counts_what_was_recorded_before_a_moment(either_desk: Desk) -> None:
    desk = either_desk
    sold, _ = busy(desk)
    rows = desk.history(sold)
    desk.clock.forward(days=1)
    facts = desk.all_of(f"/v1/packages/{sold}/facts")
    for moment in sorted({row["recorded_at"] for row in rows})[1:]:
        known = [row for row in rows if row["recorded_at"] < moment]
        answer = desk.ask(f"/v1/packages/{sold}", as_of=moment)
        assert answer.json()["version"] == known[-1]["version"]
        assert answer.json()["remaining"] == sum(row["change"] for row in known)
        position = int(answer.headers["Ledger-Position"])
        assert position >= max(f["position"] for f in facts if f["recorded_at"] < moment)
        assert position < min(f["position"] for f in facts if f["recorded_at"] >= moment)
        told = desk.history(sold, as_of=moment)
        assert [row["version"] for row in told] == [row["version"] for row in known]
    before_all = desk.ask(f"/v1/packages/{sold}", as_of=rows[0]["recorded_at"])
    assert (before_all.status_code, before_all.json()["code"]) == (404, "not-found")


def test_effective_as_of_counts_what_had_happened_by_the_end_of_a_day(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    sale = {"effective_at": desk.today(days=-20), "expires_on": desk.today(days=-4)}
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=5), **sale)["id"]
    # Entered out of order: the later use first.
    desk.redeem(sold, massage, effective_at=desk.today(days=-6))
    desk.redeem(sold, massage, effective_at=desk.today(days=-12), quantity=2)

    def then(days: int) -> tuple[int, str, int]:
        card = desk.card(sold, effective_as_of=desk.today(days=days))
        assert card["inconsistent"] is False
        return card["remaining"], card["status"], card["available"]

    assert then(-20) == (5, "active", 5)
    assert then(-13) == (5, "active", 5)
    assert then(-12) == (3, "active", 3)
    assert then(-7) == (3, "active", 3)
    assert then(-6) == (2, "active", 2)
    assert then(-4) == (2, "active", 2), "its last day is valid to the end"
    assert then(-3) == (2, "expired", 0)
    unsold = desk.ask(f"/v1/packages/{sold}", effective_as_of=desk.today(days=-21))
    assert unsold.status_code == 404
    days = [row["date"] for row in desk.history(sold, effective_as_of=desk.today(days=-1), limit=1)]
    assert days == [desk.today(days=-20), desk.today(days=-12), desk.today(days=-6)]
    states = [unit["state"] for unit in desk.units(sold, effective_as_of=desk.today(days=-12))]
    assert states.count("used") == 2


def test_a_moment_counts_itself_on_the_clock_of_business_and_not_on_that_of_the_ledger(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage), effective_at=desk.today(days=-9))["id"]
    at = f"{desk.today(days=-5)}T10:00:00.000Z"
    desk.redeem(sold, massage, effective_at=at)
    assert desk.card(sold, effective_as_of=at)["remaining"] == 9
    earlier = f"{desk.today(days=-5)}T09:59:59.999Z"
    assert desk.card(sold, effective_as_of=earlier)["remaining"] == 10
    desk.clock.forward(days=1)
    use = desk.history(sold)[-1]
    assert desk.card(sold, as_of=use["recorded_at"])["remaining"] == 10
    later = datetime.fromisoformat(use["recorded_at"]) + timedelta(milliseconds=1)
    assert desk.card(sold, as_of=later.isoformat())["remaining"] == 9


def test_what_was_known_then_of_what_had_happened_by_then(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage), effective_at=desk.today(days=-9))["id"]
    desk.redeem(sold, massage, effective_at=desk.today(days=-5))
    desk.redeem(sold, massage, effective_at=desk.today(days=-7))
    desk.clock.forward(days=1)
    recorded = [row["recorded_at"] for row in desk.history(sold)]
    day = desk.today(days=-7)  # six days before the uses were entered
    assert desk.card(sold, effective_as_of=day)["used"] == 1
    assert desk.card(sold, effective_as_of=day, as_of=recorded[2])["used"] == 0
    assert desk.card(sold, as_of=recorded[2])["used"] == 1
    assert desk.card(sold, effective_as_of=day, at_version=2)["used"] == 0


def test_units_keep_the_numbers_that_their_facts_fixed(desk: Desk) -> None:
    """A use is restored and entered again for an earlier day: it takes the same unit."""
    massage = desk.service()
    sale = {"effective_at": desk.today(days=-9)}
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=2), **sale)["id"]
    wrong = desk.redeem(sold, massage, effective_at=desk.today(days=-3))["redemption_id"]
    desk.do(f"/v1/redemptions/{wrong}/restorations")
    right = desk.redeem(sold, massage, effective_at=desk.today(days=-6))["redemption_id"]
    desk.clock.forward(days=1)
    for parameters in ({}, {"effective_as_of": desk.today(days=-1)}):
        units = desk.units(sold, **parameters)
        assert [(unit["state"], unit["redemption_id"]) for unit in units] == [
            ("used", right),
            ("available", None),
        ]
    early = desk.units(sold, effective_as_of=desk.today(days=-8))
    assert [unit["state"] for unit in early] == ["available", "available"]


def test_a_unit_can_be_used_before_the_correction_that_added_it(desk: Desk) -> None:
    massage = desk.service()
    sale = {"effective_at": desk.today(days=-9)}
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=1), **sale)["id"]
    desk.do(f"/v1/packages/{sold}/corrections", {"line": 1, "change": 1, "reason": "a present"})
    desk.redeem(sold, massage)
    desk.redeem(sold, massage, effective_at=desk.today(days=-5))
    day = desk.today(days=-4)
    assert desk.card(sold, effective_as_of=day)["remaining"] == 0
    assert [unit["state"] for unit in desk.units(sold, effective_as_of=day)] == ["available", "used"]


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("clock", ["as_of", "effective_as_of"])
def test_the_past_must_be_over(desk: Desk, noun: str, clock: str) -> None:
    sold, _ = busy(desk)
    path = f"/v1/packages/{sold}{noun}"
    for given in (desk.today(), desk.today(days=1), f"{desk.today(days=1)}T00:00:00Z", "yesterday", "17"):
        answer = desk.ask(path, **{clock: given})
        assert (answer.status_code, answer.json()["code"]) == (400, "validation-failed"), given
        assert answer.json()["errors"][0]["pointer"] == f"/{clock}"
    assert desk.ask(path, **{clock: "2020-01-01T00:00:00Z"}).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"), [(Role.MANAGER, 200), (Role.AUDITOR, 200), (Role.STAFF, 403), (Role.INTEGRATION, 403)]
)
def test_managers_and_auditors_ask_about_the_past(desk: Desk, role: Role, status: int) -> None:
    sold, _ = busy(desk)
    other = desk.as_role(role)
    for noun in NOUNS:
        assert other.ask(f"/v1/packages/{sold}{noun}", at_version=1).status_code == status
        assert other.ask(f"/v1/packages/{sold}{noun}").status_code == 200


def test_the_packages_of_a_customer_as_they_were(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer, anna = desk.offer(massage, quantity=1), desk.customer()
    first = desk.sell(anna, offer, effective_at=desk.today(days=-9))["id"]
    second = desk.sell(anna, offer, effective_at=desk.today(days=-4))["id"]
    desk.redeem(first, massage, effective_at=desk.today(days=-6))
    path = f"/v1/customers/{anna}/packages"

    def then(days: int) -> tuple[list[tuple[str, int]], int]:
        listed = desk.get(path, effective_as_of=desk.today(days=days))
        return [(card["id"], card["remaining"]) for card in listed["data"]], listed["active_count"]

    assert then(-10) == ([], 0)
    assert then(-8) == ([(first, 1)], 1)
    assert then(-5) == ([(first, 0)], 0)
    assert then(-2) == ([(second, 1), (first, 0)], 1)
    assert (
        desk.all_of(path, effective_as_of=desk.today(days=-2), limit=1)
        == (desk.get(path, effective_as_of=desk.today(days=-2))["data"])
    )
    desk.clock.forward(days=1)
    sold_at = desk.history(second)[0]["recorded_at"]
    answer = desk.ask(path, as_of=sold_at)
    assert [card["id"] for card in answer.json()["data"]] == [first]
    second_position = desk.get(f"/v1/packages/{second}/facts")["data"][0]["position"]
    assert int(answer.headers["Ledger-Position"]) < second_position
    assert desk.ask(path, at_version=1).json()["code"] == "validation-failed"


def test_answers_about_the_past_hold_no_names_but_facts(desk: Desk) -> None:
    walk = desk.service("Walk", "Dog care")
    dog = [{"name": "Max", "kind": "dog"}]
    owner = desk.do("/v1/customers", {"name": "Ida", "participants": dog})
    max_ = owner["participants"][1]["id"]
    sold = desk.sell(owner["id"], desk.offer(walk), beneficiaries=[max_])["id"]
    desk.redeem(sold, walk)
    desk.do(f"/v1/packages/{sold}/corrections", {"line": 1, "change": -1, "reason": "missed"})
    then = desk.card(sold, at_version=3)
    assert then["customer"]["name"] is None
    assert [(each["name"], each["kind"]) for each in then["beneficiaries"]] == [(None, "dog")]
    use, correction = desk.history(sold, at_version=3)[1:]
    assert (use["participant"]["name"], use["participant"]["kind"]) == (None, "dog")
    assert use["service"]["name"] == "Walk", "a service's name as sold is a fact"
    assert (correction["label"], correction["text"]) == ("Correction", None)
