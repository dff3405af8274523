"""What of the ledger the API meets: the names under which routes and resources know it.

They render answers from books, look at streams and at recorded facts, and hand commands to a ledger. Nothing else
of the storage is theirs.
"""

from domain.ledger.books import LoadedBooks as Books
from domain.ledger.books import Stream as BookStream
from domain.ledger.books import View
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.contract import LedgerRecorder as Recorder
from domain.ledger.envelope import StoredFact
from domain.ledger.errors import UnknownBusiness
from domain.ledger.mapper import Recorded as RecordedFact
from domain.ledger.mapper import recorded
from domain.ledger.orders import RequestKey

__all__ = [
    "BookStream",
    "Books",
    "Carnet",
    "Ledger",
    "RecordedFact",
    "Recorder",
    "RequestKey",
    "StoredFact",
    "UnknownBusiness",
    "View",
    "recorded",
]
