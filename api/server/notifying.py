"""Webhooks of an installation: sent in a thread, signed under the peppers of the settings."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from api.http.ledger_types import Carnet
from api.outbound.notifier import Notifier
from api.server.pepper import peppers_of
from api.server.settings import Settings


@contextmanager
def notifying(carnet: Carnet, settings: Settings) -> Iterator[None]:
    """Send webhooks in a thread of this process as long as the block lasts."""

    def peppers() -> Sequence[bytes]:
        found = peppers_of(settings, carnet.store)
        return [each for each in (found.current, found.previous) if each is not None]

    notifier = Notifier(carnet, peppers, loopback=settings.webhooks == "loopback")
    notifier.start()
    try:
        yield
    finally:
        notifier.stop()
