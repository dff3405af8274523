"""One package as it was: at a version of its stream, or as the ledger knew it at a moment.

Folded with the functions that make the read models, so that the past and the present are told alike. The
same question about the past gives the same answer for ever.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Recorded, all_recorded
from domain.moments import start_of
from domain.package.facts import PackagePurchased
from domain.refusals import NotFound
from projections.engine.definition import Row
from projections.models.packages import card_of
from replay.as_of import PRESENT, Past, as_it_was, judged_at, position_of
from replay.package import history_of


@dataclass(frozen=True, slots=True)
class PackageThen:
    """A package after the facts that count: `version` of them at the most, judged at `moment`."""

    card: Row
    history: list[Row]
    version: int
    position: int
    """The position of the ledger that the question resolves to."""
    moment: datetime


def package_at(recorder: LedgerRecorder, package_id: str, now: datetime, past: Past = PRESENT) -> PackageThen:
    """The card and the history of a package, now or then.

    Raises NotFound for a package that there is not, or was not then; UnreadableFact.
    """
    head = recorder.head().position
    facts = list(all_recorded(recorder.stream(package_id)))
    if not facts or not isinstance(facts[0].fact, PackagePurchased):
        raise NotFound("package", package_id)
    counted = _counted(facts, past)
    card = card_of(counted)
    if card is None:
        raise NotFound("package", package_id)
    return PackageThen(
        card=card,
        history=history_of(counted),
        version=card["version"],
        position=position_of(recorder, past, facts, head),
        moment=judged_at(past, counted, now),
    )


def _counted(facts: list[Recorded], past: Past) -> list[Recorded]:
    """The facts to fold: none for a version that the stream has not come to."""
    if past.at_version is not None and past.at_version > len(facts):
        return []
    return as_it_was(facts, past)


def as_of(given: date | datetime, zone: str) -> Past:
    """What had been recorded before a moment, or by the end of a day in the business's time zone."""
    end = given if isinstance(given, datetime) else start_of(given + timedelta(days=1), zone)
    return Past(recorded_before=end, judged_at=end)
