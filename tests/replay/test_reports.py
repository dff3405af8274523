"""Reports of a day agree with the cards of that day, folded from the ledger one by one."""

from datetime import date, timedelta
from typing import Any

from domain.ledger.mapper import all_recorded
from domain.moments import start_of
from domain.package.commands import AdjustPrice, CorrectLine, RedeemFromCustomer, RestoreUnits, VoidPackage
from domain.package.facts import LineCorrected, UnitsRedeemed, UnitsRestored
from domain.values import Money
from projections.models.card_columns import card_status
from projections.models.packages import card_of
from replay.all_packages import packages_then
from replay.as_of import Past, as_it_was, asked
from replay.reports import liability
from tests.replay.conftest import FIRST, ZONE, Lived, World


def report(world: World, on: date | None, known: date | None = None) -> liability.Liability:
    past = asked(ZONE, as_of=known, effective_as_of=on)
    return liability.liability(packages_then(world.ledger.recorder, past, world.now), "EUR", ZONE)


def of_customer(world: World, customer: str, on: date) -> list[dict[str, Any]]:
    past = asked(ZONE, effective_as_of=on)
    return liability.customer(packages_then(world.ledger.recorder, past, world.now), f"cus_{customer}")


def cards(lived: Lived, on: date) -> list[tuple[dict[str, Any], str]]:
    """The card and the status of every package at the end of a day, but for voided ones."""
    end = start_of(on + timedelta(days=1), ZONE)
    found: list[tuple[dict[str, Any], str]] = []
    for name in lived.packages:
        facts = list(all_recorded(lived.world.ledger.recorder.stream(f"pkg_{name}")))
        card = card_of(as_it_was(facts, Past(effective_before=end)))
        if card is not None and not card["voided"]:
            found.append((card, card_status(card, end - timedelta(milliseconds=1))))
    return found


def redeemed(lived: Lived, on: date) -> int:
    """Units that redemptions took by the end of a day, less those that restorations and corrections gave back."""
    end = start_of(on + timedelta(days=1), ZONE)
    units = 0
    for recorded in all_recorded(lived.world.ledger.recorder.facts()):
        match recorded.fact:
            case UnitsRedeemed() as fact if fact.effective_at < end:
                units += len(fact.units)
            case UnitsRestored() as fact if fact.effective_at < end:
                units -= len(fact.units)
            case LineCorrected() as fact if fact.effective_at < end:
                units -= sum(len(use.units) for use in fact.freed)
            case _:
                pass
    return units


def test_every_day_of_the_report_is_the_sum_of_the_cards_of_that_day(lived: Lived) -> None:
    seen: set[str] = set()
    for n in range(-1, lived.days):
        on = FIRST + timedelta(days=n)
        found = cards(lived, on)
        valid = [card for card, status in found if status in ("active", "fully_used")]

        made = report(lived.world, on)

        seen |= {status for _, status in found}
        assert made.on == on.isoformat()
        assert made.packages == len(found)
        assert made.customers == len({card["customer_id"] for card, _ in found})
        assert made.units_granted == sum(card["granted"] for card, _ in found)
        assert made.amount_sold == sum(card["price"] for card, _ in found)
        assert made.units_remaining == sum(card["remaining"] for card, _ in found)
        moved = made.units_corrected - made.units_redeemed - made.units_forfeited - made.units_lapsed
        assert made.units_granted + moved == made.units_remaining
        assert made.units_redeemed == redeemed(lived, on)
        assert made.units_valid == sum(card["remaining"] for card in valid)
        assert made.liability == sum(card["unused_value"] for card in valid)
        counts = {
            "active": made.packages_active,
            "fully_used": made.packages_fully_used,
            "expired": made.packages_expired,
            "cancelled": made.packages_cancelled,
        }
        assert counts == {status: sum(s == status for _, s in found) for status in counts}
    assert seen == {"active", "fully_used", "expired", "cancelled"}


def test_redemptions_count_while_they_use_a_unit_and_across_packages_once(world: World) -> None:
    world.on(0).sell("a", "ann", 2, 100, None)
    world.sell("b", "ann", 2, 100, None)
    assert report(world, FIRST).redemptions == 0

    world.on(1).use("a", "one")
    world.do(across("two", 3))

    made = report(world, FIRST + timedelta(days=1))
    assert (made.redemptions, made.redemptions_across_packages, made.units_redeemed) == (2, 1, 4)
    world.on(2).do(restore("two"))
    made = report(world, FIRST + timedelta(days=2))
    assert (made.redemptions, made.redemptions_across_packages, made.units_redeemed) == (1, 0, 1)
    # The day before knows nothing of it.
    assert report(world, FIRST + timedelta(days=1)).redemptions == 2


