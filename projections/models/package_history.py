"""The history of packages: one row for each fact, as the front desk and the auditor read it.

`change` and `value` are the signed changes of the remaining units and of their value in minor units. Their sums
over any span of either clock give the change of the balance. `amount` is money that came or went, `price` what the
package costs from then on. (S76, S77)
"""

from collections.abc import Sequence
from typing import Any, assert_never, cast

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

from domain.business.reasons import CodedReason
from domain.ledger.mapper import Recorded
from domain.package.facts import (
    ExpiryChanged,
    ExpiryRemoved,
    HoldReleased,
    LineCorrected,
    LocationsChanged,
    NoteAdded,
    PackageCancelled,
    PackageExpired,
    PackageFact,
    PackageFrozen,
    PackageReinstated,
    PackageUnfrozen,
    PackageVoided,
    PriceAdjusted,
    ReminderDue,
    ReminderSent,
    SessionMoved,
    SharingChanged,
    TransferFact,
    TransferRevoked,
    TransferUndone,
    UnitsForfeited,
    UnitsHeld,
    UnitsRedeemed,
    UnitsRestored,
    UnitsTransferredOut,
    ValidityReset,
    ValidityStarted,
)
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn
from domain.values import TextRef
from projections.engine.definition import Log, Moment, Row
from projections.models.packages import HANDLES
from projections.models.versions import VERSIONS

