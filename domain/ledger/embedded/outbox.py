"""The messages of ledgers in memory, for tests."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock

from domain.ledger.records import MessageState, MessageTotal, StoredMessage


class MemoryOutbox:
    """Implements `domain.ledger.kept_beside.Outbox`."""

    def __init__(self) -> None:
        self._sending = Lock()
        self._lock = Lock()
        self._switched_on: tuple[str, int] | None = None
        self._positions: dict[str, int] = {}
        self._messages: dict[tuple[str, str], StoredMessage] = {}

    @contextmanager
    def alone(self) -> Iterator[Callable[[], bool]]:
        held = self._sending.acquire(blocking=False)
        try:
            yield lambda: held
        finally:
            if held:
                self._sending.release()

    def switched_on(self) -> tuple[str, int] | None:
        return self._switched_on

    def switch_on(self, place: str, since: int, *, anew: bool) -> None:
        with self._lock:
            self._switched_on = place, since
            if not anew:
                return
            for key, message in self._messages.items():
                if message.state == "waiting":
                    self._messages[key] = replace(
                        message, state="given_up", settled_at=since, reason="restored"
                    )
            self._positions.clear()

    def switch_off(self) -> None:
        self._switched_on = None

    def positions(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._positions)

    def plan(self, business_id: str, upto: int, messages: Sequence[StoredMessage]) -> None:
        with self._lock:
            for message in messages:
                self._messages.setdefault((business_id, message.id), message)
            self._positions[business_id] = max(upto, self._positions.get(business_id, 0))

    def known(self, business_id: str, ids: Sequence[str]) -> Collection[str]:
        with self._lock:
            return {id for id in ids if (business_id, id) in self._messages}

    def add(self, business_id: str, messages: Sequence[StoredMessage]) -> None:
        with self._lock:
            for message in messages:
                self._messages.setdefault((business_id, message.id), message)

    def due(self, now_ms: int, each: int, *, by_email: bool) -> Sequence[StoredMessage]:
        with self._lock:
            waiting = [
                message
                for message in self._messages.values()
                if message.state == "waiting"
                and message.due_at <= now_ms
                and (message.channel == "email") == by_email
            ]
        waiting.sort(key=lambda message: (message.due_at, message.business_id, message.position, message.id))
        taken: Counter[str] = Counter()
        found = []
        for message in waiting:
            taken[message.business_id] += 1
            if taken[message.business_id] <= each:
                found.append(message)
        return found

    def put(self, message: StoredMessage) -> None:
        with self._lock:
            if (message.business_id, message.id) in self._messages:  # else its customer was erased meanwhile
                self._messages[message.business_id, message.id] = message

    def count_of(self, business_id: str, customer_id: str) -> int:
        """Messages to a customer."""
        with self._lock:
            return sum(
                (each.business_id, each.customer_id) == (business_id, customer_id)
                for each in self._messages.values()
            )

    def forget(self, business_id: str, customer_id: str) -> None:
        """Remove the messages to a customer."""
        with self._lock:
            self._messages = {
                key: each
                for key, each in self._messages.items()
                if (each.business_id, each.customer_id) != (business_id, customer_id)
            }

    def forget_settled(self, business_id: str, settled_before: int, at_most: int) -> int:
        with self._lock:
            gone = [
                key
                for key, message in self._messages.items()
                if key[0] == business_id
                and message.settled_at is not None
                and message.settled_at < settled_before
            ][:at_most]
            for key in gone:
                del self._messages[key]
        return len(gone)

    def waiting(self) -> Mapping[str, int]:
        with self._lock:
            return Counter(each.business_id for each in self._messages.values() if each.state == "waiting")

    def totals(self) -> Sequence[MessageTotal]:
        with self._lock:
            counted = Counter((message.business_id, message.state) for message in self._messages.values())
        return [MessageTotal(id, state, counted[id, state]) for id, state in sorted(counted)]

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
        with self._lock:
            found = [
                message
                for message in self._messages.values()
                if message.business_id == business_id
                and (message.position, message.id) > after
                and state in (None, message.state)
                and thing_id in (None, message.thing_id)
                and customer_id in (None, message.customer_id)
            ]
        return sorted(found, key=lambda message: (message.position, message.id))[:limit]
