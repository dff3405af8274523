"""Moving units to another customer, as a package of their own, and taking that back while unused (domain.md, Transfer).

The values move with the units: the new package is settled, and a debt stays with the origin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from domain.actor import Circumstances
from domain.calendar_rules import ExpiryAfterFirstUse, ExpiryOnDate, NoExpiry, Validity
from domain.moments import local_day
from domain.package.checks import (
    check_expiry,
    check_not_cancelled,
    check_not_expired,
    check_room,
    now_for,
    settled,
    today_for,
)
from domain.package.commands import TransferUnits, UndoTransfer
from domain.package.eligibility import check_not_frozen
from domain.package.fact_parts import SoldLine, Units
from domain.package.facts import PackageFact, TransferRevoked, TransferUndone, UnitsTransferredOut
from domain.package.opening_facts import UnitsTransferredIn
from domain.package.state import Package
from domain.package.units import AVAILABLE
from domain.people.state import Customer
from domain.refusals import (
    CustomerIsBlocked,
    CustomerIsInactive,
    InsufficientUnits,
    Invalid,
    NotEligible,
    NotFound,
)
from domain.unit_values import runs
from domain.values import ref_of


@dataclass(frozen=True, slots=True)
class Receiver:
    """The customer who receives the units, and the number of the package among theirs of that offer."""

    customer: Customer
    purchase_number: int


def transfer(
    package: Package, command: TransferUnits, receiver: Receiver, at: Circumstances
) -> dict[str, list[PackageFact]]:
    """The facts of both packages: the lowest available units of one line go, with their values.

    Raises PackageIsCancelled, PackageHasExpired, PackageIsFrozen, CustomerIsBlocked, CustomerIsInactive,
    InsufficientUnits, Invalid (line, the same customer, an expiry before the day), LimitReached.
    """
    _check(package, command, receiver.customer, at)
    line = package.lines[command.line - 1]
    if command.quantity > line.available:
        raise InsufficientUnits(command.quantity, available=line.available, remaining=line.remaining)
    units, before = line.lowest(command.quantity), settled(package, now_for(package, at))
    out = UnitsTransferredOut(
        effective_at=now_for(package, at),
        transfer_id=command.transfer_id,
        to_package_id=command.new_package_id,
        to_customer_id=command.to_customer_id,
        line=command.line,
        units=units,
        value=line.value_of(units),
        remaining=line.remaining - len(units),
        reason=ref_of(command.reason),
    )
    check_room(package, len(before) + 1, kept=True)
    received = _received(package, command, units, receiver, at)
    return {command.package_id: [*before, out], command.new_package_id: [received]}


def _check(package: Package, command: TransferUnits, customer: Customer, at: Circumstances) -> None:
    check_not_cancelled(package)
    check_not_expired(package, now_for(package, at))
    check_not_frozen(package, now_for(package, at))
    if command.line > len(package.lines):
        raise Invalid(
            "/line", "unknown-line", f"must be at most {len(package.lines)}, the lines of this package"
        )
    if command.to_customer_id == package.customer_id:
        raise Invalid("/to_customer_id", "same-customer", "must be another customer")
    if customer.blocked:
        raise CustomerIsBlocked(command.to_customer_id)
    if not customer.active:
        raise CustomerIsInactive(command.to_customer_id)
    if isinstance(command.expires_on, date):
        check_expiry(command.expires_on, now_for(package, at), package.time_zone)


def _received(
    package: Package, command: TransferUnits, units: Units, receiver: Receiver, at: Circumstances
) -> UnitsTransferredIn:
    line = package.lines[command.line - 1]
    validity, expires_on = _validity(package, command.expires_on, at)
    sold = SoldLine(
        label=line.label,
        services=line.services,
        quantity=len(units),
        values=runs(line.values[unit - 1] for unit in units),
        weight=line.weight,
        tax_rate=line.tax_rate,
    )
    return UnitsTransferredIn(
        effective_at=now_for(package, at),
        transfer_id=command.transfer_id,
        from_package_id=command.package_id,
        from_customer_id=package.customer_id,
        customer_id=command.to_customer_id,
        offer_id=package.offer_id,
        name=package.name,
        purchase_number=receiver.purchase_number,
        currency=package.currency,
        price=line.value_of(units),
        list_price=line.value_of(units),
        lines=(sold,),
        validity=validity,
        expires_on=expires_on,
        time_zone=package.time_zone,
        entered_on=local_day(at.now, package.time_zone),
        sharing=package.sharing,
        beneficiaries=(receiver.customer.in_person.id,),
        cap_per_participant=package.cap_per_participant,
        cancellation=package.cancellation,
        policy_version=package.policy_version,
        locations=package.locations,
        reason=ref_of(command.reason),
    )


def _validity(
    package: Package, wanted: date | Literal["as before"] | None, at: Circumstances
) -> tuple[Validity, date | None]:
    """The expiry of the origin, unless another is set; a validity that waits for its first use goes on waiting."""
    if wanted == "as before":
        waits = isinstance(package.validity, ExpiryAfterFirstUse) and package.started_on is None
        if waits and not package.expiry_set:
            return package.validity, None
        wanted = package.expiry.on(today_for(package, at))
    return (NoExpiry(), None) if wanted is None else (ExpiryOnDate(date=wanted), wanted)


def undo(
    transfer_id: str, packages: Mapping[str, Package], command: UndoTransfer, at: Circumstances
) -> dict[str, list[PackageFact]]:
    """Take a transfer back: all units return to where they were, and the package that it made ends.

    Raises NotFound, PackageIsCancelled (either package), NotEligible where the new package was used, holds
    units, passed some on or has another price.
    """
    received = {id: package for id, package in packages.items() if package.transfer_id == transfer_id}
    origins = {id: package for id, package in packages.items() if transfer_id in package.transfers}
    if not received:
        raise NotFound("transfer", transfer_id)
    ((new_id, new),) = received.items()
    check_not_cancelled(new)
    ((origin_id, origin),) = origins.items()
    check_not_cancelled(origin)
    if new.holds or new.remaining < sum(len(line.states) for line in new.lines):
        raise NotEligible("transfer-touched")
    if new.price != new.covered or new.paid:
        raise NotEligible("transfer-repriced")
    _, part = origin.transfers[transfer_id]
    back = TransferUndone(
        effective_at=now_for(origin, at),
        transfer_id=transfer_id,
        line=part.line,
        units=part.units,
        value=part.value,
        remaining=origin.lines[part.line - 1].remaining + len(part.units),
        reason=ref_of(command.reason),
    )
    end = TransferRevoked(
        effective_at=now_for(new, at),
        transfer_id=transfer_id,
        returned=new.units_in(AVAILABLE),
        reason=ref_of(command.reason),
    )
    made = {
        origin_id: [*settled(origin, now_for(origin, at)), back],
        new_id: [*settled(new, now_for(new, at)), end],
    }
    for id, facts in made.items():
        check_room(packages[id], len(facts), kept=False)
    return made
