"""What a database keeps beside its ledgers, for all businesses: messages, receivers of facts, verifications, sums
of reports."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from domain.ledger.records import MessageState, MessageTotal, StoredMessage
from domain.ledger.report_sums import StoredSums
from domain.ledger.verification import StoredVerification
from domain.ledger.webhook import StoredWebhook


class Outbox(Protocol):
    """The messages of all businesses of a database, and the position up to which each ledger was read for them.

    Whoever sends holds `alone()` meanwhile. Every method raises LedgerUnavailable.
    """

    def alone(self) -> AbstractContextManager[Callable[[], bool]]:
        """Try to be the one process that sends. The function tells whether this is so, also later."""

    def switched_on(self) -> tuple[str, int] | None:
        """Where this database was when it last sent, as `Store.place()`, and since when its facts get messages."""

    def switch_on(self, place: str, since: int, *, anew: bool) -> None:
        """Keep both. `anew`: what waits is given up at the moment `since`, and no ledger was read yet."""

    def switch_off(self) -> None:
        """Forget both."""

    def positions(self) -> Mapping[str, int]:
        """Business → the position up to which its ledger was read."""

    def plan(self, business_id: str, upto: int, messages: Sequence[StoredMessage]) -> None:
        """Keep messages and the position up to which the ledger was read, together. Known messages stay as they are."""

    def known(self, business_id: str, ids: Sequence[str]) -> Collection[str]:
        """Those of the ids that messages of a business have."""

    def add(self, business_id: str, messages: Sequence[StoredMessage]) -> None:
        """Keep messages for occasions. Known messages stay as they are."""

    def due(self, now_ms: int, each: int, *, by_email: bool) -> Sequence[StoredMessage]:
        """Waiting messages whose next try has come, the longest due first, at most `each` of a business: e-mails, or
        all that go by another channel."""

    def put(self, message: StoredMessage) -> None:
        """Store state, attempts, next try and reason of a known message."""

    def forget_settled(self, business_id: str, settled_before: int, at_most: int) -> int:
        """Delete messages of a business that were settled before a moment; how many were."""

    def waiting(self) -> Mapping[str, int]:
        """Business → its messages that wait, without zeros."""

    def totals(self) -> Sequence[MessageTotal]:
        """Messages by business and state, without zeros."""

    def messages(
        self,
        business_id: str,
        *,
        after: tuple[int, str] = (0, ""),
        limit: int,
        state: MessageState | None = None,
        thing_id: str | None = None,
        customer_id: str | None = None,
    ) -> Sequence[StoredMessage]:
        """Messages of a business behind a position and an id, in order of both."""


class Webhooks(Protocol):
    """The receivers of facts of all businesses of a database. Whoever sends holds `alone()` meanwhile.

    Every method raises LedgerUnavailable.
    """

    def alone(self) -> AbstractContextManager[Callable[[], bool]]:
        """Try to be the one process that sends. The function tells whether this is so, also later."""

    def all(self) -> Sequence[StoredWebhook]:
        """Those of every business, by business and id."""

    def of(self, business_id: str) -> Sequence[StoredWebhook]:
        """Those of one business, by id."""

    def find(self, business_id: str, id: str) -> StoredWebhook | None: ...

    def add(self, webhook: StoredWebhook) -> None:
        """Store a receiver; one that is known stays as it is."""

    def put(self, webhook: StoredWebhook) -> bool:
        """Store a changed receiver with one revision more. False where it was changed since it was read."""


class Verifications(Protocol):
    """The verifications that are remembered. They are told, and prove nothing.

    Every method raises LedgerUnavailable.
    """

    def add(self, verification: StoredVerification) -> None:
        """Remember one, and forget those of the business beyond the newest `KEPT_MAX`."""

    def of(self, business_id: str) -> Sequence[StoredVerification]:
        """Those of one business, the newest first."""


class ReportSums(Protocol):
    """Sums from which reports are answered, one row of each kind and business. They may be missing at any time.

    Every method raises LedgerUnavailable; those that write ReadOnlyBooks, RoleNeeded and Contention too.
    """

    def find(self, business_id: str, name: str) -> StoredSums | None:
        """As they lie there, whoever made them."""

    def digest(self, business_id: str, name: str) -> bytes | None:
        """What tells the row there from every other; None: there is none. It reads no sums."""

    def put(self, sums: StoredSums, *, instead_of: bytes | None) -> bool:
        """Keep them in place of the row with this digest (None: where there is none). False where another one lies
        there, or none: another process has kept its own, or a repair has taken it away."""

    def forget(self, business_id: str, name: str) -> None: ...
