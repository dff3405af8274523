"""`carnet tick`: record what is due by the clock."""

import sys
from collections import Counter

import click

from api.cli.options import here, of_one_business


@click.command("tick")
@of_one_business
def tick_(business_id: str | None) -> None:
    """Record what is due by the clock: expiries that have passed, and reminders of those that come. Plan reminders of
    sessions and greetings, and forget messages that were settled long ago.

    `carnet serve` and `carnet work` do so by themselves (CARNET_TICK_S). Running it late, twice or in two places
    at once records everything once. A package expires by its date, whether or not this runs.

    \b
    Example:
      carnet tick

    Exit status: 0 all done; 1 some of it failed, and the next tick tries again.
    """
    from api.server.clock.jobs import JOBS, LEDGER_JOBS
    from api.server.clock.tick import tick

    recorded: Counter[str] = Counter()
    failed = False
    with here() as installed:
        ids = installed.businesses() if business_id is None else [installed.ledger(business_id).business_id]
        tables = dict.fromkeys(name for job in JOBS for name in job.reads)
        for done in tick(installed.carnet, installed.reads([*tables]), ids):
            recorded[done.job] += done.recorded
            if done.error is not None:
                failed = True
                click.echo(f"{done.job} of {done.business_id}: {done.error}", err=True)
    for job in JOBS:
        if job in LEDGER_JOBS or recorded[job.name]:
            click.echo(f"{recorded[job.name]} {job.name} recorded")
    if failed:
        sys.exit(1)
