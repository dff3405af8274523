"""Which units a redemption takes: eligibility, ranking and allocation over one or several packages.

One command, one redemption id, all allocations or none (domain.md, Redeeming; S12, S60, S85–S87).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from domain.actor import Circumstances
from domain.business.state import Business
from domain.calendar_rules import ExpiryAfterFirstUse, add
from domain.moments import as_moment, local_day
from domain.package.checks import EARLIEST_SALE, check_moment, check_room, now_for, settled, today_for
from domain.package.commands import Redemption
from domain.package.facts import PackageFact, UnitsRedeemed, ValidityStarted
from domain.package.state import Package
from domain.people.state import Customer, Participant
from domain.refusals import (
    EffectiveAtOutOfRange,
    InsufficientUnits,
    NotEligible,
    NotFound,
    PackageHasExpired,
    PackageIsCancelled,
    PackageIsFrozen,
    PaymentRequired,
    Refused,
)
from domain.values import UNITS_PER_PACKAGE_MAX

NEVER = date.max
"""Where a package that never expires ranks among expiry dates."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package that a redemption may use. `position` is that of its sale in the ledger."""

    id: str
    package: Package
    position: int


@dataclass(frozen=True, slots=True)
class TakenUnits:
    """Units that the redemption takes of one line, lowest number first."""

    candidate: Candidate
    line: int
    units: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ResolvedRedemption:
    """A redemption with everything about it resolved."""

    command: Redemption
    effective_at: datetime
    used_at: datetime
    """When the session starts if that is known, else `effective_at`."""
    participant: Participant


def allocate(
    candidates: Sequence[Candidate],
    command: Redemption,
    at: Circumstances,
    business: Business,
    customer: Customer,
    *,
    chosen: bool,
) -> tuple[list[TakenUnits], ResolvedRedemption]:
    """Which units a redemption takes, and what it was resolved to.

    `chosen`: somebody named the one package, so what speaks against it is the refusal; otherwise
    packages that cannot be used are passed over. Raises InsufficientUnits, PackageExpired,
    PackageCancelled, PackageFrozen, NotEligible, PaymentRequired, EffectiveAtOutOfRange,
    BackDatingNotAllowed, NotFound (participant), LimitReached.
    """
    wish = _resolved(command, at, business, customer, candidates, chosen)
    least = command.quantity if chosen else 1
    obstacles = [_obstacle(candidate.package, wish, business, least) for candidate in candidates]
    if chosen and obstacles[0] is not None:
        raise obstacles[0]
    usable = [found for found, obstacle in zip(candidates, obstacles, strict=True) if obstacle is None]
    taken = list(_allocate(usable, wish, at))
    if sum(len(part.units) for part in taken) < command.quantity:
        raise _short(candidates, obstacles, wish)
    return taken, wish


def _resolved(
    command: Redemption,
    at: Circumstances,
    business: Business,
    customer: Customer,
    candidates: Sequence[Candidate],
    chosen: bool,
) -> ResolvedRedemption:
    effective_at = at.now
    if command.effective_at is not None:
        moment = as_moment(command.effective_at, business.time_zone)
        earliest = candidates[0].package.purchased_at if chosen else EARLIEST_SALE
        effective_at = check_moment(moment, earliest, at, business.time_zone)
    participant = _participant(command, customer, candidates, chosen, effective_at)
    return ResolvedRedemption(command, effective_at, command.session_at or effective_at, participant)


def _participant(
    command: Redemption, customer: Customer, candidates: Sequence[Candidate], chosen: bool, at: datetime
) -> Participant:
    """Who uses the units: the one named, else a chosen package's only beneficiary, else number 0."""
    id = command.participant_id
    if id is None and chosen and len(candidates[0].package.beneficiaries) == 1:
        id = candidates[0].package.beneficiaries[0]
    if id is None:
        return customer.in_person
    if (participant := customer.participants.get(id)) is None:
        raise NotFound("participant", id)
    if not participant.belongs_at(at):
        raise NotEligible("the participant had left the household by then")
    return participant


# May it be used?


