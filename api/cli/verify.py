"""`carnet verify`: prove that the books are as they were recorded."""

import re
import sys
from dataclasses import dataclass
from typing import Any

import click

from api.cli import output
from api.cli.options import here, of_business
from api.http.key_guard import KeyGuards
from api.http.ledger_types import Evidence, LedgerUnavailable, first_hash
from api.server.installation import Installation
from api.server.ledgers import NoSuchBusiness
from api.server.pepper import WrongPepper, peppers_to_prove
from replay import reconcile
from replay.proof.prove import Proof
from replay.verify import Broken, Intact


@dataclass(frozen=True, slots=True)
class Expected:
    """Where a head was, and its hash, as they were kept elsewhere."""

    position: int
    hash: bytes


class Head(click.ParamType[Any]):
    """POSITION:HASH, as `carnet backup` and `carnet verify` told them."""

    name = "position:hash"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        found = re.fullmatch(r"([0-9]{1,18}):([0-9a-fA-F]{64})", value)
        if found is None:
            self.fail(f"{value!r} is not a position and the 64 digits of its hash", parameter, context)
        return Expected(int(found[1]), bytes.fromhex(found[2]))


@click.command("verify")
@click.option("--read-models", is_flag=True, help="Also fold the ledger and compare with the read models.")
@click.option(
    "--expect",
    type=Head(),
    multiple=True,
    metavar="POSITION:HASH",
    help="Fail unless the ledger has this hash at this position.",
)
@of_business
def verify_(read_models: bool, expect: tuple[Expected, ...], business_id: str | None) -> None:
    """Recompute the hash chain of every ledger, and prove every table beside the facts.

    Whatever was changed, taken out, put in or put elsewhere among the facts is found, and the first position where
    it was is named. Heads, streams and claims are compared with what the facts say; requests, answers, notes,
    reasons and the directory with what the facts committed to; keys with their guards under the pepper. Each row
    that is not as it should be is a line. Prints the hash of each head: kept elsewhere and given as --expect, it
    proves that the end was not cut off, nor the chain computed anew.

    \b
    Examples:
      carnet verify
      carnet verify --business biz_… --expect 4711:9f86d0…

    Exit status: 0 everything is as it was recorded; 1 something is not.
    """
    broken = False
    with here() as installed:
        known = installed.businesses_with_rows()
        if business_id is None and expect:
            business_id = installed.ledger(None).business_id
        if business_id is not None and business_id not in known:
            raise NoSuchBusiness(f"there is no business {business_id}")
        guards = guards_of(installed)
        for id in [business_id] if business_id is not None else known:
            broken |= not _is_proved(installed, id, guards, expect)
            if read_models and installed.has_head(id):
                broken |= _differs(installed, id)
        broken |= not _has_whole_indexes(installed)
    if broken:
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


def _is_proved(
    installed: Installation, business_id: str, guards: KeyGuards | None, expect: tuple[Expected, ...]
) -> bool:
    wrong = 0
    with (
        installed.carnet.store.evidence(business_id) as evidence,
        output.progress(f"Verifying {business_id}", "facts") as advance,
    ):
        proof = Proof(evidence, guards, lambda done, of: advance(done, of, done))
        for finding in proof.findings():
            wrong += 1
            click.echo(finding.line)
        there = [_is_there(evidence, each) for each in expect]
    _tell(proof, wrong)
    return isinstance(proof.chain, Intact) and not wrong and all(there)


def _tell(proof: Proof, wrong: int) -> None:
    found, business_id = proof.chain, proof.business_id
    if isinstance(found, Broken):
        click.echo(f"{business_id}: BROKEN at position {found.position}: it {found.reason}")
        click.echo(f"{business_id}: the tables beside the facts are compared once the facts are whole")
        return
    click.echo(f"{business_id}: intact, {found.position:,} facts, head {found.hash.hex()}")
    if wrong:
        mends = "`carnet repair` tells what can be made anew"
        click.echo(f"{business_id}: {wrong:,} rows beside the facts are not as they should be: {mends}")
    elif proof.texts.kept or proof.texts.erased:
        kept, erased = proof.texts.kept, proof.texts.erased
        click.echo(f"{business_id}: {kept:,} texts as they were written, {erased:,} erased")


def _is_there(evidence: Evidence, expected: Expected) -> bool:
    business_id, position = evidence.business_id, expected.position
    page = evidence.facts(position - 1, 1) if position else ()
    found = first_hash(business_id) if not position else page[0].hash if page else None
    if page and page[0].position != position:
        found = None
    if found == expected.hash:
        click.echo(f"{business_id}: has the expected hash at position {position:,}")
        return True
    wrong = "has another hash at" if found else "has not come to"
    click.echo(f"{business_id}: NOT WHAT WAS EXPECTED: it {wrong} position {position:,}")
    return False


def _has_whole_indexes(installed: Installation) -> bool:
    try:
        damaged = installed.carnet.store.damaged_indexes()
    except LedgerUnavailable as error:
        click.echo(f"indexes are not looked at: {error}", err=True)
        return True
    for table in damaged:
        click.echo(f"{table}: does not hold what people_search says: `carnet repair --apply` makes it anew")
    return not damaged


def _differs(installed: Installation, business_id: str) -> bool:
    projections = reconcile.of_packages(list(installed.views.projections.values()))
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
            click.echo(
                f"{business_id}: {difference.read_model} {difference.key} is not what the ledger makes it"
            )
    click.echo(f"{business_id}: {', '.join(names)}: {differences:,} rows differ from the ledger")
    return differences > 0
