"""`carnet keys`: issue, list and revoke the keys to the API."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import click

from api.cli import output
from api.cli.arguments import NAME, STAFF
from api.cli.options import in_json, ledgers_here, of_business
from api.http.api_keys import StoredKey, now_ms, role_of
from api.http.key_guard import guard_of, is_genuine, mark_when_made
from api.http.key_scopes import flaw_of_scopes
from api.http.ledger_types import Carnet, KnownPepper
from api.http.new_keys import issue_key
from api.http.permissions import Scope
from api.http.sign_in_links import NAME_OF_KEYS
from api.server.ledgers import Ledgers
from api.server.pepper import Peppers, WrongPepper, peppers_of
from api.server.present_role import present_role
from domain.actor import Role
from domain.decision import Reads
from domain.moments import from_milliseconds, rfc3339
from domain.use_cases.checks import check_staff

DAY_MS = 24 * 60 * 60 * 1000


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
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What an integration may do; give it once for each.",
)
@click.option("--days", type=click.IntRange(1, 3_650), help="How long it is good; without, until revoked.")
@click.option(
    "--list-anew",
    is_flag=True,
    help="Write the list of all keys anew as it stands, where it was changed by hand and you have looked at it.",
)
@of_business
def issue(
    role: str,
    name: str,
    staff_id: str | None,
    scopes: tuple[str, ...],
    days: int | None,
    list_anew: bool,
    business_id: str | None,
) -> None:
    """Make a key and print it: once, and never again.

    What is done with it stands in the books under the member of staff, or under the key itself. The member must be
    active, and the key never does more than their present role may.

    The key of an integration does only what its scopes say.

    \b
    Examples:
      carnet keys issue --role auditor --name "year end" --days 30
      carnet keys issue --role integration --name "web shop" --scope sell --scope read

    Exit status: 0 issued; 1 it failed; 2 wrong usage.
    """
    if name == NAME_OF_KEYS:
        raise click.UsageError("--name: is that of the keys that links become")
    given = [Scope(scope) for scope in scopes]
    if (flaw := flaw_of_scopes(Role(role), given)) is not None:
        raise click.UsageError(f"--scope: {flaw}")
    with ledgers_here() as installed:
        ledger = installed.ledger(business_id)
        if staff_id is not None:
            check_staff(installed.look(ledger.business_id, Reads({staff_id: 0})), staff_id)
        expires_at = None if days is None else now_ms() + days * DAY_MS
        peppers = peppers_of(installed.settings, installed.carnet.store, issuing=True)
        click.echo(
            issue_key(
                installed.carnet.store,
                peppers.current,
                ledger.business_id,
                Role(role),
                staff_id,
                name,
                scopes=given,
                expires_at=expires_at,
                previous_pepper=peppers.previous,
                is_list_mended=list_anew,
            )
        )


@keys.command("list")
@of_business
@in_json
def list_keys(business_id: str | None, json_: bool) -> None:
    """List the keys of a business, oldest first, without their secrets.

    A key that was made under another pepper than the settings name opens nothing, and the list says so. So it does of
    a key whose member of staff left, or has a lesser role than the key.

    Exit status: 0 listed; 1 it failed, or the pepper is wrong.
    """
    wrong: WrongPepper | None = None
    peppers: Peppers | None = None
    with ledgers_here() as installed:
        store = installed.carnet.store
        found = store.keys_of(installed.ledger(business_id).business_id)
        try:
            peppers = peppers_of(installed.settings, store)
        except WrongPepper as error:
            wrong = error
        known = store.peppers()
        shown = [_key_shown(key, known, peppers, installed.carnet) for key in found]
    if json_:
        output.as_json(shown)
    else:
        columns = ("id", "role", "scopes", "name", "acts as", "issued", "state")
        output.table(columns, [tuple(k.values()) for k in shown])
    if wrong is not None:
        raise wrong


def _key_shown(
    key: StoredKey, known: Sequence[KnownPepper], peppers: Peppers | None, carnet: Carnet
) -> dict[str, str]:
    state = "valid"
    present = role_of(key, partial(present_role, carnet))
    if key.revoked_at is None and not (peppers and peppers.open(mark_when_made(known, key.created_at))):
        state = "made under another pepper"
    elif key.revoked_at is not None:
        state = "revoked"
    elif present is None:
        state = "its member of staff left"
    elif present.value != key.role:
        state = f"limited to {present.value}, the role of its member of staff"
    elif key.expires_at is not None:
        over = key.expires_at <= now_ms()
        state = f"{'expired' if over else 'until'} {rfc3339(from_milliseconds(key.expires_at))}"
    return {
        "id": key.id,
        "role": key.role,
        "scopes": key.scopes,
        "name": key.name,
        "actor_id": key.actor_id,
        "created_at": rfc3339(from_milliseconds(key.created_at)),
        "state": state,
    }


def _guard_of_revoked(installed: Ledgers, key_id: str, at: int) -> bytes:
    """The guard of the key once it is revoked. A key is revoked also where the pepper is lost: then without one."""
    known = installed.carnet.store.find_key(key_id)
    try:
        peppers = peppers_of(installed.settings, installed.carnet.store)
    except WrongPepper:
        return b""
    if known is None or not is_genuine(peppers.all, known):
        return known.guard if known is not None else b""
    return guard_of(peppers.current, replace(known, revoked_at=at))


@keys.command("revoke")
@click.argument("key_id", metavar="KEY")
@of_business
def revoke(key_id: str, business_id: str | None) -> None:
    """Revoke a key by its id (key_…): it opens nothing any more, at the latest after three seconds.

    Exit status: 0 revoked; 1 there is no such key, or it was revoked before.
    """
    with ledgers_here() as installed:
        ledger, store, at = installed.ledger(business_id), installed.carnet.store, now_ms()
        if not store.revoke_key(ledger.business_id, key_id, at, _guard_of_revoked(installed, key_id, at)):
            raise click.ClickException(f"there is no key {key_id} that could be revoked")
    click.echo("revoked")
