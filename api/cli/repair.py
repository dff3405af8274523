"""`carnet repair`: make anew the tables that follow from the facts."""

import sys
from contextlib import AbstractContextManager

import click

from api.cli import output
from api.cli.options import here, of_one_business
from api.cli.verify import guards_of
from api.http.key_guard import KeyGuards
from api.server.installation import Installation
from replay.proof.finding import Finding
from replay.proof.mend import mend
from replay.proof.prove import Proof
from replay.reports.kept_proof import wrong_sums
from replay.verify import Broken, Intact

MENDS = "--apply makes it anew"
ADVICE = {
    "committed": "nothing here can make it anew: restore it from a backup",
    "guarded": "nothing here can make it anew: revoke the key, or restore it from a backup",
    "own": "nothing here can make it anew: enter it again, or restore it from a backup",
    "derived": "nothing here can make it anew: restore it from a backup",
    "cached": "delete it: it is made anew when it is needed",
}
"""Standing of a table → what to do about a row that cannot be mended."""


@click.command("repair")
@click.option("--apply", "applies", is_flag=True, help="Write; without it nothing is changed.")
@of_one_business
def repair(applies: bool, business_id: str | None) -> None:
    """Show what differs in tables that follow from the facts, and make them anew with --apply.

    Heads, streams, claims and what customers are found by are made from the facts; the facts are never touched. Each
    business is mended in one transaction, under the lock of its writers, so that a server may go on. What cannot be
    made anew is told with what to do. Where the facts themselves are broken, nothing is made of them: restore a
    backup first.

    Kept sums of reports that are not those of the facts are deleted, and made anew by the next report, also
    in servers that have begun with them.

    On PostgreSQL it needs the rights of `carnet migrate`.

    \b
    Examples:
      carnet repair
      carnet repair --apply

    Exit status: 0 nothing differs, or all that differed was made anew; 1 something is left.
    """
    left = 0
    with here() as installed:
        guards = guards_of(installed)
        for id in installed.to_prove(business_id):
            rows, proof = _repaired(installed, id, guards) if applies else _shown(installed, id, guards)
            left += rows
            if isinstance(proof.chain, Intact) and installed.has_head(id):
                left += _sums(installed, id, applies=applies)
        left += _indexes(installed, applies=applies)
    if left:
        sys.exit(1)


def _shown(installed: Installation, business_id: str, guards: KeyGuards | None) -> tuple[int, Proof]:
    """What differs; returns how many rows do."""
    with installed.carnet.store.evidence(business_id) as evidence, _progress(business_id) as advance:
        proof = Proof(evidence, guards, lambda done, of: advance(done, of, done))
        found = 0
        for finding in proof.findings():
            found += 1
            click.echo(f"{finding.line}: {MENDS if finding.can_be_mended else _advice(finding)}")
    return found + _told(proof, found, 0), proof


def _repaired(installed: Installation, business_id: str, guards: KeyGuards | None) -> tuple[int, Proof]:
    """Make anew what differs; returns how many rows are left as they are."""
    with installed.carnet.store.mending(business_id) as mending, _progress(business_id) as advance:
        proof = Proof(mending, guards, lambda done, of: advance(done, of, done))
        found = mended = 0
        for finding in mend(mending, proof):
            found += 1
            mended += finding.can_be_mended
            click.echo(f"{finding.line}: {'made anew' if finding.can_be_mended else _advice(finding)}")
    return found - mended + _told(proof, found, mended), proof


def _told(proof: Proof, found: int, mended: int) -> int:
    chain, business_id = proof.chain, proof.business_id
    if isinstance(chain, Broken):
        broken = f"BROKEN at position {chain.position}: it {chain.reason}"
        click.echo(f"{business_id}: {broken}: nothing is made of broken facts: restore a backup")
        return 1
    click.echo(f"{business_id}: {found:,} rows differ, {mended:,} were made anew")
    return 0


def _sums(installed: Installation, business_id: str, *, applies: bool) -> int:
    """Kept sums of reports that are not those of the facts are deleted: the next report makes them anew."""
    kept, recorder = installed.carnet.store.report_sums, installed.carnet.ledger(business_id).recorder
    found = list(wrong_sums(kept, recorder))
    for wrong in found:
        done = "deleted, to be made anew by the next report" if applies else MENDS
        click.echo(f"{business_id}: report_sums {wrong.name}: {wrong.where}: differs from the facts: {done}")
    if not applies:
        return len(found)
    for name in {wrong.name for wrong in found}:
        kept.forget(business_id, name)
    return 0


def _indexes(installed: Installation, *, applies: bool) -> int:
    damaged = installed.carnet.store.damaged_indexes()
    for table in damaged:
        click.echo(f"{table}: does not hold what people_search says")
    if damaged and applies:
        installed.carnet.store.make_indexes_anew()
        click.echo("people_grams: made anew")
        return 0
    return len(damaged)


def _advice(finding: Finding) -> str:
    return ADVICE[finding.standing]


def _progress(business_id: str) -> AbstractContextManager[output.Advance]:
    return output.progress(f"Proving {business_id}", "facts")