def across(id: str, quantity: int) -> Any:
    return RedeemFromCustomer(
        customer_id="cus_ann", redemption_id=f"red_{id}", service_id="svc_1", quantity=quantity
    )


def restore(id: str) -> Any:
    return RestoreUnits(redemption_id=f"red_{id}")


def test_a_sale_that_was_voided_is_in_none_of_the_figures(world: World) -> None:
    empty = report(world, FIRST)
    world.on(0).sell("a", "ann", 2, 100, None)
    assert report(world, FIRST).packages == 1

    world.do(VoidPackage(package_id="pkg_a", reason=world.because()))

    voided = report(world, FIRST)
    assert vars(voided) | {"position": 0} == vars(empty) | {"position": 0}
    assert of_customer(world, "ann", FIRST) == []


def test_a_package_is_valid_to_the_end_of_its_last_day_and_owed_nothing_after(world: World) -> None:
    world.on(0).sell("a", "ann", 3, 100, FIRST + timedelta(days=5))

    last, after = report(world, FIRST + timedelta(days=5)), report(world, FIRST + timedelta(days=6))

    assert (last.packages_active, last.units_valid, last.liability) == (1, 3, 100)
    assert (after.packages_expired, after.units_valid, after.liability) == (1, 0, 0)
    assert after.units_remaining == 3


def test_the_packages_of_a_customer_come_in_order_of_purchase(world: World) -> None:
    for day, name in enumerate(("c", "a", "b")):
        world.on(day).sell(name, "ann", 2, 100 + day, FIRST + timedelta(days=9))
    world.on(3).use("a", "one")

    rows = of_customer(world, "ann", FIRST + timedelta(days=3))

    assert rows[1] == {
        "purchase_number": 2,
        "purchased_on": "2026-01-02",
        "expires_on": "2026-01-10",
        "granted": 2,
        "remaining": 1,
        "price": 101,
        "unused_value": 50,
    }
    assert [row["price"] for row in rows] == [100, 101, 102]
    assert len(of_customer(world, "ann", FIRST)) == 1
    assert of_customer(world, "bob", FIRST) == []


def test_a_frozen_package_outlives_its_last_day_and_moves_it(lived: Lived) -> None:
    for n, last in ((19, FIRST + timedelta(days=20)), (24, FIRST + timedelta(days=20))):
        rows = {row["price"]: row for row in of_customer(lived.world, "bob", FIRST + timedelta(days=n))}
        assert rows[1002]["expires_on"] == last.isoformat()
    after = {row["price"]: row for row in of_customer(lived.world, "bob", FIRST + timedelta(days=40))}
    # 50 days, set while it was frozen, and the 19 days that the freeze took.
    assert after[1002]["expires_on"] == (FIRST + timedelta(days=69)).isoformat()


def test_after_a_price_change_an_earlier_use_that_was_entered_late_takes_its_value_once(world: World) -> None:
    """10 units for 10,000, then 20,000, then one use dated before: on either clock, 9 units for 18,000 are left."""
    world.on(0).sell("a", "ann", 10, 10_000, None)
    price = Money(amount=20_000, currency="EUR")
    world.on(2).do(AdjustPrice(package_id="pkg_a", price=price, reason=world.because()))
    world.on(3).use("a", "late", day=FIRST + timedelta(days=1))

    for made in (report(world, None), report(world, FIRST + timedelta(days=2))):
        assert (made.units_valid, made.liability, made.amount_sold) == (9, 18_000, 20_000)


def test_what_was_entered_later_was_not_known_before(world: World) -> None:
    world.on(0).sell("a", "ann", 10, 10_000, None)
    world.on(5).use("a", "late", day=FIRST + timedelta(days=1))

    on, before = FIRST + timedelta(days=2), FIRST + timedelta(days=4)
    assert report(world, on).units_redeemed == 1
    unknown = report(world, on, known=before)
    assert (unknown.units_redeemed, unknown.liability) == (0, 10_000)
    assert unknown.position < report(world, on).position
    # Without the second clock, it is judged at the moment of knowing.
    assert report(world, None, known=before).on == before.isoformat()


def test_units_that_a_correction_gave_back_are_no_longer_redeemed(world: World) -> None:
    world.on(0).sell("a", "ann", 2, 100, None)
    world.use("a", "one", 2)
    world.do(CorrectLine(package_id="pkg_a", line=1, change=2, reason=world.because()))

    made = report(world, None)

    assert (made.redemptions, made.units_redeemed, made.units_corrected, made.units_remaining) == (0, 0, 0, 2)
