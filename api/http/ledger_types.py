"""The types of the ledger that routes and resources use, under the names they use.

Routes and resources render answers from books, read streams and recorded facts, and hand commands to a
ledger. They use nothing else of the storage.
"""

from domain.ledger.books import LoadedBooks as Books
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.contract import LedgerRecorder as Recorder
from domain.ledger.contract import Store
from domain.ledger.envelope import StoredFact, first_hash
from domain.ledger.errors import (
    Contention,
    LedgerUnavailable,
    ReadOnlyBooks,
    RoleNeeded,
    UnknownBusiness,
)
from domain.ledger.evidence import Evidence
from domain.ledger.mapper import Recorded as RecordedFact
from domain.ledger.mapper import recorded
from domain.ledger.orders import RequestKey
from domain.ledger.records import FactFilter, KnownPepper, MessageState, StoredMessage, Whereabouts
from domain.ledger.report_sums import StoredSums
from domain.ledger.stream import Last as LastFact
from domain.ledger.stream import Stream as BookStream
from domain.ledger.stream import View
from domain.ledger.verification import Place as VerificationPlace
from domain.ledger.verification import StoredVerification
from domain.ledger.webhook import StoredWebhook

__all__ = [
    "BookStream",
    "Books",
    "Carnet",
    "Contention",
    "Evidence",
    "FactFilter",
    "KnownPepper",
    "LastFact",
    "Ledger",
    "LedgerUnavailable",
    "MessageState",
    "ReadOnlyBooks",
    "RecordedFact",
    "Recorder",
    "RequestKey",
    "RoleNeeded",
    "Store",
    "StoredFact",
    "StoredMessage",
    "StoredSums",
    "StoredVerification",
    "StoredWebhook",
    "UnknownBusiness",
    "VerificationPlace",
    "View",
    "Whereabouts",
    "first_hash",
    "recorded",
]
