"""`carnet history`: a package's whole history, at any moment."""

from datetime import date, datetime

import click

from api.cli import history_output
from api.cli.arguments import DAY_OR_MOMENT
from api.cli.options import in_json, ledgers_here, of_business
from api.http.ledger_types import Ledger
from api.resources.parts import known
from api.server.ledgers import Ledgers
from replay.as_of import asked, is_over
from replay.package import PackageThen
from replay.timeline import package_as_it_was


@click.command()
@click.argument("package_id", metavar="PACKAGE")
@click.option("--at-version", type=click.IntRange(1), help="As it was after so many of its facts.")
@click.option("--as-of", type=DAY_OR_MOMENT, help="As the books knew it at a moment, or by the end of a day.")
@of_business
@in_json
def history(
    package_id: str,
    at_version: int | None,
    as_of: date | datetime | None,
    business_id: str | None,
    json_: bool,
) -> None:
    """Show a package and everything that ever happened to it, as it is or as it was.

    \b
    Examples:
      carnet history pkg_…
      carnet history pkg_… --at-version 3
      carnet history pkg_… --as-of 2026-10-03

    Names and reasons show in the present; of the past, ids alone.

    Exit status: 0 shown; 1 there is no such package, or was none then; 2 wrong usage.
    """
    if at_version is not None and as_of is not None:
        raise click.UsageError("ask for a version or for a moment, not for both")
    with ledgers_here() as installed:
        ledger = installed.ledger(business_id)
        now = installed.carnet.clock()
        zone = installed.business(ledger.business_id).time_zone
        if as_of is not None and not is_over(as_of, zone, now):
            raise click.UsageError("--as-of must lie in the past; a day must be over")
        past = asked(zone, at_version=at_version, as_of=as_of)
        then = package_as_it_was(ledger.recorder, package_id, now, past)
        if then is None:
            raise click.ClickException(f"there is no package {package_id}, or was none then")
        names = history_output.UNNAMED if past else _names(installed, ledger, then)
    if json_:
        history_output.package_as_json(then, names)
    else:
        history_output.package(then, names)


def _names(installed: Ledgers, ledger: Ledger, then: PackageThen) -> history_output.Names:
    """The people, keys and texts of a history. Of the past only ids are told: names may change or go."""
    rows, recorder = then.history, ledger.recorder
    ids = {row[name] for row in rows for name in ("actor_id", "staff_id", "participant_id")}
    people = recorder.people(sorted({then.customer_id, *ids} - {None}))
    keys = installed.carnet.store.key_names(ledger.business_id, sorted(row["actor_id"] for row in rows))
    texts = recorder.texts(sorted({row["text_id"] for row in rows} - {None}))
    return history_output.Names(
        {**known(people), **{id: {"name": name} for id, name in keys.items()}},
        {text.id: text.text for text in texts},
    )
