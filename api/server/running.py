"""The servers that are known to serve these books."""

from api.server.settings import Settings
from domain.ledger.contract import Store
from domain.ledger.embedded.sqlite.server_lock import is_served
from domain.ledger.records import RunningServer, Whereabouts


def servers(settings: Settings, store: Store) -> list[RunningServer]:
    """The servers of these books, as far as it is known: those of a file hold its lock, others have registered."""
    if settings.ledger_file is not None and not is_served(settings.ledger_file):
        return []
    return [each for each in store.servers() if store.whereabouts(each.place) is Whereabouts.HERE]