def check_use(package: Package, wish: ResolvedRedemption, business: Business, least: int) -> None:
    """Whether a package may give at least so many units for this wish, whatever is left of it.

    Raises why not; PaymentRequired only when nothing else speaks against it.
    """
    command = wish.command
    if package.cancelled:
        raise PackageIsCancelled()
    if wish.effective_at < package.purchased_at:
        raise EffectiveAtOutOfRange(package.purchased_at, wish.effective_at)
    # Who buys after a session may pay for it with what was bought, on the day itself.
    if local_day(wish.used_at, package.time_zone) < local_day(package.purchased_at, package.time_zone):
        raise EffectiveAtOutOfRange(package.purchased_at, wish.used_at)
    # An earlier session does not bring an expired package back: who enters the past says `effective_at`.
    last = max(wish.used_at, wish.effective_at)
    if package.expiry.has_passed(last):
        expires_on = package.expiry.on(local_day(last, package.time_zone))
        assert expires_on is not None
        raise PackageHasExpired(expires_on)
    for moment in (wish.effective_at, wish.used_at):
        check_not_frozen(package, moment)
    _check_eligible(package, wish, least)
    if command.line is not None and command.line > len(package.lines):
        raise NotEligible(f"the package has {len(package.lines)} lines", limit=len(package.lines))
    if not any(_lines_for(package, command)):
        raise NotEligible("no line of the package is good for this service")
    if business.policies.payment_required and package.owing:
        raise PaymentRequired(package.owing)


def _obstacle(package: Package, wish: ResolvedRedemption, business: Business, least: int) -> Refused | None:
    try:
        check_use(package, wish, business, least)
    except Refused as refusal:
        return refusal
    return None


def check_not_frozen(package: Package, moment: datetime) -> None:
    day = local_day(moment, package.time_zone)
    for freeze in package.freezes:
        within = freeze.frozen_at <= moment and day <= freeze.until
        if within and (freeze.ended_at is None or moment < freeze.ended_at):
            raise PackageIsFrozen(freeze.until)


def _check_eligible(package: Package, wish: ResolvedRedemption, least: int) -> None:
    """The participant, the place and the household's cap (domain.md, Sharing)."""
    command, participant = wish.command, wish.participant
    if package.sharing == "purchaser" and participant.id not in package.beneficiaries:
        raise NotEligible("the package is only for the participants named at its sale")
    if command.service_id in participant.barred_services:
        raise NotEligible("the participant is barred from this service")
    if package.locations and command.location_id not in package.locations:
        raise NotEligible("the package cannot be used at this location")
    if _room_under_cap(package, wish) < least:
        cap = package.cap_per_participant
        raise NotEligible(f"one participant may use {cap} units of the package", limit=cap)


def _room_under_cap(package: Package, wish: ResolvedRedemption) -> int:
    """How many units of a package the participant may still use."""
    if package.cap_per_participant is None:
        return UNITS_PER_PACKAGE_MAX
    id = wish.participant.id
    used = sum(use.restorable for use in package.uses.values() if use.participant_id == id)
    holds = (hold for held in package.holds.values() for hold in held)
    held = sum(hold.quantity for hold in holds if hold.participant_id == id)
    return package.cap_per_participant - used - held - package.forfeits.get(id, 0)


# Which units?


def _lines_for(package: Package, command: Redemption) -> Iterator[int]:
    for number, line in enumerate(package.lines, 1):
        if line.serves(command.service_id) and command.line in (None, number):
            yield number


def _allocate(
    candidates: Sequence[Candidate], wish: ResolvedRedemption, at: Circumstances
) -> Iterator[TakenUnits]:
    """Take the best-ranked lines first, each as far as it goes, until there is enough."""
    wanted = wish.command.quantity
    room = {candidate.id: _room_under_cap(candidate.package, wish) for candidate in candidates}
    lines = list(_lines(candidates, wish))
    if len(lines) > 1:
        lines.sort(key=lambda line: _rank(line[0], line[1], at))
    for candidate, number in lines:
        package = candidate.package
        take = min(wanted, room[candidate.id], _capacity(package, number, wish.effective_at))
        if take > 0:
            yield TakenUnits(candidate, number, package.lines[number - 1].lowest(take))
            wanted -= take
            room[candidate.id] -= take


def _lines(candidates: Sequence[Candidate], wish: ResolvedRedemption) -> Iterator[tuple[Candidate, int]]:
    for candidate in candidates:
        for number in _lines_for(candidate.package, wish.command):
            if candidate.package.lines[number - 1].available:
                yield candidate, number


def _rank(candidate: Candidate, number: int, at: Circumstances) -> tuple[bool, date, int, datetime, int, int]:
    """Line for exactly this service before a shared one, soonest expiry (never last), lower value of
    its next available unit, earlier effective purchase, lower position (domain.md, Redeeming)."""
    package, line = candidate.package, candidate.package.lines[number - 1]
    expires_on = package.expiry.on(today_for(package, at))
    (following,) = line.lowest(1)
    value = line.values[following - 1]
    return (
        len(line.services) > 1,
        expires_on or NEVER,
        value,
        package.purchased_at,
        candidate.position,
        number,
    )


