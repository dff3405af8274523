"""Facts as the events and notifications of `eventsourcing`, and back.

The library stores an event under a topic with one state; the topic is the fact's name, the state its data.
"""

from collections.abc import Callable, Sequence

from eventsourcing.persistence import ApplicationRecorder, Notification, StoredEvent, Subscription

from domain.ledger.envelope import NewFact, StoredFact

KIND = "event"
"""The stream kind of events stored by the library's own `insert_events`."""

PAGE = 500
WAIT_S = 0.1


def fact_of(event: StoredEvent) -> NewFact:
    """The library's event as a fact."""
    return NewFact(
        kind=KIND,
        stream_id=str(event.originator_id),
        version=event.originator_version,
        name=event.topic,
        name_version=1,
        data=event.state,
        meta=b"",
    )


def event_of(fact: StoredFact) -> StoredEvent:
    return StoredEvent(fact.stream_id, fact.version, fact.name, fact.data)


def notification_of(fact: StoredFact) -> Notification:
    return Notification(fact.stream_id, fact.version, fact.name, fact.data, id=fact.position)


def first_position(start: int | None, *, inclusive: bool) -> int:
    """The position *after* which the library's `start` begins; None and 0 are the beginning."""
    return max((start or 0) - (1 if inclusive else 0), 0)


class Tail(Subscription[ApplicationRecorder]):
    """Yields notifications for ever, in order of position: the recorded ones, then new ones.

    `wait` is the store's `wait_for_news`. It is a hint: a missed one costs `WAIT_S` seconds and no fact.
    """

    def __init__(
        self,
        recorder: ApplicationRecorder,
        gt: int | None,
        topics: Sequence[str],
        wait: Callable[[float], object],
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._wait = wait
        self._page: list[Notification] = []

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if self._page:
                return self._page.pop()
            self._page = self._next_page()
            if not self._page:
                self._wait(WAIT_S)
        raise StopIteration

    def _next_page(self) -> list[Notification]:
        """The next page, last notification first, so that taking one from its end is cheap."""
        page = self._recorder.select_notifications(
            self._last_notification_id, PAGE, topics=self._topics, inclusive_of_start=False
        )
        if page:
            self._last_notification_id = page[-1].id
        return list(reversed(page))
