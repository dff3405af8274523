"""The package card, one row a package: everything a screen shows of a package, without arithmetic.

The list, the single card and the card of the past agree, because one function folds all of them.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import assert_never, cast

from sqlalchemy import JSON, Boolean, Column, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.types import BigInteger

from domain.fact import Fact
from domain.ledger.mapper import Recorded
from domain.moments import local_day
from domain.package.fact_parts import PackageOpened
from domain.package.facts import (
    FACTS,
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
    ReminderFact,
    ReminderSent,
    SessionMoved,
    SharingChanged,
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
from projections.engine.definition import FILLED_PERCENT, Key, Keyed, Moment, Row
from projections.models.card_columns import COUNTS, sum_up, summed
from projections.models.first_card import first_card
from projections.models.versions import VERSIONS

TABLE = Table(
    "cards",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("package_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("purchased_by", Text),
    Column("origin", Text, nullable=False),
    Column("origin_id", Text),
    # What of the price is settled where the units came from.
    Column("covered", BigInteger, nullable=False),
    Column("offer_id", Text),
    Column("offer_version", Integer),
    Column("name", Text, nullable=False),
    Column("purchase_number", Integer, nullable=False),
    Column("location_id", Text),
    Column("locations", JSON, nullable=False),
    Column("external_ref", Text),
    Column("purchased_at", Moment, nullable=False),
    Column("purchased_on", String(10), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("list_price", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("unused_value", BigInteger, nullable=False),
    Column("validity", JSON, nullable=False),
    Column("started_on", String(10)),
    Column("expires_on", String(10)),
    Column("frozen_on", String(10)),
    Column("frozen_until", String(10)),
    Column("time_zone", Text, nullable=False),
    Column("valid_until", Moment),
    # When a freeze that no fact has ended runs out, and the last valid day from then on.
    Column("thaws_at", Moment),
    Column("rules", String(8), nullable=False),
    Column("thawed_expires_on", String(10)),
    # The latest last valid day whose passing was recorded, and the latest reminder.
    Column("lapse_recorded", String(10)),
    Column("reminder_of", String(10)),
    Column("reminder_lead", Integer),
    Column("reminder_due_at", Moment),
    Column("reminder_sent_at", Moment),
    # What the jobs of the clock look for.
    Column("lapses_at", Moment),
    Column("reminded_lead", Integer),
    Column("sharing", Text, nullable=False),
    Column("beneficiaries", JSON, nullable=False),
    Column("cancellation", JSON, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("voided", Boolean, nullable=False),
    # Whether the transfer that made it was undone.
    Column("revoked", Boolean, nullable=False),
    # Columns that lists filter by. They change rarely, so that using a package touches no index.
    Column("state", Text, nullable=False),
    Column("payment", Text, nullable=False),
    Column("owing", Boolean, nullable=False),
    *(Column(count, Integer, nullable=False) for count in COUNTS),
    Column("lines", JSON, nullable=False),
    Column("notes_count", Integer, nullable=False),
    Column("last_used_at", Moment),
    Column("version", Integer, nullable=False),
    # The filters of the list of packages, each in the order of the list.
    Index("by_purchase", "business_id", "purchased_at", "package_id"),
    Index("of_customer", "business_id", "customer_id", "purchased_at", "package_id"),
    Index("by_offer", "business_id", "offer_id", "purchased_at", "package_id"),
    Index("by_location", "business_id", "location_id", "purchased_at", "package_id"),
    Index("by_state", "business_id", "state", "purchased_at", "package_id", "valid_until"),
    Index("by_payment", "business_id", "payment", "purchased_at", "package_id"),
    Index("by_debt", "business_id", "owing", "purchased_at", "package_id"),
    Index("by_external_ref", "business_id", "external_ref", "purchased_at", "package_id"),
    Index("by_origin", "business_id", "origin_id", "purchased_at", "package_id"),
    Index("by_expiry", "business_id", "expires_on"),
    Index("by_lapse", "business_id", "lapses_at", "package_id"),
    Index("by_reminder", "business_id", "reminded_lead", "lapses_at", "package_id"),
    Index("by_freeze", "business_id", "thaws_at"),
    # Filters of the list of customers: buyers of an offer, and payers for another customer.
    Index("buyers", "business_id", "offer_id", "customer_id"),
    Index("payers", "business_id", "offer_id", "purchased_by"),
    Index("bought_for_others", "business_id", "purchased_by"),
    # Room on each page, so that using a package touches no index.
    info={FILLED_PERCENT: 70},
)
"""`rules` marks the rules of the zone that `valid_until` and the other moments were computed by.
`valid_until` is the first moment that is no longer valid, a freeze counted to its last day. `state` is the
part of the status that does not depend on the clock: cancelled, used_up or open. `lapses_at` is `valid_until` while
units remain and no fact records that it has passed; `reminded_lead` is then the lead time of the last reminder of
that day, `UNREMINDED` where there was none."""
HANDLES: frozenset[type[Fact]] = frozenset(FACTS)
"""Every fact of a package shows on its card, if only as its version."""


# The fold


def _keys(recorded: Recorded) -> Sequence[Key]:
    return [(recorded.stream_id,)]


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    """The card after one more fact. Counts move by the amounts in the fact, in any order of facts."""
    return sum_up(moved(before, recorded))


def card_of(facts: Iterable[Recorded]) -> Row | None:
    """The card of one package from its facts, as `row` makes it, summed once; None without a fact."""
    card: Row | None = None
    for recorded in facts:
        card = move(card, recorded)
    return card and sum_up(card)


def moved(before: Row | None, recorded: Recorded) -> Row:
    """The card after one more fact, without the columns that `sum_up` computes."""
    own = None if before is None else {**before, "lines": [dict(line) for line in before["lines"]]}
    return move(own, recorded)


def move(card: Row | None, recorded: Recorded, key: Key = ()) -> Row:
    """`moved`, which changes the card and its lines themselves."""
    fact = cast(PackageFact, recorded.fact)
    if isinstance(fact, PackageOpened):
        return first_card(fact, recorded)
    assert card is not None, "a package begins with its opening fact"
    card["version"] = max(card["version"], recorded.version)
    _change(card, fact)
    return card


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _change(card: Row, fact: PackageFact) -> None:
    match fact:  # first those that there are most of
        case UnitsRedeemed():
            _move(card, fact.line, -fact.value, remaining=-len(fact.units), redeemed=len(fact.units))
            card["last_used_at"] = max(card["last_used_at"] or fact.effective_at, fact.effective_at)
        case PaymentRecorded():
            card["paid"] += fact.amount
        case PaymentRefunded():
            card["paid"] -= fact.amount
            card["refunded"] += fact.amount
        case PriceAdjusted():
            card["price"] = fact.price
            # Not `fact.unused_value`: in business time, uses that were entered later may lie before.
            card["unused_value"] += fact.price - fact.previous
        case ValidityStarted():
            card |= {"started_on": _text(fact.started_on), "expires_on": _text(fact.expires_on)}
        case ValidityReset():
            card |= {"started_on": None, "expires_on": _text(fact.expires_on)}
        case UnitsRestored():
            units = len(fact.units)
            kept = {"lapsed": units} if fact.lapsed else {"remaining": units}
            gone = {"forfeited" if fact.forfeiture else "redeemed": -units}
            _move(card, fact.line, 0 if fact.lapsed else fact.value, **gone, **kept)
        case UnitsHeld():
            _move(card, fact.line, 0, held=fact.quantity)
        case HoldReleased():
            _move(card, fact.line, 0, held=-fact.quantity)
        case UnitsForfeited():
            _move(card, fact.line, -fact.value, remaining=-len(fact.units), forfeited=len(fact.units))
        case LineCorrected():
            _correct(card, fact)
        case ExpiryChanged():
            card["expires_on"] = _text(fact.expires_on)
        case ExpiryRemoved():
            card["expires_on"] = None
        case PackageReinstated():
            card |= {"expires_on": _text(fact.expires_on), "cancelled": False, "voided": False}
            for part in fact.returned:
                _move(card, part.line, part.value, remaining=len(part.units), lapsed=-len(part.units))
        case PackageFrozen():
            card |= {"frozen_on": _text(fact.frozen_on), "frozen_until": _text(fact.until)}
        case PackageUnfrozen():
            card |= {"frozen_on": None, "frozen_until": None, "expires_on": _text(fact.expires_on)}
        case SharingChanged():
            card |= {"sharing": fact.sharing, "beneficiaries": list(fact.beneficiaries)}
        case LocationsChanged():
            card["locations"] = list(fact.locations)
        case NoteAdded():
            card["notes_count"] += 1
        case PackageExpired():
            card["lapse_recorded"] = _text(fact.expires_on)
        case ReminderDue() | ReminderSent():
            card |= _reminder(card, fact)
        case SessionMoved():
            pass
        case PackageCancelled() | PackageVoided():
            card |= {"cancelled": True, "voided": isinstance(fact, PackageVoided)}
            for part in fact.lapsed:
                _move(card, part.line, -part.value, remaining=-len(part.units), lapsed=len(part.units))
        case UnitsTransferredOut():
            units = len(fact.units)
            _move(card, fact.line, -fact.value, remaining=-units, transferred=units)
        case TransferUndone():
            units = len(fact.units)
            _move(card, fact.line, fact.value, remaining=units, transferred=-units)
        case TransferRevoked():
            card |= {"cancelled": True, "revoked": True}
            for part in fact.returned:
                units = len(part.units)
                _move(card, part.line, -part.value, remaining=-units, transferred=units)
        case PackageOpened():
            raise AssertionError("a package is opened once")
        case _:
            assert_never(fact)


def _reminder(card: Row, fact: ReminderFact) -> Row:
    of = _text(fact.expires_on)
    told = {"reminder_of": of, "reminder_lead": fact.lead_days}
    match fact:
        case ReminderDue():
            return {**told, "reminder_due_at": fact.effective_at, "reminder_sent_at": None}
        case ReminderSent():
            due_at = card["reminder_due_at"] if card["reminder_of"] == of else None
            return {**told, "reminder_due_at": due_at, "reminder_sent_at": fact.effective_at}
        case _:
            assert_never(fact)


def _correct(card: Row, fact: LineCorrected) -> None:
    freed = sum(len(use.units) for use in fact.freed if not use.forfeiture)
    forfeited = sum(len(use.units) for use in fact.freed if use.forfeiture)
    corrected, before = len(fact.taken) - len(fact.returned), len(fact.used_before)
    value = -fact.value if fact.change < 0 else fact.value
    used = {"used_before": -before, "redeemed": -freed, "forfeited": -forfeited}
    _move(card, fact.line, value, remaining=fact.change, corrected=corrected, **used)


def _move(card: Row, number: int, value: int, **changes: int) -> None:
    line = card["lines"][number - 1]
    for count, change in changes.items():
        line[count] += change
    card["unused_value"] += value


def _by_zone(card: Row) -> Row:
    bought = local_day(card["purchased_at"], card["time_zone"]).isoformat()
    waits = card["validity"]["rule"] == "after_first_use"
    return summed({**card, "purchased_on": bought, "started_on": card["started_on"] if waits else bought})


CARDS = Keyed(
    "cards",
    VERSIONS["cards"],
    TABLE,
    HANDLES,
    _keys,
    row,
    _by_zone,
    by_stream=True,
    stream_column="package_id",
    step=move,
    finish=sum_up,
)
