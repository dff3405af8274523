"""`carnet rebuild`: make read models anew beside the live ones."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import click

from api.cli import output, standing_output
from api.cli.options import here
from projections.engine.comparison import Difference
from projections.engine.definition import Projection
from projections.engine.patience import Waiting
from projections.engine.rebuild import rebuild_all

WORKERS_MAX = 64


@click.command("rebuild")
@click.argument("names", metavar="NAME…", nargs=-1)
@click.option("--all", "of_all", is_flag=True, help="Every read model, in one pass over the facts.")
@click.option(
    "--workers",
    type=click.IntRange(1, WORKERS_MAX),
    default=1,
    show_default=True,
    help="Processes that share the work.",
)
@click.option("--verify", "compared", is_flag=True, help="Compare with the live table; print what differs.")
@click.option("--keep-old", is_flag=True, help="Leave the old tables: the next rebuild drops them.")
@click.option("--restart", is_flag=True, help="Throw away what an interrupted rebuild left.")
def rebuild_(
    names: tuple[str, ...], of_all: bool, workers: int, compared: bool, keep_old: bool, restart: bool
) -> None:
    """Make read models anew from the ledgers, beside the live tables, and switch.

    The live tables answer until the switch. Tables of other versions stay for the code that reads them, until
    `carnet drop-old`. Those named together are made in one pass over the facts. Any number of processes, also on
    several machines, share the work: start the command again, there or here. An interrupted rebuild goes on where it
    ended. A table that goes is waited for while somebody reads it, by short attempts that keep nobody else waiting;
    where that takes too long it goes with the next rebuild.

    \b
    Examples:
      carnet rebuild cards
      carnet rebuild cards history --verify
      carnet rebuild --all --workers 4

    Exit status: 0 made anew; 1 it failed, or rows differed (the new table is the live one then); 2 there is
    no such read model, or none was named.
    """
    with here() as installed:
        projections = _chosen(installed.views.projections, names, of_all=of_all)
        what = "read models" if len(projections) > 1 else projections[0].name
        with output.progress(f"Rebuilding {what}", "facts") as advance:
            made = rebuild_all(
                installed.carnet.store,
                installed.views,
                projections,
                progress=lambda done, of: advance(done, of, done),
                differing=_told_of if compared else None,
                keep_old=keep_old,
                restart=restart,
                waiting=_told_once(),
                helped=partial(_workers, workers - 1) if workers > 1 else None,
            )
    for each in made:
        click.echo(f"{each.physical} is live, made from {each.facts:,} facts")
        if compared:
            click.echo(f"{each.differences:,} rows differed")
    if any(each.differences for each in made):
        sys.exit(1)


def _chosen(known: Mapping[str, Projection], names: Sequence[str], *, of_all: bool) -> list[Projection]:
    """Raises UsageError for a name that is unknown, and for none."""
    if of_all == bool(names):
        raise click.UsageError("name the read models to make anew, or give --all")
    for name in names:
        if name not in known:
            raise click.UsageError(f"there is no read model {name!r}, only {', '.join(known)}")
    return [known[name] for name in (known if of_all else dict.fromkeys(names))]


def _told_of(projection: Projection, found: Difference) -> None:
    standing_output.difference(found)


@contextmanager
def _workers(number: int, physicals: Sequence[str]) -> Iterator[None]:
    """Processes that fill these tables too. They end when nothing is left to do."""
    command = [sys.executable, "-m", "api.cli.rebuild_worker", *physicals]
    running = [subprocess.Popen(command, stdin=subprocess.DEVNULL) for _ in range(number)]
    try:
        yield
    except BaseException:
        for worker in running:
            worker.terminate()
        raise
    finally:
        for worker in running:
            worker.wait()


def _told_once() -> Waiting:
    """Says what is waited for, once each."""
    told: set[str] = set()

    def waiting(what: str) -> None:
        if what not in told:
            told.add(what)
            click.echo(f"{what} is still being read: waiting, and trying again", err=True)

    return waiting
