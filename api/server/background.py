"""What runs by itself beside a server or a worker: the clock, e-mails and webhooks, each in a thread of its own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from api.outbound.deliverer import Deliverer
from api.outbound.notifier import Notifier
from api.outbound.sign_in_letters import CardLinks
from api.server.clock.ticking import ticking
from api.server.installation import Installation
from api.server.pepper import peppers_of
from api.server.settings import Settings


@contextmanager
def in_background(here: Installation, settings: Settings) -> Iterator[None]:
    """As the settings ask, as long as the block lasts."""
    with ExitStack() as stack:
        stack.enter_context(ticking(here, settings.tick_s))
        if settings.mail is not None:
            server = None if settings.mail == "none" else settings.mail
            stack.enter_context(Deliverer(here.carnet, server, _links(here, settings)).running())
        if settings.webhooks != "off":
            stack.enter_context(_notifier(here, settings).running())
        yield


def _links(here: Installation, settings: Settings) -> CardLinks | None:
    """Links to cards, where the installation knows the address at which people reach it."""
    if settings.address is None or not settings.pages:
        return None
    return CardLinks(here.carnet, settings.address, lambda: peppers_of(settings, here.carnet.store).current)


def _notifier(here: Installation, settings: Settings) -> Notifier:
    """Webhooks are signed under the peppers of the settings, the one before included."""

    def peppers() -> Sequence[bytes]:
        found = peppers_of(settings, here.carnet.store)
        return [each for each in (found.current, found.previous) if each is not None]

    return Notifier(here.carnet, peppers, loopback=settings.webhooks == "loopback")
