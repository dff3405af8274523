"""Ranking and allocation: the units a redemption takes, of one or several packages.

One command, one redemption id, all allocations or none (domain.md, Redeeming; S60).
"""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from domain.actor import Circumstances
from domain.business.state import Business
from domain.moments import as_moment
from domain.package.checks import check_moment, earliest_in, today_for
from domain.package.commands import Redemption
from domain.package.eligibility import Candidate, ResolvedRedemption, lines_for, obstacle, room_under_cap
from domain.package.state import Package
from domain.package.units import AVAILABLE
from domain.package.use import TakenUnits
from domain.people.state import Customer, Participant
from domain.refusals import InsufficientUnits, NotEligible, NotFound, PaymentRequired, Refused

NEVER = date.max
"""The rank of a package that never expires, among expiry dates."""


def allocate(
    candidates: Sequence[Candidate],
    command: Redemption,
    at: Circumstances,
    business: Business,
    customer: Customer,
    *,
    chosen: bool,
    zone: str,
) -> tuple[list[TakenUnits], ResolvedRedemption]:
    """The units a redemption takes, and the resolved redemption.

    `chosen`: the caller named the one package, and its obstacle is the refusal. Otherwise packages that
    cannot be used are passed over. `zone`: where it is done. Raises InsufficientUnits, PackageHasExpired,
    PackageIsCancelled, PackageIsFrozen, NotEligible, PaymentRequired, EffectiveAtOutOfRange,
    BackDatingNotAllowed, NotFound (participant), LimitReached.
    """
    wish = _resolved(command, at, zone, customer, candidates, chosen)
    least = command.quantity if chosen else 1
    weighed = [_weighed(each, wish, business, least, chosen=chosen) for each in candidates]
    if chosen and weighed[0].obstacle is not None:
        raise weighed[0].obstacle
    taken = _allocate([each for each in weighed if each.obstacle is None], wish, at)
    if sum([len(part.units) for part in taken]) < command.quantity:
        raise _short(weighed, wish)
    return taken, wish


class _Weighed(Struct, frozen=True, gc=False):
    """A candidate, the lines of it that are good for the use, and what stands against it."""

    candidate: Candidate
    lines: Sequence[int]
    obstacle: Refused | None


def _weighed(
    candidate: Candidate, wish: ResolvedRedemption, business: Business, least: int, *, chosen: bool
) -> _Weighed:
    package, lines = candidate.package, lines_for(candidate.package, wish.command)
    if chosen or _has_units(package, lines):
        return _Weighed(candidate, lines, obstacle(package, wish, business, least, lines))
    return _Weighed(candidate, lines, None)


def _has_units(package: Package, lines: Sequence[int]) -> bool:
    """Whether something is left in these lines, held or not. Of a package without nothing else matters, unless it was
    chosen."""
    for number in lines:  # noqa: SIM110 (many packages are passed over: no generator for each)
        if AVAILABLE in package.lines[number - 1].states:
            return True
    return False


def _resolved(
    command: Redemption,
    at: Circumstances,
    zone: str,
    customer: Customer,
    candidates: Sequence[Candidate],
    chosen: bool,
) -> ResolvedRedemption:
    effective_at = at.now
    if command.effective_at is not None:
        moment = as_moment(command.effective_at, zone)
        earliest = candidates[0].package.purchased_at if chosen else earliest_in(zone)
        effective_at = check_moment(moment, earliest, at, zone)
    participant = _participant(command, customer, candidates, chosen, effective_at)
    return ResolvedRedemption(command, effective_at, command.session_at or effective_at, participant)


def _participant(
    command: Redemption, customer: Customer, candidates: Sequence[Candidate], chosen: bool, at: datetime
) -> Participant:
    """The participant who uses the units: the one named, else a chosen package's only beneficiary, else number 0."""
    id = command.participant_id
    if id is None and chosen and len(candidates[0].package.beneficiaries) == 1:
        id = candidates[0].package.beneficiaries[0]
    if id is None:
        return customer.in_person
    if (participant := customer.participants.get(id)) is None:
        raise NotFound("participant", id)
    if not participant.belongs_at(at):
        raise NotEligible("participant-had-left")
    return participant


