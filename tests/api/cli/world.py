"""What somebody else does to the books while the command is looked at."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.server.installation import opened
from api.server.settings import Settings
from domain.actor import Actor, Role
from domain.ledger.carnet import Ledger
from domain.ledger.contract import Store
from domain.ledger.mapper import Meta
from tests.api.cli.conftest import Terminal

AT_THE_DESK = Meta(actor=Actor(id="stf_ann", role=Role.OWNER))


@contextmanager
def ledger_of(terminal: Terminal, business_id: str) -> Iterator[tuple[Ledger, Store]]:
    """A ledger as another process holds it, and its store."""
    with opened(Settings.read(terminal.environment)) as here:
        yield here.carnet.ledger(business_id), here.carnet.store
