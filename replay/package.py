"""One package, now or then, folded from the facts of its stream with the functions that make the read tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Recorded
from domain.package.facts import (
    HoldReleased,
    LineCorrected,
    PackagePurchased,
    PaymentRecorded,
    PaymentRefunded,
    SoldService,
    UnitsHeld,
    UnitsRedeemed,
    UnitsRestored,
)
from projections.engine.definition import Key, Row, fold
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
    def version(self) -> int:
        version: int = self.card["version"]
        return version

    @property
    def history(self) -> list[Row]:
        return history_of(self.facts)


def package_at(
    recorder: LedgerRecorder, facts: Sequence[Recorded], head: int, now: datetime, past: Past = PRESENT
) -> PackageThen | None:
    """A package as it is or was; None when it was not there then, or never had so many versions.

    `facts` are those of its stream, `head` the end of the ledger when they were read.
    """
    if past.at_version is not None and past.at_version > len(facts):
        return None
    counted = as_it_was(facts, past)
    card = card_of(counted)
    if card is None:
        return None
    return PackageThen(counted, card, position_of(recorder, past, facts, head), judged_at(past, counted, now))


def units_of(facts: Iterable[Recorded]) -> list[Row]:
    """The rows of `units`, by line and number, with those that bookings hold in the state `held`.

    Facts fix the numbers of the units they move in the order in which they were recorded, so they are
    folded in that order even where they count by business time: a use that was entered after an earlier
    one was restored may lie before it, and takes the same number.
    """
    in_order = sorted(facts, key=lambda recorded: recorded.version)
    rows = fold(_UNITS, in_order)
    units = [rows[key] for key in sorted(rows)]
    _show_held(units, in_order)
    return units


def _show_held(units: Iterable[Row], facts: Iterable[Recorded]) -> None:
    """Show what bookings hold on the lowest available units of each line, the booking that held first first.

    A hold is a number: which units it becomes is decided when they are used, the lowest available ones then.
    """
    holds: dict[int, dict[str, UnitsHeld]] = {}
    for recorded in facts:
        match recorded.fact:
            case UnitsHeld() as held:
                holds.setdefault(held.line, {})[held.booking_id] = held
            case HoldReleased() as released:
                holds.get(released.line, {}).pop(released.booking_id, None)
            case _:
                pass
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
    """One unit after one more fact, also when the correction that added it does not count yet."""
    fact = recorded.fact
    adds = isinstance(fact, LineCorrected) and key[2] in fact.added
    if before is None and not adds and not isinstance(fact, PackagePurchased):
        before = {**dict.fromkeys(USE), "state": "available", "value": 0}
    after = UNITS.row(before, recorded, key)
    assert after is not None, "a unit never goes"
    return after


_UNITS = replace(UNITS, row=_unit)


def history_of(facts: Iterable[Recorded]) -> list[Row]:
    """The rows of `history`, in the order of the facts given.

    A row that gives back a use or a hold tells whose it was, for which service and booking; its fact does not, so
    the table does not either.
    """
    in_order = list(facts)
    rows = list(fold(HISTORY, in_order).values())
    taken: dict[tuple[str, int], Row] = {}
    for recorded, row in zip(in_order, rows, strict=True):
        match recorded.fact:
            case UnitsRedeemed() as use:
                taken[use.redemption_id, use.allocation] = row
            case UnitsHeld() as hold:
                taken[hold.booking_id, hold.line] = row
            case UnitsRestored() as back:
                row |= _whose(taken[back.redemption_id, back.allocation])
            case HoldReleased() as back:
                row |= _whose(taken[back.booking_id, back.line])
            case _:
                pass
    return rows


def _whose(taken: Row) -> Row:
    return {name: taken[name] for name in ("service_id", "participant_id", "booking_id", "session_at")}


def services_of(facts: Sequence[Recorded]) -> dict[str, SoldService]:
    """The services of a package as they were when it was sold, by id."""
    sold = facts[0].fact
    assert isinstance(sold, PackagePurchased), "a package begins with package.purchased"
    return {service.id: service for line in sold.lines for service in line.services}


@dataclass
class Paid:
    """One payment of a package, with what was refunded of it. Amounts in minor units."""

    recorded: Recorded
    fact: PaymentRecorded
    refunds: list[tuple[Recorded, PaymentRefunded]] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        return sum(fact.amount for _, fact in self.refunds)


def payments_of(facts: Iterable[Recorded]) -> list[Paid]:
    """The payments of a package in the order of the facts given, each with its refunds."""
    payments: dict[str, Paid] = {}
    for recorded in facts:
        match recorded.fact:
            case PaymentRecorded() as payment:
                payments[payment.payment_id] = Paid(recorded, payment)
            case PaymentRefunded() as refund:
                payments[refund.payment_id].refunds.append((recorded, refund))
            case _:
                pass
    return list(payments.values())


def reversed_versions(rows: Sequence[Row]) -> dict[int, int]:
    """Version of a restoration or refund → version of the use or payment that it reverses."""
    done: dict[tuple[Any, ...], int] = {}
    reverses: dict[int, int] = {}
    for row in rows:
        use, payment = (row["redemption_id"], row["allocation"]), row["payment_id"]
        match row["kind"]:
            case "use":
                done["use", *use] = row["version"]
            case "payment":
                done["payment", payment] = row["version"]
            case "restoration":
                reverses[row["version"]] = done["use", *use]
            case "refund":
                reverses[row["version"]] = done["payment", payment]
            case _:
                pass
    return reverses
