"""`carnet erasures`: who was erased, whether anything is left, and erasing again after a restore."""

import sys
from collections.abc import Iterable

import click

from api.cli import output
from api.cli.options import in_json, ledgers_here, of_one_business
from api.server.erasures import ErasedCustomer, apply_again, checked, complete
from domain.ledger.erasure_journal import ErasureJournal
from domain.moments import from_milliseconds, rfc3339, to_milliseconds

STILL_TO_COME = (
    "pages of the ledger file may still keep copies of erased rows: they are overwritten as soon as no reader needs the"
    " write-ahead log; ask again"
)


@click.command("erasures")
@click.option(
    "--apply", "apply_", is_flag=True, help="Erase again who is in the journal and not erased here."
)
@of_one_business
@in_json
def erasures(apply_: bool, business_id: str | None, json_: bool) -> None:
    """Search every place for what is left of the erased customers; nothing may be.

    With --apply first erase again the customers whom the journal of erasures (CARNET_ERASURES) names and these books
    know unerased: do so after PostgreSQL was restored from a dump. `carnet serve` and `carnet restore` do it by
    themselves. Doing it twice changes nothing. The journal then gets what it lacks.

    A ledger file may keep copies of erased rows in its pages for a moment after an erasure: those are overwritten here,
    if no server has done so yet, beside whoever works with it.

    \b
    Example:
      carnet erasures --apply

    Exit status: 0 nothing is left; 1 something is.
    """
    with ledgers_here() as installed:
        journal = ErasureJournal(installed.settings.erasures)
        applied = apply_again(installed.carnet, journal) if apply_ else []
        if apply_:
            complete(installed.carnet, journal, to_milliseconds(installed.carnet.clock()))
        ids = installed.businesses() if business_id is None else [installed.ledger(business_id).business_id]
        found = list(checked(installed.carnet, ids))
        is_overwritten = installed.carnet.store.overwrite_copies()
    if json_:
        output.as_json(
            {
                "applied": len(applied),
                "pages_overwritten": is_overwritten,
                "erasures": [_told(each) for each in found],
            }
        )
    else:
        _print(found)
        if apply_:
            click.echo(f"{len(applied)} erased again")
        if not is_overwritten:
            click.echo(STILL_TO_COME)
    if not is_overwritten or not all(each.is_clean for each in found):
        sys.exit(1)


def _told(each: ErasedCustomer) -> dict[str, object]:
    return {
        "business_id": each.business_id,
        "customer_id": each.customer_id,
        "erased_at": rfc3339(from_milliseconds(each.erased_at)),
        "left": dict(each.left),
    }


def _print(found: Iterable[ErasedCustomer]) -> None:
    rows = []
    for each in found:
        left = ", ".join(f"{n} {place}" for place, n in each.left.items() if n)
        rows.append(
            (
                each.business_id,
                each.customer_id,
                rfc3339(from_milliseconds(each.erased_at)),
                left or "nothing",
            )
        )
    output.table(("business", "customer", "erased", "left"), rows)
