"""A process that sends e-mails and webhooks of a database, as `carnet serve` does, and ends at a point of one."""

import json
import os
from datetime import UTC, datetime, timedelta
from threading import Event

from api.outbound.deliverer import Deliverer
from api.outbound.mail_server import mail_server
from api.outbound.notifier import Notifier
from domain.ledger.carnet import Carnet
from tests.api.outbound.kill_points import Point, end_at
from tests.command_process import CommandProcess, start

LASTS_S_MAX = 60.0
GIVEN = "DELIVERY"


def main(database: str, smtp_url: str, sender: str, pepper: str, ahead_s: str, point: str) -> None:
    ahead = timedelta(seconds=float(ahead_s))
    carnet = Carnet(database, clock=lambda: datetime.now(UTC) + ahead)
    end_at(Point.of(point))
    with (
        Deliverer(carnet, mail_server(smtp_url, sender)).running(),
        Notifier(carnet, lambda: (pepper.encode(),), loopback=True).running(),
    ):
        Event().wait(LASTS_S_MAX)


def started(*arguments: str) -> CommandProcess:
    """In a process of its own: database, SMTP server, sender, pepper, seconds ahead, point."""
    return start(environment={**os.environ, GIVEN: json.dumps(arguments)}, before=_send)


def _send() -> None:
    """Instead of a command."""
    main(*json.loads(os.environ[GIVEN]))
    os._exit(0)
