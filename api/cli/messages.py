"""`carnet messages`: what became of the messages to customers."""

from collections.abc import Iterator

import click

from api.cli import output
from api.cli.options import in_json, ledgers_here, of_one_business
from api.http.ledger_types import StoredMessage
from api.server.ledgers import Ledgers
from domain.ledger.records import MessageState
from domain.moments import from_milliseconds, rfc3339

SHOWN_MAX = 200
"""Messages of a business and a state that are listed."""
LISTED: tuple[MessageState, ...] = ("given_up", "waiting")


@click.command()
@of_one_business
@in_json
def messages(business_id: str | None, json_: bool) -> None:
    """Count the messages to customers by state, and list those that wait and those that were given up.

    A message waits until the mail server, or the receiver of `message.due`, takes it. It is given up after three days,
    or at once where the mail server says that the address does not exist. GET /v1/messages lists all of them for one
    business.

    \b
    Example:
      carnet messages

    Exit status: 0 done.
    """
    with ledgers_here() as installed:
        id = None if business_id is None else installed.ledger(business_id).business_id
        totals = [
            total for total in installed.carnet.store.outbox.totals() if id in (None, total.business_id)
        ]
        listed = [
            message
            for total in totals
            if total.state in LISTED
            for message in _of(installed, total.business_id, total.state)
        ]
    counted = [
        {"business_id": total.business_id, "state": total.state, "messages": total.messages}
        for total in totals
    ]
    rows = [_shown(message) for message in listed]
    if json_:
        output.as_json({"totals": counted, "messages": rows})
        return
    output.table(("business", "state", "messages"), [tuple(row.values()) for row in counted])
    if rows:
        output.table(tuple(rows[0]), [tuple(row.values()) for row in rows])


def _of(installed: Ledgers, business_id: str, state: MessageState) -> Iterator[StoredMessage]:
    outbox = installed.carnet.store.outbox
    yield from outbox.messages(business_id, limit=SHOWN_MAX, state=state)


def _shown(message: StoredMessage) -> dict[str, object]:
    return {
        "business_id": message.business_id,
        "id": message.id,
        "kind": message.kind,
        "channel": message.channel,
        "thing_id": message.thing_id,
        "recorded_at": rfc3339(from_milliseconds(message.recorded_at)),
        "state": message.state,
        "attempts": message.attempts,
        "reason": message.reason,
    }
