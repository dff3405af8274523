"""Words for the values, facts and commands of the tests: the Silk Salon in Budapest, its customer and her dogs.

Times are written as a desk there reads them; a unit is worth 10.00 unless a test says otherwise.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.actor import Actor, Circumstances, Role
from domain.business.state import Business, Location
from domain.calendar_rules import NoExpiry, Validity
from domain.catalogue.facts import ServiceTerms
from domain.catalogue.state import Service
from domain.package.commands import NewPayment, RedeemFromCustomer, RedeemUnits
from domain.package.fact_parts import FreedUse, LineUnits, SoldLine, SoldService
from domain.package.facts import LineCorrected, PackageCancelled, PackageFrozen, UnitsRedeemed, UnitsRestored
from domain.package.money_facts import PaymentRecorded
from domain.package.opening_facts import PackagePurchased
from domain.people.state import Customer, Participant
from domain.staff.state import Staff
from domain.unit_values import runs, spread
from domain.values import CancellationTerms, Money, PaymentMethod, Wording

ZONE = "Europe/Budapest"
NOW = "2026-10-03 12:00"
"""A Saturday noon; summer time ends there on 25 October."""
SOLD = "2026-10-01 09:00"


# --- Words for values --------------------------------------------------------------------------


def moment(local: str | datetime, zone: str = ZONE) -> datetime:
    """The moment a clock on that wall shows `2026-10-03 12:00`."""
    if isinstance(local, datetime):
        return local
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


def euros(minor_units: int) -> Money:
    return Money(amount=minor_units, currency="EUR")


def because(text: str = "agreed at the desk", n: int = 1) -> Wording:
    return Wording(id=f"txt_{n}", salt=b"pinch", text=text)


def circumstances(at: str | datetime = NOW, role: Role = Role.OWNER, who: str = "stf_ann") -> Circumstances:
    return Circumstances(moment(at), Actor(id=who, role=role))


MASSAGE = SoldService(id="svc_massage", name="Massage 60", service_type="Massage")
FACIAL = SoldService(id="svc_facial", name="Facial", service_type="Beauty")
SERVICES: Mapping[str, Service | None] = {
    "svc_massage": Service(ServiceTerms(name="Massage 60", service_type="Massage", list_price=6_000)),
    "svc_facial": Service(ServiceTerms(name="Facial", service_type="Beauty", list_price=3_000)),
    "svc_gift": Service(ServiceTerms(name="Hand cream", service_type="Gift", list_price=0)),
    "svc_talk": Service(ServiceTerms(name="Talk", service_type="Advice")),
    "svc_old": Service(ServiceTerms(name="Mud bath", service_type="Massage", list_price=100), retired=True),
}
STAFF: Mapping[str, Staff] = {
    "stf_ann": Staff(Role.STAFF, ()),
    "stf_bob": Staff(Role.STAFF, ()),
    "stf_gone": Staff(Role.STAFF, (), active=False),
}
HOUSEHOLD = Customer(
    participants={
        "par_ada": Participant("par_ada", 0, "person"),
        "par_max": Participant("par_max", 1, "dog"),
        "par_bo": Participant("par_bo", 2, "dog", barred_services=("svc_facial",)),
        "par_old": Participant("par_old", 3, "dog", removed_at=moment("2026-10-02 09:00")),
    }
)
BUSINESS = Business(
    name="Silk Salon",
    currency="EUR",
    time_zone=ZONE,
    locations={"loc_1": Location("Main street", ZONE), "loc_2": Location("Harbour", ZONE)},
)


# --- Words for facts ---------------------------------------------------------------------------


def line(
    quantity: int, *services: SoldService, values: Iterable[int] | None = None, weight: int = 1
) -> SoldLine:
    """A sold line, its units worth 10.00 each unless `values` says otherwise."""
    good_for = services or (MASSAGE,)
    return SoldLine(
        label=" / ".join(service.name for service in good_for),
        services=good_for,
        quantity=quantity,
        values=runs(values if values is not None else [1_000] * quantity),
        weight=weight,
    )


def sold(
    *lines: SoldLine,
    units: int = 10,
    at: str | datetime = SOLD,
    validity: Validity | None = None,
    expires_on: str | date | None = None,
    entered_on: str | None = None,
    **fields: Any,
) -> PackagePurchased:
    """A package as it was sold: ten massages at 10.00 each that never expire, unless said otherwise."""
    lines = lines or (line(units),)
    effective_at = moment(at)
    price = sum(value * count for one in lines for value, count in one.values)
    standard: dict[str, Any] = {
        "customer_id": "cus_1",
        "name": "Massage ×10 💆",
        "purchase_number": 1,
        "currency": "EUR",
        "price": price,
        "list_price": price,
        "time_zone": ZONE,
        "sharing": "purchaser",
        "beneficiaries": ("par_ada",),
        "cancellation": CancellationTerms(notice_hours=24, late="restore"),
    }
    entered = day(entered_on) if entered_on else effective_at.astimezone(ZoneInfo(ZONE)).date()
    return PackagePurchased(
        effective_at=effective_at,
        lines=lines,
        validity=validity or NoExpiry(),
        expires_on=day(expires_on) if isinstance(expires_on, str) else expires_on,
        entered_on=entered,
        **(standard | fields),
    )


def used(
    *units: int,
    remaining: int,
    redemption: str = "red_1",
    at: str | datetime = NOW,
    line: int = 1,
    value: int | None = None,
    **fields: Any,
) -> UnitsRedeemed:
    """Units in use, of a redemption that took no others unless `quantity` says so."""
    standard: dict[str, Any] = {
        "allocation": 1,
        "quantity": len(units),
        "service_id": "svc_massage",
        "participant_id": "par_ada",
        "staff_id": "stf_ann",
    }
    return UnitsRedeemed(
        effective_at=moment(at),
        redemption_id=redemption,
        line=line,
        units=units,
        value=1_000 * len(units) if value is None else value,
        remaining=remaining,
        **(standard | fields),
    )


def restored(
    *units: int,
    remaining: int,
    redemption: str = "red_1",
    at: str | datetime = NOW,
    line: int = 1,
    value: int | None = None,
    usable: int | None = None,
    **fields: Any,
) -> UnitsRestored:
    standard: dict[str, Any] = {"allocation": 1}
    return UnitsRestored(
        effective_at=moment(at),
        redemption_id=redemption,
        line=line,
        units=units,
        value=1_000 * len(units) if value is None else value,
        remaining=remaining,
        usable=len(units) if usable is None else usable,
        **(standard | fields),
    )


def corrected(
    change: int,
    *,
    remaining: int,
    at: str | datetime = NOW,
    line: int = 1,
    value: int | None = None,
    taken: tuple[int, ...] = (),
    returned: tuple[int, ...] = (),
    freed: tuple[FreedUse, ...] = (),
    added: tuple[int, ...] = (),
    reason: Wording | None = None,
) -> LineCorrected:
    moved = len(taken) + len(returned) + sum(len(use.units) for use in freed)
    return LineCorrected(
        effective_at=moment(at),
        line=line,
        change=change,
        remaining=remaining,
        value=1_000 * moved if value is None else value,
        taken=taken,
        returned=returned,
        freed=freed,
        added=added,
        reason=reason.ref if reason else None,
    )


def paid(amount: int, *, total: int, payment: str = "pay_1", at: str | datetime = NOW) -> PaymentRecorded:
    return PaymentRecorded(
        effective_at=moment(at),
        payment_id=payment,
        amount=amount,
        method=PaymentMethod.CASH,
        paid=total,
    )


def froze(until: str, *, at: str | datetime = NOW) -> PackageFrozen:
    frozen_at = moment(at)
    return PackageFrozen(
        effective_at=frozen_at,
        frozen_on=frozen_at.astimezone(ZoneInfo(ZONE)).date(),
        until=day(until),
        reason=because().ref,
    )


def cancelled(*lapsed: LineUnits, at: str | datetime = NOW) -> PackageCancelled:
    return PackageCancelled(effective_at=moment(at), lapsed=lapsed, reason=because().ref)


def of_line(number: int, *units: int, value: int | None = None) -> LineUnits:
    return LineUnits(line=number, units=units, value=1_000 * len(units) if value is None else value)


# --- Words for commands ------------------------------------------------------------------------


def redeem(
    quantity: int = 1, *, package: str = "pkg_1", redemption: str = "red_new", **fields: Any
) -> RedeemUnits:
    """A use of one package that somebody chose."""
    standard: dict[str, Any] = {"service_id": "svc_massage", "redemption_id": redemption}
    return RedeemUnits(package_id=package, quantity=quantity, **(standard | fields))


def redeem_any(quantity: int = 1, *, redemption: str = "red_new", **fields: Any) -> RedeemFromCustomer:
    """A use of whatever packages the rule ranks first."""
    standard: dict[str, Any] = {"service_id": "svc_massage", "redemption_id": redemption}
    return RedeemFromCustomer(customer_id="cus_1", quantity=quantity, **(standard | fields))


def pay(amount: int, *, payment: str = "pay_new", method: PaymentMethod = PaymentMethod.CASH) -> NewPayment:
    return NewPayment(payment_id=payment, amount=euros(amount), method=method)


def evenly(price: int, quantity: int) -> list[int]:
    """The values of units that weigh the same."""
    return spread(price, [1] * quantity)
