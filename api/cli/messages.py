"""`carnet messages`: what became of the messages to customers."""

import click

from api.cli import output
from api.cli.options import in_json, of_one_business, store_here
from api.server.roster import require
from domain.ledger.records import MessageState, StoredMessage

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
    with store_here() as store:
        require(store, business_id)
        totals = [each for each in store.outbox.totals() if business_id in (None, each.business_id)]
        listed = [
            message
            for total in totals
            if total.state in LISTED
            for message in store.outbox.messages(total.business_id, limit=SHOWN_MAX, state=total.state)
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


def _shown(message: StoredMessage) -> dict[str, object]:
    from domain.moments import from_milliseconds, rfc3339

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