def _capacity(package: Package, number: int, moment: datetime) -> int:
    """How many units of a line a use at that moment may take: what is available now, and at every
    moment since then in effective order, so that no past remainder falls below zero, nor below what
    bookings held of it then."""
    line = package.lines[number - 1]
    if moment >= package.latest_at:
        return line.available
    return min(line.available, _lowest_since(package, number, moment))


def _lowest_since(package: Package, number: int, moment: datetime) -> int:
    moves = sorted((m for m in package.moves if m.line == number), key=lambda m: m.effective_at)
    left = package.lines[number - 1].available - sum(move.change for move in moves)
    lowest: int | None = None
    for move in moves:
        if move.effective_at > moment:
            lowest = left if lowest is None else min(lowest, left)
        left += move.change
    return left if lowest is None else min(lowest, left)


def _short(
    candidates: Sequence[Candidate], obstacles: Sequence[Refused | None], wish: ResolvedRedemption
) -> Refused:
    """Why there is not enough: an unpaid package stands in the way, nobody may give this participant any, or what
    is left, now or back then."""
    requested, remaining, available, lowest, owing = wish.command.quantity, 0, 0, 0, 0
    barring: list[NotEligible] = []
    for candidate, obstacle in zip(candidates, obstacles, strict=True):
        package, lines = candidate.package, list(_lines_for(candidate.package, wish.command))
        left = sum(package.lines[n - 1].available for n in lines)
        if isinstance(obstacle, NotEligible) and left:
            barring.append(obstacle)
        if isinstance(obstacle, PaymentRequired) and left:
            owing += obstacle.owing
        if obstacle is None:
            room = _room_under_cap(package, wish)
            remaining += sum(package.lines[n - 1].remaining for n in lines)
            available += min(room, left)
            lowest += min(room, sum(_capacity(package, n, wish.effective_at) for n in lines))
    if available >= requested:
        return InsufficientUnits(requested, available=available, remaining=remaining, lowest=lowest)
    if owing:
        return PaymentRequired(owing)
    if barring and not available:
        return barring[0]
    return InsufficientUnits(requested, available=available, remaining=remaining)


# The facts


def use(
    taken: Sequence[TakenUnits], wish: ResolvedRedemption, at: Circumstances
) -> dict[str, list[PackageFact]]:
    """The facts of a use of the units that were chosen, by package."""
    facts: dict[str, list[PackageFact]] = {}
    for allocation, part in enumerate(taken, 1):
        package = part.candidate.package
        if part.candidate.id not in facts:
            facts[part.candidate.id] = [
                *settled(package, now_for(package, at)),
                *started_by(package, wish.used_at, wish.effective_at, at),
            ]
        facts[part.candidate.id].append(_redeemed(part, allocation, wish, at))
    packages: Mapping[str, Package] = {part.candidate.id: part.candidate.package for part in taken}
    for id, added in facts.items():
        check_room(packages[id], len(added), kept=True)
    return facts


def started_by(
    package: Package, session_at: datetime, used_at: datetime, at: Circumstances
) -> list[PackageFact]:
    """The first redemption starts a validity that waits for it, on the day of its session."""
    rule = package.validity
    if not isinstance(rule, ExpiryAfterFirstUse) or package.started_on is not None:
        return []
    started_on = local_day(session_at, package.time_zone)
    if package.expiry_set:
        expires_on = package.expiry.on(today_for(package, at))
    else:
        expires_on = add(started_on, rule.count, rule.unit)
    return [ValidityStarted(effective_at=used_at, started_on=started_on, expires_on=expires_on)]


def _redeemed(
    part: TakenUnits, allocation: int, wish: ResolvedRedemption, at: Circumstances
) -> UnitsRedeemed:
    command, line = wish.command, part.candidate.package.lines[part.line - 1]
    return UnitsRedeemed(
        effective_at=wish.effective_at,
        redemption_id=command.redemption_id,
        allocation=allocation,
        quantity=command.quantity,
        line=part.line,
        units=part.units,
        value=line.value_of(part.units),
        remaining=line.remaining - len(part.units),
        service_id=command.service_id,
        participant_id=wish.participant.id,
        staff_id=command.staff_id or at.actor.staff_id,
        location_id=command.location_id,
        booking_id=command.booking_id,
        session_at=command.session_at,
    )
