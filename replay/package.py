"""One package, now or then, folded from the facts of its stream by the functions of the read models."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import assert_never, cast

from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Recorded
from domain.package.fact_parts import PackageOpened, SoldService
from domain.package.facts import (
    HoldFact,
    HoldReleased,
    LineCorrected,
    MoneyFact,
    PackageFact,
    UnitsForfeited,
    UnitsHeld,
    UnitsRedeemed,
    UnitsRestored,
    UseFact,
)
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.state import Status
from projections.engine.definition import Key, Row, fold
from projections.models.card_columns import card_status, last_day
from projections.models.package_history import HISTORY
from projections.models.packages import card_of
from projections.models.units import UNITS, USE
from replay.as_of import PRESENT, Past, as_it_was, judged_at, position_of


@dataclass(frozen=True)
class PackageThen:
    """A package after the facts that count, in the order in which they are folded."""

    facts: list[Recorded]
    card: Row
    position: int
    """The position of the ledger that the question resolves to."""
    moment: datetime
    """When status and expiry are judged."""

    @property
    def id(self) -> str:
        return self.facts[0].stream_id

    @property
    def customer_id(self) -> str:
        customer_id: str = self.card["customer_id"]
        return customer_id

    @property
    def version(self) -> int:
        version: int = self.card["version"]
        return version

    @property
    def status(self) -> Status:
        return card_status(self.card, self.moment)

    @property
    def expires_on(self) -> date | None:
        """The last valid day as it stood on the day of `moment`, in the package's zone; None: it never expires."""
        return last_day(self.card, self.moment)

    @property
    def history(self) -> list[Row]:
        return history_of(self.facts)


def package_at(
    recorder: LedgerRecorder, facts: Sequence[Recorded], head: int, now: datetime, past: Past = PRESENT
) -> PackageThen | None:
    """A package as it is or was; None when it did not exist then, or has fewer versions.

    `facts` are those of its stream, `head` the end of the ledger when they were read.
    """
    if past.at_version is not None and past.at_version > len(facts):
        return None
    counted = as_it_was(facts, past)
    card = card_of(counted)
    if card is None:
        return None
    return PackageThen(counted, card, position_of(recorder, past, facts, head), judged_at(past, counted, now))


# Units


def units_of(facts: Iterable[Recorded]) -> list[Row]:
    """The rows of `units` by line and number; units that bookings hold have the state `held`.

    Facts fix the numbers of their units in recorded order, so they are folded in that order even when they count by
    business time. For example, a use entered after the restoration of another takes the same number, although it
    may be the earlier one in business time.
    """
    in_order = sorted(facts, key=lambda recorded: recorded.version)
    rows = fold(_UNITS, in_order)
    units = [rows[key] for key in sorted(rows)]
    _show_held(units, in_order)
    return units


def _show_held(units: Iterable[Row], facts: Iterable[Recorded]) -> None:
    """Mark the lowest available units of each line as held, in the order of the holds.

    A hold is only a number of units. Their use decides which: the lowest available ones then.
    """
    holds: dict[int, dict[str, UnitsHeld]] = {}
    for recorded in facts:
        fact = cast(PackageFact, recorded.fact)
        if not isinstance(fact, HoldFact):
            continue
        match fact:
            case UnitsHeld():
                holds.setdefault(fact.line, {})[fact.booking_id] = fact
            case HoldReleased():
                holds.get(fact.line, {}).pop(fact.booking_id, None)
            case _:
                assert_never(fact)
    waiting = {
        line: [held for held in of.values() for _ in range(held.quantity)] for line, of in holds.items()
    }
    for unit in units:
        if unit["state"] == "available" and waiting.get(unit["line"]):
            held = waiting[unit["line"]].pop(0)
            unit |= {
                "state": "held",
                "service_id": held.service_id,
                "participant_id": held.participant_id,
                "booking_id": held.booking_id,
            }


def _unit(before: Row | None, recorded: Recorded, key: Key) -> Row:
    """One unit after one more fact, even when the correction that added it does not count yet."""
    fact = recorded.fact
    adds = isinstance(fact, LineCorrected) and key[2] in fact.added
    if before is None and not adds and not isinstance(fact, PackageOpened):
        before = {**dict.fromkeys(USE), "state": "available", "value": 0}
    after = UNITS.row(before, recorded, key)
    assert after is not None, "a unit never goes"
    return after


_UNITS = replace(UNITS, row=_unit)


# History


def history_of(facts: Iterable[Recorded]) -> list[Row]:
    """The rows of `history`, in the order of the facts given.

    The rows of restorations and released holds get service, participant, booking and session of their use or hold, and
    that of the purchase the amount that was paid with it: their facts, and so the table, lack them.
    """
    in_order = list(facts)
    rows = list(fold(HISTORY, in_order).values())
    _show_paid_at_sale(in_order, rows)
    taken: dict[tuple[str, int], Row] = {}
    for recorded, row in zip(in_order, rows, strict=True):
        fact = cast(PackageFact, recorded.fact)
        if not isinstance(fact, UseFact | HoldFact):
            continue
        match fact:
            case UnitsRedeemed() | UnitsForfeited():
                taken[fact.redemption_id, fact.allocation] = row
            case UnitsHeld():
                taken[fact.booking_id, fact.line] = row
            case UnitsRestored():
                row |= _whose(taken[fact.redemption_id, fact.allocation])
            case HoldReleased():
                row |= _whose(taken[fact.booking_id, fact.line])
            case LineCorrected():
                pass  # it may concern several
            case _:
                assert_never(fact)
    return rows


def _show_paid_at_sale(facts: Sequence[Recorded], rows: Sequence[Row]) -> None:
    """The payment that came with the sale is the fact behind it, whatever the order of business time."""
    by_version = {recorded.version: n for n, recorded in enumerate(facts)}
    first, second = by_version.get(1), by_version.get(2)
    if first is None or second is None or rows[first]["payment_method"] is None:
        return
    payment = facts[second].fact
    assert isinstance(payment, PaymentRecorded), (
        "a sale that was paid with something records the payment next"
    )
    rows[first] |= {"amount": payment.amount, "payment_id": payment.payment_id}


def _whose(taken: Row) -> Row:
    return {name: taken[name] for name in ("service_id", "participant_id", "booking_id", "session_at")}


def services_of(facts: Sequence[Recorded]) -> dict[str, SoldService]:
    """The services of a package as they were when it was sold, by id."""
    sold = facts[0].fact
    assert isinstance(sold, PackageOpened), "a package begins with its opening fact"
    return {service.id: service for line in sold.lines for service in line.services}


# Reversals


def reversed_versions(facts: Iterable[Recorded]) -> dict[int, int]:
    """Version of a restoration or refund → version of the use, forfeiture or payment that it reverses."""
    done: dict[str | tuple[str, int], int] = {}
    reverses: dict[int, int] = {}
    for recorded in facts:
        fact = cast(PackageFact, recorded.fact)
        if not isinstance(fact, MoneyFact | UseFact):
            continue
        match fact:
            case PaymentRecorded():
                done[fact.payment_id] = recorded.version
            case PaymentRefunded():
                reverses[recorded.version] = done[fact.payment_id]
            case UnitsRedeemed() | UnitsForfeited():
                done[fact.redemption_id, fact.allocation] = recorded.version
            case UnitsRestored():
                reverses[recorded.version] = done[fact.redemption_id, fact.allocation]
            case LineCorrected():
                pass
            case _:
                assert_never(fact)
    return reverses
