"""The deductions from a package, use by use: the history of a customer's credits (S42–S46)."""

from collections.abc import Iterable
from typing import assert_never, cast

from domain.ledger.mapper import Recorded
from domain.package.facts import (
    LineCorrected,
    PackageFact,
    UnitsForfeited,
    UnitsRedeemed,
    UnitsRestored,
    UseFact,
)
from projections.engine.definition import Row


def usage_of(facts: Iterable[Recorded]) -> list[Row]:
    """One row for each deduction, in recorded order; `returned` counts the units given back since."""
    rows: list[Row] = []
    uses: dict[tuple[str, int], Row] = {}
    for recorded in facts:
        fact = cast(PackageFact, recorded.fact)
        if not isinstance(fact, UseFact):
            continue
        match fact:
            case UnitsRedeemed():
                used = _row("used", fact, recorded)
                rows.append(used)
                uses[fact.redemption_id, fact.allocation] = used
            case UnitsForfeited():
                forfeited = _row("forfeited", fact, recorded)
                rows.append(forfeited)
                uses[fact.redemption_id, fact.allocation] = forfeited
            case UnitsRestored():
                uses[fact.redemption_id, fact.allocation]["returned"] += len(fact.units)
            case LineCorrected():
                for freed in fact.freed:
                    uses[freed.redemption_id, freed.allocation]["returned"] += len(freed.units)
            case _:
                assert_never(fact)
    return rows


def _row(kind: str, fact: UnitsRedeemed | UnitsForfeited, recorded: Recorded) -> Row:
    return {
        "kind": kind,
        "position": recorded.position,
        "package_id": recorded.stream_id,
        "deducted_at": fact.effective_at,
        "session_at": fact.session_at,
        "service_id": fact.service_id,
        "participant_id": fact.participant_id,
        "quantity": len(fact.units),
        "returned": 0,
        "booking_id": fact.booking_id,
        "redemption_id": fact.redemption_id,
    }
