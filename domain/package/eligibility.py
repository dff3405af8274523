"""Whether a package may give units for a use (domain.md, Redeeming, Sharing; S12, S85–S87)."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from domain.business.state import Business
from domain.moments import local_day
from domain.package.commands import Redemption
from domain.package.places import check_place
from domain.package.state import Package
from domain.people.state import Participant
from domain.refusals import (
    EffectiveAtOutOfRange,
    NotEligible,
    PackageHasExpired,
    PackageIsCancelled,
    PackageIsFrozen,
    PaymentRequired,
    Refused,
)
from domain.values import UNITS_PER_PACKAGE_MAX


class Candidate(Struct, frozen=True, gc=False):
    """A package that a redemption may use. `position` is that of its sale in the ledger."""

    id: str
    package: Package
    position: int


class ResolvedRedemption(Struct, frozen=True, gc=False):
    """A redemption with its moments and its participant resolved."""

    command: Redemption
    effective_at: datetime
    used_at: datetime
    """The start of the session if known, else `effective_at`."""
    participant: Participant


def check_use(
    package: Package, wish: ResolvedRedemption, business: Business, least: int, lines: Sequence[int]
) -> None:
    """Check that a package may give at least `least` units for this use, whatever is left of it.

    `lines`: those of it that are good for the use.
    Raises PackageIsCancelled, EffectiveAtOutOfRange, PackageHasExpired, PackageIsFrozen, NotEligible, and
    PaymentRequired only when nothing else stands against it.
    """
    command = wish.command
    if package.cancelled:
        raise PackageIsCancelled()
    if wish.effective_at < package.purchased_at:
        raise EffectiveAtOutOfRange(package.purchased_at, wish.effective_at)
    # A package bought after a session may pay for it, on the day itself.
    if wish.used_at < package.purchased_at and not _on_one_day(wish.used_at, package):
        raise EffectiveAtOutOfRange(package.purchased_at, wish.used_at)
    # An earlier session alone does not bring an expired package back: that needs an earlier `effective_at`.
    last = max(wish.used_at, wish.effective_at)
    if package.expiry.has_passed(last):
        expires_on = package.expiry.on(local_day(last, package.time_zone))
        assert expires_on is not None
        raise PackageHasExpired(expires_on)
    if package.freezes:
        for moment in (wish.effective_at, wish.used_at):
            check_not_frozen(package, moment)
    _check_eligible(package, wish, business, least)
    if command.line is not None and command.line > len(package.lines):
        raise NotEligible("no-such-line", limit=len(package.lines))
    if not lines:
        raise NotEligible("service-not-covered")
    if business.policies.payment_required and package.owing:
        raise PaymentRequired(package.owing)


def _on_one_day(moment: datetime, package: Package) -> bool:
    return local_day(moment, package.time_zone) == local_day(package.purchased_at, package.time_zone)


def obstacle(
    package: Package, wish: ResolvedRedemption, business: Business, least: int, lines: Sequence[int]
) -> Refused | None:
    """The refusal of `check_use`, or None."""
    try:
        check_use(package, wish, business, least, lines)
    except Refused as refusal:
        return refusal
    return None


def check_not_frozen(package: Package, moment: datetime) -> None:
    """Raises PackageIsFrozen for a moment inside a freeze, also one that has ended since."""
    day = local_day(moment, package.time_zone)
    for freeze in package.freezes:
        within = freeze.frozen_at <= moment and day <= freeze.until
        if within and (freeze.ended_at is None or moment < freeze.ended_at):
            raise PackageIsFrozen(freeze.until)


def _check_eligible(package: Package, wish: ResolvedRedemption, business: Business, least: int) -> None:
    """The participant, the place and the household's cap (domain.md, Sharing)."""
    command, participant = wish.command, wish.participant
    if package.sharing == "purchaser" and participant.id not in package.beneficiaries:
        raise NotEligible("participant-not-named")
    if command.service_id in participant.barred_services:
        raise NotEligible("participant-barred")
    check_place(package, command.location_id, business)
    if room_under_cap(package, wish) < least:
        raise NotEligible("participant-cap", limit=package.cap_per_participant)


def room_under_cap(package: Package, wish: ResolvedRedemption) -> int:
    """Units of a package that the participant may still use."""
    if package.cap_per_participant is None:
        return UNITS_PER_PACKAGE_MAX
    id = wish.participant.id
    taken = sum(use.restorable for use in package.uses.values() if use.participant_id == id)
    holds = (hold for held in package.holds.values() for hold in held)
    held = sum(hold.quantity for hold in holds if hold.participant_id == id)
    return package.cap_per_participant - taken - held


def lines_for(package: Package, command: Redemption) -> Sequence[int]:
    """Numbers of the lines that are good for the service; only the named one, if a line is named."""
    service_id, named = command.service_id, command.line
    found = []
    for number, line in enumerate(package.lines, 1):
        if service_id in line.service_ids and (named is None or named == number):
            found.append(number)
    return found
