"""Messages for occasions: found by the clock, kept under an id made from the occasion, and sent like all others.

A message is planned once, wherever and however often the clock ticks: its id is the same. What came before this
database began to send, or was restored, is not told: another database may have told it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from api.http.ledger_types import Carnet, StoredMessage, Whereabouts
from api.http.message_ids import of_occasion
from api.outbound.customer_now import language_for
from api.outbound.planning import is_erased
from domain.booking.facts import BookingFact, BookingMade, BookingRescheduled
from domain.booking.state import evolve
from domain.business.state import Business
from domain.fact import fold
from domain.messages.asked import OccasionKind
from domain.messages.occasions import greeted_at, is_today, reminded_at, why_no_session
from domain.moments import from_milliseconds, local_day, to_milliseconds
from domain.people.profile import profile_in
from projections.queries.due import Due
from projections.queries.occasions import Beginning


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a message is about: a booking and its start (ms since 1970), or a customer and a year.

    `came_at`: the moment from which it may be told. `why_not`: the message is planned as skipped.
    """

    kind: OccasionKind
    thing_id: str
    customer_id: str
    occasion: int
    came_at: datetime
    why_not: str | None = None


Find = Callable[[Carnet, str, Business, Sequence[Due], datetime], Iterator[Occasion]]
"""(carnet, business id, business, candidates, now) → the occasions among them."""


def sends_since(carnet: Carnet) -> datetime | None:
    """Since when messages are sent from this database; None: they are not."""
    known = carnet.store.outbox.switched_on()
    if known is None or carnet.store.whereabouts(known[0]) is not Whereabouts.HERE:
        return None
    return from_milliseconds(known[1])


def sessions(
    carnet: Carnet, business_id: str, business: Business, bookings: Sequence[Due], now: datetime
) -> Iterator[Occasion]:
    """The bookings of which a reminder is due. One that was made or moved later than that is known to the customer."""
    lead, ledger = business.policies.session_reminder_hours, carnet.ledger(business_id)
    if lead is None:
        return
    for booking_id in _untold(carnet, business_id, business, bookings):
        stream = ledger.stream(booking_id)
        booking = fold(evolve, None, [cast(BookingFact, each.fact) for each in stream])
        came_at = reminded_at(booking.starts_at, lead)
        if now < came_at or why_no_session(booking, booking.starts_at, now) is not None:
            continue
        told_at = max(
            each.stored.recorded_at
            for each in stream
            if isinstance(each.fact, BookingMade | BookingRescheduled)
        )
        yield Occasion(
            "session_reminder",
            booking_id,
            booking.customer_id,
            to_milliseconds(booking.starts_at),
            came_at,
            "booked-late" if told_at > to_milliseconds(came_at) else None,
        )


def _untold(carnet: Carnet, business_id: str, business: Business, bookings: Sequence[Due]) -> Iterator[str]:
    """Those of which no message is planned, by the start in the read table: most are known from an earlier tick."""
    channels = business.policies.message_channels.session_reminder
    ids = {
        each.stream_id: [
            of_occasion(
                business_id, "session_reminder", each.stream_id, to_milliseconds(each.starts_at), channel
            )
            for channel in channels
        ]
        for each in bookings
        if isinstance(each, Beginning)
    }
    known = carnet.store.outbox.known(business_id, [id for each in ids.values() for id in each])
    for booking_id, wanted in ids.items():
        if not set(wanted) <= set(known):
            yield booking_id


def greetings(
    carnet: Carnet, business_id: str, business: Business, customers: Sequence[Due], now: datetime
) -> Iterator[Occasion]:
    """The customers whose birthday or wedding day it is, from nine o'clock on in the zone of the business."""
    today = local_day(now, business.time_zone)
    came_at = greeted_at(today, business.time_zone)
    if now < came_at:
        return
    for person in carnet.ledger(business_id).recorder.people([each.stream_id for each in customers]):
        profile = profile_in(person)
        if is_today(profile.date_of_birth, today.year, now, business.time_zone):
            yield Occasion("birthday", person.id, person.id, today.year, came_at)
        if is_today(profile.anniversary, today.year, now, business.time_zone):
            yield Occasion("anniversary", person.id, person.id, today.year, came_at)


def plan(
    carnet: Carnet, business_id: str, business: Business, found: Sequence[Occasion], since: datetime
) -> int:
    """Keep a message for each occasion and channel; how many are new. Raises LedgerUnavailable."""
    if not found:
        return 0
    outbox, position = carnet.store.outbox, carnet.ledger(business_id).recorder.head().position
    made = [
        each
        for occasion in found
        for each in _messages(carnet, business_id, business, occasion, since, position)
    ]
    known = outbox.known(business_id, [each.id for each in made])
    new = [
        each for each in made if each.id not in known and not is_erased(carnet, business_id, each.customer_id)
    ]
    outbox.add(business_id, new)
    return sum(each.state == "waiting" for each in new)


def _messages(
    carnet: Carnet, business_id: str, business: Business, occasion: Occasion, since: datetime, position: int
) -> Iterator[StoredMessage]:
    policies, came_at = business.policies, to_milliseconds(occasion.came_at)
    why_not = occasion.why_not or ("too-old" if occasion.came_at < since else None)
    language = language_for(carnet, business_id, occasion.customer_id, policies.message_language)
    for channel in policies.message_channels.of(occasion.kind):
        yield StoredMessage(
            business_id=business_id,
            id=of_occasion(business_id, occasion.kind, occasion.thing_id, occasion.occasion, channel),
            position=position,
            recorded_at=came_at,
            kind=occasion.kind,
            language=language,
            customer_id=occasion.customer_id,
            thing_id=occasion.thing_id,
            state="waiting" if why_not is None else "skipped",
            due_at=came_at,
            settled_at=None if why_not is None else to_milliseconds(carnet.clock()),
            reason=why_not,
            channel=channel,
            occasion=occasion.occasion,
        )
