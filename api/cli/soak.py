"""`carnet soak`: whether this machine can be trusted with the books."""

import json
import random
import sys
import tempfile
from pathlib import Path

import click

SEED_MAX = 2**31


@click.command()
@click.option(
    "--minutes", type=click.FloatRange(0.05, 1_440), default=1.0, show_default=True, help="How long."
)
@click.option(
    "--tills", type=click.IntRange(1, 64), default=6, show_default=True, help="How many work at once."
)
@click.option("--database", help="postgresql://…: a migrated database without books. Else a file of its own.")
@click.option(
    "--seed", type=click.IntRange(0, SEED_MAX), help="Of the tills and the trouble; told in the report."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def soak(minutes: float, tills: int, database: str | None, seed: int | None, as_json: bool) -> None:
    """Work at a server that is killed, cut off and kept waiting, and prove that nothing is lost.

    Tills sell, use, give back and ask, each with a key of its own, and know what every answer must say. Meanwhile the
    server is killed and started again, its database refuses, falls silent or is locked, and `carnet verify` goes over
    the books. In the end every acknowledged command is held against the ledger.

    It uses books and a server of its own on this machine; your own books are not touched, whatever CARNET_DATABASE
    says. Ctrl-C ends it early, with the report of what was done. On PostgreSQL the login of --database serves, and
    row-level security is on where it binds that login.

    \b
    Examples:
      carnet soak --minutes 10
      carnet soak --minutes 60 --database postgresql://carnet_soak:…@127.0.0.1/soak

    Exit status: 0 nothing was lost, doubled, wrong or late; 1 something was.
    """
    # Imported here: the HTTP client loads slowly.
    from api.server.ending import ENDING, end_on
    from api.soak.books import NotEmpty
    from api.soak.run import Soak
    from api.soak.server import DidNotStart

    if database is not None and not database.startswith("postgresql://"):
        raise click.UsageError(
            "--database must begin with postgresql://; without it a file is made for the soak"
        )
    chosen = random.randrange(SEED_MAX) if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="carnet-soak-") as folder:
        trial = Soak(
            Path(folder), minutes * 60, tills, chosen, database, lambda told: click.echo(told, err=True)
        )
        end_on(ENDING, trial.over.set)
        try:
            report = trial.run()
        except (DidNotStart, NotEmpty) as error:
            raise click.ClickException(str(error)) from error
    click.echo(json.dumps(report.to_json(), indent=1) if as_json else "\n".join(report.lines()))
    if not report.is_clean:
        sys.exit(1)
