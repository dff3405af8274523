"""A package after one more fact: the fold that every decision and every answer about one package begins with."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from domain.package.fact_parts import FreedUse, LineUnits, PackageOpened
from domain.package.facts import (
    ExpiryChanged,
    ExpiryRemoved,
    HoldReleased,
    LineCorrected,
    LocationsChanged,
    NoteAdded,
    OpeningFact,
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
from domain.package.state import Allocation, Freeze, Hold, Move, Package, Payment, Reminder, Use
from domain.package.units import AVAILABLE, CORRECTED, FORFEITED, LAPSED, TRANSFERRED, USED, USED_BEFORE, Line
from domain.unit_values import unrolled


def evolve(state: Package | None, fact: PackageFact) -> Package:
    """The package after one more fact."""
    if isinstance(fact, PackageOpened):
        return _opened(fact)
    assert state is not None, "a package begins with its opening fact"
    latest = max(state.latest_at, fact.effective_at)
    return replace(_changed(state, fact), version=state.version + 1, latest_at=latest)


def _opened(fact: OpeningFact) -> Package:
    lines = tuple(
        Line(
            label=line.label,
            services=line.services,
            service_ids=frozenset([service.id for service in line.services]),
            weight=line.weight,
            tax_rate=line.tax_rate,
            values=unrolled(line.values),
            states=USED_BEFORE * before + AVAILABLE * (line.quantity - before),
        )
        for line, before in zip(fact.lines, fact.begins_used, strict=True)
    )
    return Package(
        customer_id=fact.customer_id,
        offer_id=fact.offer_id,
        name=fact.name,
        currency=fact.currency,
        price=fact.price,
        lines=lines,
        validity=fact.validity,
        time_zone=fact.time_zone,
        purchased_at=fact.effective_at,
        bought_at=fact.bought_at,
        external_ref=fact.external_ref,
        import_id=fact.import_id if isinstance(fact, PackageImported) else None,
        entered_on=fact.entered_on,
        sharing=fact.sharing,
        beneficiaries=fact.beneficiaries,
        cap_per_participant=fact.cap_per_participant,
        locations=fact.locations,
        cancellation=fact.cancellation,
        policy_version=fact.policy_version,
        expires_on=fact.expires_on,
        covered=covered_by(fact),
        transfer_id=fact.transfer_id if isinstance(fact, UnitsTransferredIn) else None,
        payments=_paid_before(fact),
        membership_id=fact.membership_id if isinstance(fact, PeriodGranted) else None,
        latest_at=fact.effective_at,
    )


def _paid_before(fact: OpeningFact) -> dict[str, Payment]:
    payment = fact.payment if isinstance(fact, PackageImported) else None
    return {} if payment is None else {payment.payment_id: Payment(payment.amount, 0, payment.method)}


def covered_by(fact: OpeningFact) -> int:
    """What of the price is settled where the units came from, in minor units."""
    match fact:
        case PackagePurchased() | PackageImported():
            return 0
        case UnitsTransferredIn():
            return fact.price
        case PeriodGranted():
            return fact.rolled_value
        case _:
            assert_never(fact)


def _changed(state: Package, fact: PackageFact) -> Package:
    match fact:  # the commonest first: each case that does not match costs
        case UnitsRedeemed():
            return _redeemed(state, fact)
        case PaymentRecorded():
            payment = Payment(fact.amount, 0, fact.method)
            return replace(state, payments={**state.payments, fact.payment_id: payment})
        case PaymentRefunded():
            payment = state.payments[fact.payment_id]
            payment = replace(payment, refunded=payment.refunded + fact.amount)
            return replace(state, payments={**state.payments, fact.payment_id: payment})
        case PriceAdjusted():
            lines = zip(state.lines, fact.values, strict=True)
            revalued = tuple(replace(line, values=unrolled(values)) for line, values in lines)
            return replace(state, price=fact.price, lines=revalued)
        case ValidityStarted():
            started = {"started_on": fact.started_on, "clock_at": fact.effective_at}
            return replace(state, expires_on=fact.expires_on, **started)
        case ValidityReset():
            return replace(state, started_on=None, clock_at=fact.effective_at, expires_on=fact.expires_on)
        case UnitsRestored():
            return _restored(state, fact)
        case UnitsHeld():
            return _held(state, fact)
        case HoldReleased():
            return _released(state, fact)
        case UnitsForfeited():
            return _forfeited(state, fact)
        case LineCorrected():
            return _corrected(state, fact)
        case ExpiryChanged():
            return replace(state, expires_on=fact.expires_on, expiry_set=True)
        case ExpiryRemoved():
            return replace(state, expires_on=None, expiry_set=True)
        case PackageReinstated():
            back = _each(state, fact.returned, LAPSED, AVAILABLE, fact.effective_at)
            return replace(back, cancelled=False, voided=False, expires_on=fact.expires_on, expiry_set=True)
        case PackageFrozen():
            freeze = Freeze(fact.effective_at, fact.frozen_on, fact.until)
            return replace(state, freezes=(*state.freezes, freeze), frozen=True)
        case PackageUnfrozen():
            ended = replace(state.freezes[-1], ended_at=fact.effective_at)
            return replace(
                state, freezes=(*state.freezes[:-1], ended), frozen=False, expires_on=fact.expires_on
            )
        case SharingChanged():
            return replace(state, sharing=fact.sharing, beneficiaries=fact.beneficiaries)
        case SessionMoved():
            use = replace(state.uses[fact.redemption_id], session_at=fact.session_at)
            return replace(state, uses={**state.uses, fact.redemption_id: use})
        case LocationsChanged():
            return replace(state, locations=fact.locations)
        case NoteAdded():
            return state
        case PackageExpired():
            return replace(state, lapse_recorded=fact.expires_on)
        case ReminderDue():
            return replace(state, reminder=Reminder(fact.expires_on, fact.lead_days))
        case ReminderSent():
            sent = Reminder(fact.expires_on, fact.lead_days, sent_at=fact.effective_at)
            return replace(state, reminder=sent)
        case PackageCancelled() | PackageVoided():
            lapsed = _each(state, fact.lapsed, AVAILABLE, LAPSED, fact.effective_at)
            return replace(lapsed, cancelled=True, voided=isinstance(fact, PackageVoided))
        case UnitsTransferredOut():
            moved = _each(state, [_part(fact)], AVAILABLE, TRANSFERRED, fact.effective_at)
            out = {**state.transfers, fact.transfer_id: (fact.to_package_id, _part(fact))}
            return replace(moved, transfers=out)
        case TransferUndone():
            moved = _each(state, [_part(fact)], TRANSFERRED, AVAILABLE, fact.effective_at)
            others = {id: made for id, made in state.transfers.items() if id != fact.transfer_id}
            return replace(moved, transfers=others)
        case TransferRevoked():
            moved = _each(state, fact.returned, AVAILABLE, TRANSFERRED, fact.effective_at)
            return replace(moved, cancelled=True, revoked=True)
        case PackageOpened():
            raise AssertionError("a package is opened once")
        case _:
            assert_never(fact)


def _part(fact: UnitsTransferredOut | TransferUndone) -> LineUnits:
    return LineUnits(line=fact.line, units=fact.units, value=fact.value)


def _with_line(
    state: Package, number: int, line: Line, at: datetime, change: int, **others: dict[str, Use]
) -> Package:
    """The package with another line, and maybe `others` of its members."""
    lines = (*state.lines[: number - 1], line, *state.lines[number:])
    moves = (*state.moves, Move(at, number, change)) if change else state.moves
    return replace(state, lines=lines, moves=moves, **others)


def _each(state: Package, parts: Sequence[LineUnits], before: bytes, after: bytes, at: datetime) -> Package:
    for part in parts:
        line = state.lines[part.line - 1].moved(part.units, before, after)
        change = len(part.units) if after == AVAILABLE else -len(part.units)
        state = _with_line(state, part.line, line, at, change)
    return state


def _redeemed(state: Package, fact: UnitsRedeemed) -> Package:
    line = state.lines[fact.line - 1].moved(fact.units, AVAILABLE, USED)
    use = Use(
        fact.effective_at,
        fact.session_at or fact.effective_at,
        fact.service_id,
        fact.participant_id,
        fact.staff_id,
        fact.location_id,
        fact.booking_id,
        (*_others(state, fact), Allocation(fact.allocation, fact.line, fact.units)),
    )
    uses = {**state.uses, fact.redemption_id: use}
    return _with_line(state, fact.line, line, fact.effective_at, -len(fact.units), uses=uses)


def _others(state: Package, fact: UnitsRedeemed | UnitsForfeited) -> tuple[Allocation, ...]:
    """The other allocations of the same redemption."""
    use = state.uses.get(fact.redemption_id)
    return () if use is None else tuple(a for a in use.allocations if a.number != fact.allocation)


def _restored(state: Package, fact: UnitsRestored) -> Package:
    before, after = FORFEITED if fact.forfeiture else USED, LAPSED if fact.lapsed else AVAILABLE
    line = state.lines[fact.line - 1].moved(fact.units, before, after)
    state = _with_line(state, fact.line, line, fact.effective_at, 0 if fact.lapsed else len(fact.units))
    return _shrunk(
        state, FreedUse(redemption_id=fact.redemption_id, allocation=fact.allocation, units=fact.units)
    )


def _held(state: Package, fact: UnitsHeld) -> Package:
    line = replace(state.lines[fact.line - 1], held=fact.held)
    hold = Hold(
        fact.line, fact.quantity, fact.service_id, fact.participant_id, fact.session_at, fact.effective_at
    )
    holds = {**state.holds, fact.booking_id: (*state.holds.get(fact.booking_id, ()), hold)}
    return replace(_with_line(state, fact.line, line, fact.effective_at, -fact.quantity), holds=holds)


def _released(state: Package, fact: HoldReleased) -> Package:
    line = replace(state.lines[fact.line - 1], held=fact.held)
    left = tuple(hold for hold in state.holds[fact.booking_id] if hold.line != fact.line)
    others = {id: holds for id, holds in state.holds.items() if id != fact.booking_id}
    holds = {**others, fact.booking_id: left} if left else others
    return replace(_with_line(state, fact.line, line, fact.effective_at, fact.quantity), holds=holds)


def _forfeited(state: Package, fact: UnitsForfeited) -> Package:
    line = state.lines[fact.line - 1].moved(fact.units, AVAILABLE, FORFEITED)
    state = _with_line(state, fact.line, line, fact.effective_at, -len(fact.units))
    use = state.uses.get(fact.redemption_id) or Use(
        effective_at=fact.effective_at,
        session_at=fact.session_at,
        service_id=fact.service_id,
        participant_id=fact.participant_id,
        staff_id=None,
        location_id=None,
        booking_id=fact.booking_id,
        allocations=(),
    )
    forfeited = Allocation(fact.allocation, fact.line, fact.units, forfeited=True)
    use = replace(use, allocations=(*_others(state, fact), forfeited))
    return replace(state, uses={**state.uses, fact.redemption_id: use})


def _shrunk(state: Package, freed: FreedUse) -> Package:
    """The package after these units went back: their redemption can no longer restore them."""
    use = state.uses[freed.redemption_id]
    allocations = tuple(
        replace(a, units=tuple(unit for unit in a.units if unit not in freed.units))
        if a.number == freed.allocation
        else a
        for a in use.allocations
    )
    return replace(state, uses={**state.uses, freed.redemption_id: replace(use, allocations=allocations)})


def _corrected(state: Package, fact: LineCorrected) -> Package:
    line = state.lines[fact.line - 1].moved(fact.taken, AVAILABLE, CORRECTED)
    line = line.moved(fact.returned, CORRECTED, AVAILABLE)
    line = line.moved(fact.used_before, USED_BEFORE, AVAILABLE)
    for freed in fact.freed:
        line = line.moved(freed.units, FORFEITED if freed.forfeiture else USED, AVAILABLE)
    line = replace(
        line,
        taken=tuple(unit for unit in (*line.taken, *fact.taken) if unit not in fact.returned),
        values=line.values + (0,) * len(fact.added),
        states=line.states + AVAILABLE * len(fact.added),
    )
    state = _with_line(state, fact.line, line, fact.effective_at, fact.change)
    for freed in fact.freed:
        state = _shrunk(state, freed)
    return state