TABLE = Table(
    "history",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("package_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("effective_at", Moment, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("actor_role", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("line", Integer),
    Column("change", Integer, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("remaining", Integer),
    Column("amount", BigInteger),
    Column("price", BigInteger),
    Column("payment_method", Text),
    Column("payment_id", Text),
    Column("redemption_id", Text),
    Column("transfer_id", Text),
    Column("redemption_quantity", Integer),
    Column("allocation", Integer),
    Column("service_id", Text),
    Column("participant_id", Text),
    Column("staff_id", Text),
    Column("location_id", Text),
    Column("booking_id", Text),
    Column("session_at", Moment),
    Column("text_id", Text),
    Column("reason_code", Text),
    Column("reason_text", Text),
    Column("expires_on", String(10)),
    Column("frozen_until", String(10)),
    Index("by_position", "business_id", "position"),
)


def rows(recorded: Recorded) -> Sequence[Row]:
    fact = cast(PackageFact, recorded.fact)
    actor_id, actor_role = recorded.author
    members = vars(fact)
    text: TextRef | None = members.get("note") or members.get("reason")
    code: CodedReason | None = members.get("reason_code")
    told: Row = {
        "package_id": recorded.stream_id,
        "version": recorded.version,
        "position": recorded.position,
        "recorded_at": recorded.recorded_at,
        "effective_at": fact.effective_at,
        "actor_id": actor_id,
        "actor_role": actor_role,
        "staff_id": _staff(fact, recorded),
        "text_id": text and text.id,
        "reason_code": code and code.code,
        "reason_text": code and code.text,
        **told_of(fact),
    }
    return [told]


def _staff(fact: PackageFact, recorded: Recorded) -> str | None:
    """The member of staff who performed the session, else who entered the fact; None where a rule did."""
    match fact:
        case UnitsRedeemed():
            return fact.staff_id
        case ValidityStarted() | ValidityReset():
            return None
        case _:
            return recorded.staff_id


# The columns of each kind of fact


def told_of(fact: PackageFact) -> Row:
    """What a fact says by itself: its columns but for those that are of every fact."""
    return {"change": 0, "value": 0, **_told(fact)}


def _told(fact: PackageFact) -> Row:
    match fact:  # first those that there are most of
        case UnitsRedeemed() | UnitsRestored():
            return _use(fact)
        case PaymentRecorded() | PaymentRefunded():
            return _payment(fact)
        case PackagePurchased():
            return _purchase(fact)
        case PackageImported():
            return _import(fact)
        case PeriodGranted():
            return _granted(fact)
        case UnitsTransferredIn() | UnitsTransferredOut() | TransferUndone() | TransferRevoked():
            return _transfer(fact)
        case PriceAdjusted():
            return {
                "kind": "price",
                "label": "Price adjusted",
                "value": fact.price - fact.previous,
                "price": fact.price,
            }
        case UnitsHeld() | HoldReleased() | UnitsForfeited():
            return _booked(fact)
        case LineCorrected():
            value = -fact.value if fact.change < 0 else fact.value
            moved = {"line": fact.line, "change": fact.change, "value": value, "remaining": fact.remaining}
            label = "Correction" if fact.reason_code is None else f"Correction: {fact.reason_code.text}"
            return {"kind": "correction", "label": label, **moved}
        case ValidityStarted() | ValidityReset() | ExpiryChanged() | ExpiryRemoved():
            return _expiry(fact)
        case SessionMoved():
            return {
                "kind": "use",
                "label": "Session moved",
                "redemption_id": fact.redemption_id,
                "booking_id": fact.booking_id,
                "session_at": fact.session_at,
            }
        case PackageFrozen():
            return {"kind": "freeze", "label": f"Frozen until {fact.until}", "frozen_until": _day(fact.until)}
        case PackageUnfrozen():
            return {"kind": "freeze", "label": "Unfrozen", "expires_on": _day(fact.expires_on)}
        case PackageReinstated():
            moved = {"change": _units(fact.returned), "value": _value(fact.returned)}
            return {"kind": "expiry", "label": "Reinstated", "expires_on": _day(fact.expires_on), **moved}
        case SharingChanged():
            return {"kind": "sharing", "label": f"Sharing: {fact.sharing}"}
        case LocationsChanged():
            return {"kind": "locations", "label": "Locations changed"}
        case NoteAdded():
            return {"kind": "note", "label": "Note"}
        case PackageExpired():
            label = f"Expired with {_counted(_units(fact.lapsed))}"
            return {"kind": "expiry", "label": label, "expires_on": _day(fact.expires_on)}
        case ReminderDue():
            label = f"Reminder due: valid until {fact.expires_on}"
            return {"kind": "reminder", "label": label, "expires_on": _day(fact.expires_on)}
        case ReminderSent():
            label = f"Reminder sent: valid until {fact.expires_on}"
            return {"kind": "reminder", "label": label, "expires_on": _day(fact.expires_on)}
        case PackageCancelled() | PackageVoided():
            label = "Voided" if isinstance(fact, PackageVoided) else "Cancelled"
            moved = {"change": -_units(fact.lapsed), "value": -_value(fact.lapsed)}
            return {"kind": "cancellation", "label": label, **moved}
        case _:
            assert_never(fact)


def _purchase(fact: PackagePurchased) -> Row:
    granted = sum(line.quantity for line in fact.lines)
    uses = f"+{granted} use" + ("s" if granted > 1 else "")
    label = f"{uses} · {fact.paid_with.value.capitalize()}" if fact.paid_with else uses
    label = label if fact.top_up_id is None else f"{label} · Auto top-up"
    return {
        "kind": "purchase",
        "label": label,
        "change": granted,
        "value": fact.price,
        "remaining": granted,
        "price": fact.price,
        "payment_method": fact.paid_with and fact.paid_with.value,
        "location_id": fact.location_id,
        "expires_on": _day(fact.expires_on),
    }


def _import(fact: PackageImported) -> Row:
    """What was left of it, with what was paid; the units used before move nothing here."""
    left = sum(line.quantity for line in fact.lines) - sum(fact.used_before)
    return {
        "kind": "import",
        "label": f"Imported: {left} left",
        "change": left,
        "value": fact.price - sum(fact.first_values(fact.begins_used)),
        "remaining": left,
        "amount": fact.paid,
        "price": fact.price,
        "payment_id": fact.payment_id,
        "location_id": fact.location_id,
        "expires_on": _day(fact.expires_on),
    }


def _granted(fact: PeriodGranted) -> Row:
    granted = sum(line.quantity for line in fact.lines)
    label = f"Period {fact.period}: +{granted} use" + ("s" if granted > 1 else "")
    if fact.units_rolled:
        label += f", {fact.units_rolled} of them rolled over"
    return {
        "kind": "purchase",
        "label": label,
        "change": granted,
        "value": fact.price,
        "remaining": granted,
        "price": fact.price,
        "location_id": fact.location_id,
        "expires_on": _day(fact.expires_on),
    }


def _transfer(fact: UnitsTransferredIn | TransferFact) -> Row:
    match fact:
        case UnitsTransferredIn():
            moved = {
                "change": fact.lines[0].quantity,
                "value": fact.price,
                "remaining": fact.lines[0].quantity,
            }
            told = {"label": "Transferred in", "expires_on": _day(fact.expires_on), **moved}
        case UnitsTransferredOut():
            moved = {"change": -len(fact.units), "value": -fact.value, "remaining": fact.remaining}
            label = "Transferred out" if fact.membership_id is None else "Rolled over"
            told = {"label": label, "line": fact.line, **moved}
        case TransferUndone():
            moved = {"change": len(fact.units), "value": fact.value, "remaining": fact.remaining}
            told = {"label": "Transfer undone", "line": fact.line, **moved}
        case TransferRevoked():
            moved = {"change": -_units(fact.returned), "value": -_value(fact.returned)}
            told = {"label": "Transfer undone", **moved}
        case _:
            assert_never(fact)
    return {"kind": "transfer", "transfer_id": fact.transfer_id, **told}


def _payment(fact: PaymentRecorded | PaymentRefunded) -> Row:
    refund = isinstance(fact, PaymentRefunded)
    return {
        "kind": "refund" if refund else "payment",
        "label": f"{'Refund' if refund else 'Payment'} · {fact.method.value.capitalize()}",
        "amount": fact.amount,
        "payment_method": fact.method.value,
        "payment_id": fact.payment_id,
    }


def _use(fact: UnitsRedeemed | UnitsRestored) -> Row:
    moved: Row = {
        "line": fact.line,
        "remaining": fact.remaining,
        "redemption_id": fact.redemption_id,
        "allocation": fact.allocation,
    }
    if isinstance(fact, UnitsRestored):
        change, value = (0, 0) if fact.lapsed else (len(fact.units), fact.value)
        label = "Forfeiture restored" if fact.forfeiture else "Restored"
        return {"kind": "restoration", "label": label, "change": change, "value": value, **moved}
    return {
        "kind": "use",
        "label": "Used",
        "change": -len(fact.units),
        "value": -fact.value,
        "redemption_quantity": fact.quantity,
        "service_id": fact.service_id,
        "participant_id": fact.participant_id,
        "location_id": fact.location_id,
        "booking_id": fact.booking_id,
        "session_at": fact.session_at,
        **moved,
    }


def _booked(fact: UnitsHeld | HoldReleased | UnitsForfeited) -> Row:
    """Holds and forfeitures by a booking. A hold moves no unit."""
    moved: Row = {"line": fact.line, "remaining": fact.remaining, "booking_id": fact.booking_id}
    if isinstance(fact, HoldReleased):
        return {"kind": "hold", "label": f"Hold of {_counted(fact.quantity)} released", **moved}
    moved |= {
        "service_id": fact.service_id,
        "participant_id": fact.participant_id,
        "session_at": fact.session_at,
    }
    if isinstance(fact, UnitsHeld):
        return {"kind": "hold", "label": f"Hold of {_counted(fact.quantity)}", **moved}
    change = {
        "change": -len(fact.units),
        "value": -fact.value,
        "redemption_id": fact.redemption_id,
        "allocation": fact.allocation,
    }
    return {"kind": "forfeiture", "label": "Forfeited", **change, **moved}


def _counted(units: int) -> str:
    return f"{units} unit" + ("s" if units > 1 else "")


def _expiry(fact: ValidityStarted | ValidityReset | ExpiryChanged | ExpiryRemoved) -> Row:
    expires_on = None if isinstance(fact, ExpiryRemoved) else fact.expires_on
    if isinstance(fact, ValidityStarted):
        label = "Validity started"
    elif isinstance(fact, ValidityReset):
        label = "Validity reset"
    else:
        label = "Expiry removed" if expires_on is None else f"Expiry changed to {expires_on}"
    return {"kind": "expiry", "label": label, "expires_on": _day(expires_on)}


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()


def _units(parts: Any) -> int:
    return sum(len(part.units) for part in parts)


def _value(parts: Any) -> int:
    return sum(part.value for part in parts)


HISTORY = Log(
    "history", VERSIONS["history"], TABLE, HANDLES, rows, by_stream=True, stream_column="package_id"
)
