"""Making books: the database, a business, the keys to its API."""

import click

from api.cli import output
from api.cli.options import NAME, STAFF, here, in_json, of_business, settings
from api.cli.options import currency as currency_code
from api.cli.options import time_zone as zone_name
from api.http.api_keys import issue_key, now_ms
from api.server.installation import migrate as bring_up_to_date
from api.server.installation import opened
from api.server.settings import pepper_of
from domain.ledger.contract import StoredKey
from domain.values import Role, from_milliseconds, rfc3339

DAY_MS = 24 * 60 * 60 * 1000


@click.command()
def migrate() -> None:
    """Make the database, or bring it up to this version of Carnet.

    Ledgers and tables of the read models both. Needed once on a new PostgreSQL database and after an
    upgrade; any number of processes may do it at once, and doing it again changes nothing.

    \b
    Example:
      CARNET_DATABASE=postgresql://localhost/salon carnet migrate

    Exit status: 0 up to date; 1 the database is not ours, newer than this program, or cannot be reached.
    """
    applied = bring_up_to_date(settings())
    for name in applied:
        click.echo(f"applied {name}")
    click.echo("up to date")


@click.command("open")
@click.argument("name", type=NAME)
@click.option("--currency", required=True, callback=currency_code, help="ISO 4217, such as EUR.")
@click.option("--time-zone", required=True, callback=zone_name, help="IANA, such as Europe/Budapest.")
@in_json
def open_(name: str, currency: str, time_zone: str, json_: bool) -> None:
    """Open the books of a business, and print its id and the first key of its owner.

    The key is shown once and never again; `carnet keys` issues others. Currency and time zone stay for ever.
    An embedded database is made if it is new; PostgreSQL needs `carnet migrate` first.

    \b
    Example:
      carnet open "Harbour Spa" --currency EUR --time-zone Europe/Budapest

    Exit status: 0 opened; 1 it failed; 2 no such currency or time zone.
    """
    read = settings()
    if read.ledger_file is not None:
        bring_up_to_date(read)
    with opened(read) as installed:
        business_id, key = installed.open_business(name, currency, time_zone)
    if json_:
        output.as_json({"business_id": business_id, "key": key})
    else:
        click.echo(f"business  {business_id}\nkey       {key}")


@click.group()
def keys() -> None:
    """Issue, list and revoke the keys to the API.

    \b
    Examples:
      carnet keys issue --role staff --name "front desk"
      carnet keys list
      carnet keys revoke key_…
    """


@keys.command("issue")
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role if role is not Role.CUSTOMER]),
    help="What the key may do.",
)
@click.option("--name", required=True, type=NAME)
@click.option("--staff", "staff_id", type=STAFF)
@click.option("--days", type=click.IntRange(1, 3_650), help="How long it is good; without, until revoked.")
@of_business
def issue(role: str, name: str, staff_id: str | None, days: int | None, business_id: str | None) -> None:
    """Make a key and print it: once, and never again.

    What is done with it stands in the books under the member of staff, or under the key itself.

    \b
    Example:
      carnet keys issue --role auditor --name "year end" --days 30

    Exit status: 0 issued; 1 it failed; 2 wrong usage.
    """
    with here() as installed:
        ledger = installed.ledger(business_id)
        expires_at = None if days is None else now_ms() + days * DAY_MS
        pepper = pepper_of(installed.settings)
        click.echo(
            issue_key(
                installed.carnet.store,
                pepper,
                ledger.business_id,
                Role(role),
                staff_id,
                name,
                expires_at=expires_at,
            )
        )


@keys.command("list")
@of_business
@in_json
def list_keys(business_id: str | None, json_: bool) -> None:
    """List the keys of a business, oldest first, without their secrets.

    Exit status: 0 listed; 1 it failed.
    """
    with here() as installed:
        found = installed.carnet.store.keys_of(installed.ledger(business_id).business_id)
    shown = [_key_shown(key) for key in found]
    if json_:
        output.as_json(shown)
    else:
        output.table(("id", "role", "name", "acts as", "issued", "state"), [tuple(k.values()) for k in shown])


def _key_shown(key: StoredKey) -> dict[str, str]:
    state = "valid"
    if key.revoked_at is not None:
        state = "revoked"
    elif key.expires_at is not None:
        over = key.expires_at <= now_ms()
        state = f"{'expired' if over else 'until'} {rfc3339(from_milliseconds(key.expires_at))}"
    return {
        "id": key.id,
        "role": key.role,
        "name": key.name,
        "actor_id": key.actor_id,
        "created_at": rfc3339(from_milliseconds(key.created_at)),
        "state": state,
    }


@keys.command("revoke")
@click.argument("key_id", metavar="KEY")
@of_business
def revoke(key_id: str, business_id: str | None) -> None:
    """Revoke a key by its id (key_…): it opens nothing any more, at the latest after three seconds.

    Exit status: 0 revoked; 1 there is no such key, or it was revoked before.
    """
    with here() as installed:
        ledger = installed.ledger(business_id)
        if not installed.carnet.store.revoke_key(ledger.business_id, key_id, now_ms()):
            raise click.ClickException(f"there is no key {key_id} that could be revoked")
    click.echo("revoked")
