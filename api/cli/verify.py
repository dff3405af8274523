"""`carnet verify`: prove that the books are as they were recorded."""

import sys

import click

from api.cli import output
from api.cli.options import here, of_business
from api.server.installation import Installation
from replay import reconcile
from replay.verify import Broken, verify


@click.command("verify")
@click.option("--read-models", is_flag=True, help="Also fold the ledger and compare with the read models.")
@of_business
def verify_(read_models: bool, business_id: str | None) -> None:
    """Recompute the hash chain of every ledger from the stored bytes.

    Whatever was changed, taken out, put in or put elsewhere is found, and the first position where it was is
    named. Prints the hash of each head: kept elsewhere, it proves that the end was not cut off.

    \b
    Example:
      carnet verify

    Exit status: 0 everything is as it was recorded; 1 something is not.
    """
    broken = False
    with here() as installed:
        ids = [installed.ledger(business_id).business_id] if business_id else installed.businesses()
        for id in ids:
            broken |= not _is_intact(installed, id)
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
