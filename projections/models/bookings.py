"""Bookings, one row each, and the packages that pay for them.

The list, the single booking and the booking of the past agree, because one function folds all of them. The type of
the service is not here, because it may change: it is in `services`, one row for each service.
(S49–S58, S94, S138–S142)
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import assert_never, cast

from sqlalchemy import JSON, Boolean, Column, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.types import BigInteger

from domain.booking.facts import (
    FACTS,
    AttendanceMarked,
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingFact,
    BookingMade,
    BookingOutcome,
    BookingPaymentRecorded,
    BookingPaymentRefunded,
    BookingRescheduled,
    BookingSource,
    BookingSourcesChanged,
    OutcomesChanged,
)
from domain.ledger.mapper import Recorded
from domain.moments import local_day
from domain.values import CancellationTerms
from domain.zone_rules import mark
from projections.engine.definition import Key, Keyed, Log, Moment, Row
from projections.models.versions import VERSIONS

TABLE = Table(
    "bookings",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("booking_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("service_id", Text, nullable=False),
    Column("participant_id", Text, nullable=False),
    Column("staff_id", Text),
    Column("location_id", Text),
    Column("starts_at", Moment, nullable=False),
    Column("time_zone", Text, nullable=False),
    # The day of the start in that zone, by which the booking is found.
    Column("local_date", String(10), nullable=False),
    Column("rules", String(8), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("attendance", Text, nullable=False),
    Column("attendance_reason_id", Text),
    # In money; `price` is null where nobody named one. Method and id are of the latest payment.
    Column("price", BigInteger),
    Column("paid", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("payment_method", Text),
    Column("payment_id", Text),
    Column("refund_due", Boolean, nullable=False),
    Column("deduct", Text, nullable=False),
    Column("redemption_id", Text),
    Column("redeemed", Boolean, nullable=False),
    # Package by package: package_id, quantity.
    Column("sources", JSON, nullable=False),
    Column("credits_used", Integer, nullable=False),
    Column("notice_hours", Integer, nullable=False),
    Column("late", Text, nullable=False),
    Column("terms_text", Text),
    Column("free_until", Moment, nullable=False),
    Column("policy_version", Integer),
    Column("outcome", Text),
    Column("usable", Integer),
    Column("unusable", Text),
    Column("overridden", Boolean, nullable=False),
    Column("in_time", Boolean),
    Column("cancelled_by", Text),
    Column("reason_id", Text),
    Column("reason_code", Text),
    Column("reason_text", Text),
    Column("series_id", Text),
    Column("series_number", Integer),
    Column("series_count", Integer),
    Column("made_by", String(10), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("external_ref", Text),
    Column("version", Integer, nullable=False),
    # Filters of the customer list by bookings, answered from the index alone.
    Index("by_customer_and_service", "business_id", "customer_id", "service_id", "starts_at", "status"),
    Index("by_service_and_customer", "business_id", "service_id", "customer_id", "starts_at", "status"),
    Index("by_status_and_customer", "business_id", "status", "customer_id"),
    Index("of_customer", "business_id", "customer_id", "starts_at", "booking_id", "status", "local_date"),
    # The filters of the list, each in the order of the list.
    Index("by_start", "business_id", "starts_at", "booking_id", "status", "local_date"),
    Index("by_service", "business_id", "service_id", "starts_at", "booking_id"),
    Index("by_staff", "business_id", "staff_id", "starts_at", "booking_id"),
    Index("by_location", "business_id", "location_id", "starts_at", "booking_id"),
    Index("by_participant", "business_id", "participant_id", "starts_at", "booking_id"),
    Index("by_status", "business_id", "status", "starts_at", "booking_id"),
    Index("by_attendance", "business_id", "attendance", "starts_at", "booking_id"),
    Index("by_external_ref", "business_id", "external_ref"),
)
"""`notice_hours`, `late`, `terms_text`, `policy_version` and `free_until` are of the source whose notice ends first,
else of the business. `policy_version` is null where the terms are an offer's. `credits_used` counts units of
packages without restored ones. `usable` counts the restored units that can be used; `unusable` is the reason why
others cannot."""

UNMARKED = "unmarked"


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    """The booking after one more fact."""
    return moved(before, recorded)


def booking_of(facts: Iterable[Recorded]) -> Row | None:
    """The row of one booking from its facts; None without a fact."""
    booking: Row | None = None
    for recorded in facts:
        booking = moved(booking, recorded)
    return booking


def moved(before: Row | None, recorded: Recorded) -> Row:
    fact = cast(BookingFact, recorded.fact)
    if isinstance(fact, BookingMade):
        return _made(fact, recorded)
    assert before is not None, "a booking begins with booking.made"
    return {**before, **_change(before, fact), "version": recorded.version}


def _made(fact: BookingMade, recorded: Recorded) -> Row:
    series = fact.occurrence
    return {
        "booking_id": recorded.stream_id,
        "customer_id": fact.customer_id,
        "service_id": fact.service_id,
        "participant_id": fact.participant_id,
        "staff_id": fact.staff_id,
        "location_id": fact.location_id,
        "starts_at": fact.starts_at,
        "time_zone": fact.time_zone,
        **_day_of(fact.starts_at, fact.time_zone),
        "quantity": fact.quantity,
        "status": "pending",
        "attendance": UNMARKED,
        "attendance_reason_id": None,
        "price": fact.price,
        "paid": 0,
        "refunded": 0,
        "payment_method": None,
        "payment_id": None,
        "refund_due": False,
        "deduct": fact.deduct,
        **_paid_with(fact.sources, fact.redemption_id),
        "redeemed": fact.deduct == "at_booking" and bool(fact.sources),
        **_notice(fact.sources, fact.terms, fact.policy_version, fact.starts_at),
        **NOT_SETTLED,
        "in_time": None,
        "cancelled_by": None,
        "reason_id": None,
        "reason_code": None,
        "reason_text": None,
        "series_id": None if series is None else series.series_id,
        "series_number": None if series is None else series.number,
        "series_count": None if series is None else series.count,
        "made_by": fact.by,
        "made_at": recorded.recorded_at,
        "external_ref": None if fact.external_ref is None else str(fact.external_ref),
        "version": recorded.version,
    }


def _paid_with(sources: Sequence[BookingSource], redemption_id: str | None) -> Row:
    """Units by package."""
    units: dict[str, int] = {}
    for source in sources:
        units[source.package_id] = units.get(source.package_id, 0) + source.quantity
    return {
        "redemption_id": redemption_id,
        "sources": [{"package_id": id, "quantity": quantity} for id, quantity in units.items()],
        "credits_used": sum(units.values()),
    }


def _notice(
    sources: Sequence[BookingSource],
    terms: CancellationTerms,
    policy_version: int | None,
    measured_from: datetime,
) -> Row:
    """The terms of the paying package whose notice ends first, else those of the business."""
    free_until = measured_from - timedelta(hours=terms.notice_hours)
    if sources:
        first = min(sources, key=lambda source: source.free_until)
        terms, policy_version, free_until = first.terms, first.policy_version, first.free_until
    return {
        "notice_hours": terms.notice_hours,
        "late": terms.late,
        "terms_text": terms.text,
        "free_until": free_until,
        "policy_version": policy_version,
    }


def _change(before: Row, fact: BookingFact) -> Row:
    match fact:
        case BookingPaymentRecorded():
            paid = {"price": fact.price, "paid": before["paid"] + fact.amount}
            return {**paid, "payment_method": fact.method.value, "payment_id": fact.payment_id}
        case BookingPaymentRefunded():
            return {"paid": before["paid"] - fact.amount, "refunded": before["refunded"] + fact.amount}
        case BookingConfirmed():
            return {"status": "confirmed"}
        case BookingRescheduled():
            own = CancellationTerms(
                notice_hours=before["notice_hours"], late=before["late"], text=before["terms_text"]
            )
            notice = _notice(fact.sources, own, before["policy_version"], fact.measured_from)
            return {"starts_at": fact.starts_at, **_day_of(fact.starts_at, before["time_zone"]), **notice}
        case BookingSourcesChanged():
            notice = _notice(fact.sources, fact.terms, fact.policy_version, fact.measured_from)
            paid = _paid_with(fact.sources, fact.redemption_id)
            redeemed = bool(fact.sources) and (before["redeemed"] or fact.why == "used")
            return {**paid, **notice, "redeemed": redeemed}
        case OutcomesChanged():
            return _settled(fact.outcomes)
        case AttendanceMarked(attendance="no_show"):
            return {**_marked(fact), "status": "completed", **_settled(fact.outcomes)}
        case AttendanceMarked():
            status = "completed" if before["status"] == "completed" else "confirmed"
            used = sum(source["quantity"] for source in before["sources"])
            units = {"redeemed": bool(used), "credits_used": used, **NOT_SETTLED}
            return {**_marked(fact), "status": status, **units}
        case BookingCompleted():
            return {"status": "completed"}
        case BookingCancelled():
            return {
                "status": "cancelled",
                "cancelled_by": fact.by,
                "in_time": fact.in_time,
                "refund_due": fact.refund_due,
                "reason_id": fact.reason and fact.reason.id,
                "reason_code": fact.reason_code and fact.reason_code.code,
                "reason_text": fact.reason_code and fact.reason_code.text,
                **_settled(fact.outcomes),
            }
        case BookingMade():
            raise AssertionError("a booking is made once")
        case _:
            assert_never(fact)


def _marked(fact: AttendanceMarked) -> Row:
    return {
        "attendance": fact.attendance,
        "attendance_reason_id": fact.reason and fact.reason.id,
        "refund_due": fact.refund_due,
    }


NOT_SETTLED: Row = {"outcome": None, "usable": None, "unusable": None, "overridden": False}
"""Of a booking that stands: what became of its units is not decided."""


def _settled(outcomes: Sequence[BookingOutcome]) -> Row:
    """The outcome for the units of a booking that did not take place."""
    if not outcomes:
        return {}
    forfeited = sum(each.quantity for each in outcomes if each.outcome == "forfeited")
    restored = sum(each.quantity for each in outcomes if each.outcome == "restored")
    outcome = "partly_forfeited" if forfeited and restored else "forfeited" if forfeited else "restored"
    back = [each for each in outcomes if each.outcome == "restored"]
    taken = {"redeemed": True} if forfeited else {}
    return taken | {
        "outcome": outcome,
        "overridden": any(each.overridden for each in outcomes),
        "credits_used": forfeited,
        "usable": sum(each.quantity for each in back if each.unusable is None),
        "unusable": next((each.unusable for each in back if each.unusable), None),
    }


def _day_of(starts_at: datetime, zone: str) -> Row:
    """The day of the start, and the mark of the rules that tell it."""
    return {"local_date": local_day(starts_at, zone).isoformat(), "rules": mark(zone)}


def _by_zone(booking: Row) -> Row:
    return {**booking, **_day_of(booking["starts_at"], booking["time_zone"])}


BOOKINGS = Keyed(
    "bookings",
    VERSIONS["bookings"],
    TABLE,
    frozenset(FACTS),
    lambda recorded: [(recorded.stream_id,)],
    row,
    _by_zone,
    by_stream=True,
    stream_column="booking_id",
    step=row,
)


# Which packages pay

PAID_TABLE = Table(
    "booking_packages",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("package_id", Text, primary_key=True),
    Column("booking_id", Text, primary_key=True),
)


def _packages(recorded: Recorded) -> Sequence[Row]:
    """Packages that pay or once paid: the bookings of a package include those whose units were given back."""
    assert isinstance(recorded.fact, BookingMade | BookingSourcesChanged)
    packages = {source.package_id for source in recorded.fact.sources}
    return [{"package_id": id, "booking_id": recorded.stream_id} for id in sorted(packages)]


BOOKING_PACKAGES = Log(
    "booking_packages",
    VERSIONS["booking_packages"],
    PAID_TABLE,
    frozenset({BookingMade, BookingSourcesChanged}),
    _packages,
    by_stream=True,
    stream_column="booking_id",
)
