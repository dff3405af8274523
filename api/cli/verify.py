"""`carnet verify`: prove that the books are as they were recorded."""

import re
import sys
from dataclasses import dataclass
from typing import Any

import click

from api.cli import output
from api.cli.options import here, of_business
from api.server.installation import Installation
from replay import reconcile
from replay.texts import held_texts
from replay.verify import Broken, hash_at, verify


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
    """Recompute the hash chain of every ledger from the stored bytes.

    Whatever was changed, taken out, put in or put elsewhere is found, and the first position where it was is
    named. Notes and reasons are held to what their facts committed to. Prints the hash of each head: kept
    elsewhere and given as --expect, it proves that the end was not cut off, nor the chain computed anew.

    \b
    Examples:
      carnet verify
      carnet verify --business biz_… --expect 4711:9f86d0…

    Exit status: 0 everything is as it was recorded; 1 something is not.
    """
    broken = False
    with here() as installed:
        one = [installed.ledger(business_id).business_id] if business_id or expect else None
        for id in one or installed.businesses():
            broken |= not _is_intact(installed, id)
            broken |= not _holds_texts(installed, id)
            for each in expect:
                broken |= not _is_there(installed, id, each)
            if read_models:
                broken |= _differs(installed, id)
    if broken:
        sys.exit(1)


def _is_intact(installed: Installation, business_id: str) -> bool:
    with output.progress(f"Verifying {business_id}", "facts") as advance:
        found = verify(
            installed.carnet.ledger(business_id).recorder, lambda done, of: advance(done, of, done)
        )
    if isinstance(found, Broken):
        click.echo(f"{business_id}: BROKEN at position {found.position}: it {found.reason}")
        return False
    click.echo(f"{business_id}: intact, {found.position:,} facts, head {found.hash.hex()}")
    return True


def _holds_texts(installed: Installation, business_id: str) -> bool:
    held = held_texts(installed.carnet.ledger(business_id).recorder)
    for what, found in (("is not what it was", held.changed), ("is lost", held.lost)):
        for position, id in found:
            click.echo(f"{business_id}: BROKEN at position {position}: its text {id} {what}")
    if held.is_right and (held.kept or held.erased):
        click.echo(f"{business_id}: {held.kept:,} texts as they were written, {held.erased:,} erased")
    return held.is_right


def _is_there(installed: Installation, business_id: str, expected: Expected) -> bool:
    found = hash_at(installed.carnet.ledger(business_id).recorder, expected.position)
    if found == expected.hash:
        click.echo(f"{business_id}: has the expected hash at position {expected.position:,}")
        return True
    wrong = "has another hash at" if found else "has not come to"
    click.echo(f"{business_id}: NOT WHAT WAS EXPECTED: it {wrong} position {expected.position:,}")
    return False


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
