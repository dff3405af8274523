"""A process that sends e-mails and webhooks of a database, as `carnet serve` does, and ends at a point of a delivery.

python -m tests.api.outbound.killed DATABASE SMTP_URL SENDER PEPPER SECONDS_AHEAD POINT
"""

import sys
from datetime import UTC, datetime, timedelta
from threading import Event

from api.outbound.deliverer import Deliverer
from api.outbound.mail_server import mail_server
from api.outbound.notifier import Notifier
from domain.ledger.carnet import Carnet
from tests.api.outbound.kill_points import Point, end_at

LASTS_S_MAX = 60.0


def main(database: str, smtp_url: str, sender: str, pepper: str, ahead_s: str, point: str) -> None:
    ahead = timedelta(seconds=float(ahead_s))
    carnet = Carnet(database, clock=lambda: datetime.now(UTC) + ahead)
    end_at(Point.of(point))
    with (
        Deliverer(carnet, mail_server(smtp_url, sender)).running(),
        Notifier(carnet, lambda: (pepper.encode(),), loopback=True).running(),
    ):
        Event().wait(LASTS_S_MAX)


if __name__ == "__main__":
    main(*sys.argv[1:])
