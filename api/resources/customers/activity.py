"""The activity tab of a customer: memberships, active packages, and bookings past and upcoming (S47)."""

from datetime import datetime
from itertools import chain
from typing import Any, Literal, get_args

from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, ListParameters, Query
from api.http.query_route import query
from api.resources.bookings.answer import BookedCustomer, Booking, booked_customer, shown_booking
from api.resources.bookings.queries import names_of, place_of, start_key
from api.resources.customers.credits import check_known
from api.resources.memberships.answer import Membership, shown_membership
from api.resources.packages.card import PackageCard, people_of_cards, shown
from api.resources.parts import NOBODY, kinds_of, known, with_kinds
from domain.decision import Reads
from domain.moments import MILLISECOND, from_milliseconds, to_milliseconds
from domain.values import Value
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.card_columns import card_status
from projections.models.memberships import MEMBERSHIPS
from projections.queries.bookings import READS, BookingFilter, StartKey, find_bookings
from projections.queries.memberships import MembershipFilter, find_memberships
from projections.queries.packages import display_key, packages_of_customer
from projections.queries.ranges import Range

Side = Literal["upcoming", "past"]
SIDES: tuple[Side, ...] = get_args(Side)


class ActivityParameters(ListParameters):
    """`limit` is the number of bookings on each side of now."""


class BookingsAround(Value):
    """Now is the moment of the first page."""

    upcoming: tuple[Booking, ...]
    """Starting from now on, the next one first."""
    past: tuple[Booking, ...]
    """Already started, the latest first."""


class Activity(Value):
    customer: BookedCustomer
    memberships: tuple[Membership, ...]
    """Those that have not ended, in the order they were started."""
    packages: tuple[PackageCard, ...]
    """The active ones, in the order of the packages tab."""
    bookings: BookingsAround
    next_cursor: str | None
    """Cursor of the next bookings on both sides."""
    has_more: bool
    stale: bool
    """Whether the ledger has newer facts than `Ledger-Position`, which are not in here yet."""


@query(
    "/v1/customers/{customer_id}/activity",
    "activity.show",
    "Memberships, active packages, and bookings past and upcoming, of a customer",
    roles=READERS_OR_OWN,
    answer=Activity,
    parameters=ActivityParameters,
)
def show_activity(call: Query[ActivityParameters]) -> Found:
    """Everything for the customer's tab in one answer, split at this moment."""
    customer_id, now = call.id("customer_id"), call.frame.carnet.clock()
    books = call.look_renewed(Reads({call.business_id: 0, customer_id: 0}))
    check_known(books, customer_id)
    with call.snapshot(*READS, MEMBERSHIPS.name) as snapshot:
        memberships = _running(snapshot, call.business_id, customer_id, now)
        cards = packages_of_customer(snapshot, call.business_id, customer_id)
        sides, after = _around(call, snapshot, now)
        names, position = names_of(call, snapshot, [*chain(*sides.values())], books), snapshot.position
    terms = books.business.policies
    active = sorted(
        (card for card in cards if card_status(card, now) == "active"),
        key=lambda card: display_key(card, now, payment_required=terms.payment_required),
    )
    people = people_of_cards(call.ledger.recorder, active) if call.sees_people else NOBODY
    people = with_kinds(people, kinds_of(books.customer(customer_id)))
    told = Activity(
        customer=booked_customer(
            customer_id, known(books.people(customer_id)) if call.sees_people else NOBODY
        ),
        memberships=tuple(shown_membership(row, now, call.currency) for row in memberships),
        packages=tuple(shown(card, now, people, terms=terms) for card in active),
        bookings=BookingsAround(
            **{side: tuple(shown_booking(row, names) for row in rows) for side, rows in sides.items()}
        ),
        next_cursor=None if after is None else call.cursor(after),
        has_more=after is not None,
        stale=bool(call.behind),
    )
    return Found(told, position)


MEMBERSHIPS_SHOWN = 200
"""The memberships of a customer that the tab shows, at most."""


def _running(snapshot: Snapshot, business_id: str, customer_id: str, now: datetime) -> list[Row]:
    wanted = MembershipFilter(customer_id=(customer_id,), status=("upcoming", "active", "paused"))
    return find_memberships(snapshot, business_id, wanted, now=now, after=None, limit=MEMBERSHIPS_SHOWN)


def _around(
    call: Query[ActivityParameters], snapshot: Snapshot, now: datetime
) -> tuple[dict[Side, list[Row]], list[Any] | None]:
    """A page of the bookings on both sides of now, and the key of the next page; None on the last.

    The key holds the moment of the first page, which divides the sides, and the place that each side has
    reached.
    """
    limit = call.parameters.limit
    split, *places = call.after() or [to_milliseconds(now), None, None]
    came_to = dict(zip(SIDES, places, strict=True))
    found = {
        side: _bookings(call, snapshot, from_milliseconds(split), side, start_key(place))
        for side, place in came_to.items()
    }
    page = {side: rows[:limit] for side, rows in found.items()}
    came_to |= {side: place_of(rows[-1]) for side, rows in page.items() if rows}
    has_more = any(len(rows) > limit for rows in found.values())
    return page, [split, *came_to.values()] if has_more else None


def _bookings(
    call: Query[ActivityParameters], snapshot: Snapshot, split: datetime, side: Side, after: StartKey | None
) -> list[Row]:
    """The bookings of one side, one more than the page holds if there is one."""
    own, past = (call.id("customer_id"),), side == "past"
    return find_bookings(
        snapshot,
        call.business_id,
        BookingFilter(
            customer_id=own, starts=Range(last=split - MILLISECOND) if past else Range(first=split)
        ),
        after=after,
        limit=call.parameters.limit + 1,
        latest_first=past,
    )


HANDLERS = (show_activity,)
