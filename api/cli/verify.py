"""`carnet verify`: prove that the books are as they were recorded."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from api.cli import output
from api.cli.options import here, in_json, of_business
from api.http.key_guard import KeyGuards
from api.http.ledger_types import Evidence, LedgerUnavailable, first_hash
from api.http.verification_memory import remembered_where_it_can_be
from api.server.installation import Installation
from api.server.pepper import WrongPepper, peppers_to_prove
from replay import reconcile
from replay.proof.finding import Finding
from replay.proof.prove import Proof
from replay.reports.kept_proof import wrong_sums
from replay.verify import Broken, Intact

FINDINGS_MAX = 1_000
Say = Callable[[str], None]


def ignored(line: str) -> None:
    """Tell nothing: a program reads the JSON."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Where a head was, and its hash, as they were kept elsewhere."""

    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one business."""

    proof: Proof
    findings: Sequence[Finding]
    """The first ones."""
    findings_in_all: int
    has_expected: bool
    """Whether every head that was expected is there."""
    differing_rows: int | None = None
    """Of the read models; None: they were not looked at."""
    wrong_sums: int | None = None
    """Places in the kept sums of reports; None: they were not looked at."""

    @property
    def is_intact(self) -> bool:
        found = isinstance(self.proof.chain, Intact) and not self.findings_in_all
        return found and self.has_expected and not self.differing_rows and not self.wrong_sums

    def as_json(self) -> dict[str, object]:
        chain, texts = self.proof.chain, self.proof.texts
        return {
            "business_id": self.proof.business_id,
            "intact": self.is_intact,
            "position": chain.position,
            "hash": chain.hash.hex() if isinstance(chain, Intact) else None,
            "reason": None if isinstance(chain, Intact) else chain.reason,
            "has_expected": self.has_expected,
            "texts": {"kept": texts.kept, "erased": texts.erased},
            "differing_rows": self.differing_rows,
            "wrong_sums": self.wrong_sums,
            "findings_in_all": self.findings_in_all,
            "findings": [_told(each) for each in self.findings],
        }


def _told(finding: Finding) -> dict[str, object]:
    return {
        "table": finding.table,
        "key": finding.key,
        "stored": finding.stored,
        "expected": finding.expected,
        "can_be_repaired": finding.can_be_mended,
    }


class Head(click.ParamType[Any]):
    """POSITION:HASH, as `carnet backup` and `carnet verify` told them."""

    name = "position:hash"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        found = re.fullmatch(r"([0-9]{1,18}):([0-9a-fA-F]{64})", value)
        if found is None:
            self.fail(f"{value!r} is not a position and the 64 digits of its hash", parameter, context)
        return Expected(int(found[1]), bytes.fromhex(found[2]))


@click.command("verify")
@click.option(
    "--read-models",
    is_flag=True,
    help="Also fold the ledger, and compare with the read models and the kept sums of reports.",
)
@click.option(
    "--expect",
    type=Head(),
    multiple=True,
    metavar="POSITION:HASH",
    help="Fail unless the ledger has this hash at this position.",
)
@of_business
@in_json
def verify_(read_models: bool, expect: tuple[Expected, ...], business_id: str | None, json_: bool) -> None:
    """Recompute the hash chain of every ledger, and prove every table beside the facts.

    Whatever was changed, taken out, put in or put elsewhere among the facts is found, and the first position where
    it was is named. Heads, streams and claims are compared with what the facts say; requests, answers, notes,
    reasons and the directory with what the facts committed to; keys with their guards under the pepper. Each row
    that is not as it should be is a line; --json shows the first 1,000 of a business, and tells how many there are.
    Prints the hash of each head: kept elsewhere and given as --expect, it
    proves that the end was not cut off, nor the chain computed anew. What was found of a ledger is remembered
    beside it, for whoever looks at the ledger's page; nothing rests on that. --read-models folds the facts anew too,
    and takes longer: it compares every row of the read models, and the sums that reports are answered from.

    \b
    Examples:
      carnet verify
      carnet verify --business biz_… --expect 4711:9f86d0…
      carnet verify --json

    Exit status: 0 everything is as it was recorded; 1 something is not.
    """
    say: Say = ignored if json_ else click.echo
    with here() as installed:
        if business_id is None and expect:
            business_id = installed.ledger(None).business_id
        guards = guards_of(installed)
        verified = []
        for id in installed.to_prove(business_id):
            told = _proved(installed, id, guards, expect, say)
            if read_models and installed.has_head(id):
                told = replace(told, differing_rows=_differs(installed, id, say))
                if isinstance(told.proof.chain, Intact):
                    told = replace(told, wrong_sums=_wrong_sums(installed, id, say))
            verified.append(told)
        damaged = _damaged_indexes(installed, say)
    is_intact = all(each.is_intact for each in verified) and not damaged
    if json_:
        output.as_json(
            {
                "intact": is_intact,
                "keys_proved": guards is not None,
                "damaged_indexes": damaged,
                "businesses": [each.as_json() for each in verified],
            }
        )
    if not is_intact:
        sys.exit(1)


def guards_of(installed: Installation) -> KeyGuards | None:
    """What proves keys; None, told in a line, where the pepper is not at hand."""
    known = installed.carnet.store.peppers()
    try:
        return KeyGuards(peppers_to_prove(installed.settings, known).all, known)
    except WrongPepper as error:
        if known:
            click.echo(f"keys are not proved: {error}", err=True)
        return None


def _proved(
    installed: Installation,
    business_id: str,
    guards: KeyGuards | None,
    expect: tuple[Expected, ...],
    say: Say,
) -> Verified:
    wrong, shown = 0, list[Finding]()
    with (
        installed.carnet.store.evidence(business_id) as evidence,
        output.progress(f"Verifying {business_id}", "facts") as advance,
    ):
        proof = Proof(evidence, guards, lambda done, of: advance(done, of, done))
        for finding in proof.findings():
            wrong += 1
            say(finding.line)
            if wrong <= FINDINGS_MAX:
                shown.append(finding)
        there = [_is_there(evidence, each, say) for each in expect]
    _tell(proof, wrong, say)
    if installed.has_head(business_id):
        why_not = remembered_where_it_can_be(installed.carnet, proof, wrong, "command_line")
        if why_not is not None:
            click.echo(f"{business_id}: this verification is not remembered: {why_not}", err=True)
    return Verified(proof, tuple(shown), wrong, all(there))


def _tell(proof: Proof, wrong: int, say: Say) -> None:
    found, business_id = proof.chain, proof.business_id
    if isinstance(found, Broken):
        say(f"{business_id}: BROKEN at position {found.position}: it {found.reason}")
        say(f"{business_id}: the tables beside the facts are compared once the facts are whole")
        return
    say(f"{business_id}: intact, {found.position:,} facts, head {found.hash.hex()}")
    if wrong:
        mends = "`carnet repair` tells what can be made anew"
        say(f"{business_id}: {wrong:,} rows beside the facts are not as they should be: {mends}")
    elif proof.texts.kept or proof.texts.erased:
        kept, erased = proof.texts.kept, proof.texts.erased
        say(f"{business_id}: {kept:,} texts as they were written, {erased:,} erased")


def _is_there(evidence: Evidence, expected: Expected, say: Say) -> bool:
    business_id, position = evidence.business_id, expected.position
    page = evidence.facts(position - 1, 1) if position else ()
    found = first_hash(business_id) if not position else page[0].hash if page else None
    if page and page[0].position != position:
        found = None
    if found == expected.hash:
        say(f"{business_id}: has the expected hash at position {position:,}")
        return True
    wrong = "has another hash at" if found else "has not come to"
    say(f"{business_id}: NOT WHAT WAS EXPECTED: it {wrong} position {position:,}")
    return False


def _damaged_indexes(installed: Installation, say: Say) -> list[str]:
    try:
        damaged = list(installed.carnet.store.damaged_indexes())
    except LedgerUnavailable as error:
        click.echo(f"indexes are not looked at: {error}", err=True)
        return []
    for table in damaged:
        say(f"{table}: does not hold what people_search says: `carnet repair --apply` makes it anew")
    return damaged


def _differs(installed: Installation, business_id: str, say: Say) -> int:
    projections = reconcile.comparable(list(installed.views.projections.values()))
    names = [projection.name for projection in projections]
    recorder, differences = installed.carnet.ledger(business_id).recorder, 0
    with (
        output.progress(f"Comparing {business_id}", "facts") as advance,
        installed.reads(names).snapshot(business_id, names) as snapshot,
    ):
        for difference in reconcile.reconcile(
            recorder, snapshot, projections, lambda done, of: advance(done, of, done)
        ):
            differences += 1
            say(f"{business_id}: {difference.read_model} {difference.key} is not what the ledger makes it")
    say(f"{business_id}: {', '.join(names)}: {differences:,} rows differ from the ledger")
    return differences


def _wrong_sums(installed: Installation, business_id: str, say: Say) -> int:
    recorder, found = installed.carnet.ledger(business_id).recorder, 0
    for wrong in wrong_sums(installed.carnet.store.report_sums, recorder):
        found += 1
        say(f"{business_id}: report_sums {wrong.name}: {wrong.where}: is not what the ledger makes it")
    say(f"{business_id}: kept sums of reports: {found:,} differ from the ledger")
    return found