def _allocate(usable: Sequence[_Weighed], wish: ResolvedRedemption, at: Circumstances) -> list[TakenUnits]:
    """Take the best-ranked lines first, each as far as it goes, until there is enough."""
    lines = [
        (each.candidate, number)
        for each in usable
        for number in each.lines
        if each.candidate.package.lines[number - 1].available
    ]
    if len(lines) > 1:
        lines.sort(key=lambda line: _rank(line[0], line[1], at))
    taken, wanted, room = list[TakenUnits](), wish.command.quantity, dict[str, int]()
    for candidate, number in lines:
        id, package = candidate.id, candidate.package
        if id not in room:
            room[id] = room_under_cap(package, wish)
        take = min(wanted, room[id], capacity(package, number, wish.effective_at))
        if take > 0:
            taken.append(TakenUnits(candidate, number, package.lines[number - 1].lowest(take)))
            wanted -= take
            room[id] -= take
        if not wanted:
            break
    return taken


def _rank(candidate: Candidate, number: int, at: Circumstances) -> tuple[bool, date, int, datetime, int, int]:
    """Line for exactly this service before a shared one, soonest expiry (never last), lower value of its next
    available unit, earlier effective purchase, lower position (domain.md, Redeeming)."""
    package, line = candidate.package, candidate.package.lines[number - 1]
    # Only the end of a freeze moves it by itself.
    expires_on = package.expiry.on(today_for(package, at)) if package.frozen else package.expires_on
    return (
        len(line.services) > 1,
        expires_on or NEVER,
        line.next_value,
        package.bought_at,
        candidate.position,
        number,
    )


def capacity(package: Package, number: int, moment: datetime) -> int:
    """Units of a line that a use at that moment may take: at most what is available now and at every moment since.

    In effective order, no past remainder falls below zero, nor below what bookings held of it then.
    """
    line = package.lines[number - 1]
    if moment >= package.latest_at:
        return line.available
    return min(line.available, _lowest_since(package, number, moment))


def _lowest_since(package: Package, number: int, moment: datetime) -> int:
    """The fewest available units of a line at any moment since then, in effective order."""
    moves = sorted((m for m in package.moves if m.line == number), key=lambda m: m.effective_at)
    left = package.lines[number - 1].available - sum(move.change for move in moves)
    lowest: int | None = None
    for move in moves:
        if move.effective_at > moment:
            lowest = left if lowest is None else min(lowest, left)
        left += move.change
    return left if lowest is None else min(lowest, left)


def _short(weighed: Sequence[_Weighed], wish: ResolvedRedemption) -> Refused:
    """The refusal where there is not enough: too few units back then, an unpaid package, no package for this
    participant, or too few units now."""
    requested, remaining, available, lowest, owing = wish.command.quantity, 0, 0, 0, 0
    barring: list[NotEligible] = []
    for each in weighed:
        package, lines, found = each.candidate.package, each.lines, each.obstacle
        left = sum(package.lines[n - 1].available for n in lines)
        if isinstance(found, NotEligible) and left:
            barring.append(found)
        if isinstance(found, PaymentRequired) and left:
            owing += found.owing
        if found is None:
            room = room_under_cap(package, wish)
            remaining += sum(package.lines[n - 1].remaining for n in lines)
            available += min(room, left)
            lowest += min(room, sum(capacity(package, n, wish.effective_at) for n in lines))
    if available >= requested:
        return InsufficientUnits(requested, available=available, remaining=remaining, lowest=lowest)
    if owing:
        return PaymentRequired(owing)
    if barring and not available:
        return barring[0]
    return InsufficientUnits(requested, available=available, remaining=remaining)
