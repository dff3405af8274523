"""Hypothesis strategies for the words of the domain: values, facts, and whole histories of packages.

`facts()` draws any fact of the registry from its own types, so that a new field is covered
the day it is added.
`histories()` sells packages and then sends them commands, legal and illegal, with a clock that goes on.
"""

import types
import typing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from domain.actor import Role
from domain.calendar_rules import (
    CalendarUnit,
    ExpiryAfterFirstUse,
    ExpiryAfterPurchase,
    ExpiryOnDate,
    NoExpiry,
    Validity,
)
from domain.fact import Fact
from domain.fact_registry import FACTS
from domain.moments import FIRST_DAY, LAST_DAY, TimeZone, local_day
from domain.package.commands import (
    AddNote,
    AdjustPrice,
    CancelPackage,
    CorrectLine,
    FreezePackage,
    NewPayment,
    RecordPayment,
    RedeemFromCustomer,
    RedeemUnits,
    RefundPayment,
    ReinstatePackage,
    RestoreUnits,
    SetExpiry,
    UnfreezePackage,
    VoidPackage,
)
from domain.package.opening_facts import PackagePurchased
from domain.unit_values import spread
from domain.values import AMOUNT_MAX, PaymentMethod, Value
from tests.domain.given import Outcome, World
from tests.domain.words import FACIAL, MASSAGE, ZONE, because, euros, line, moment, sold

# --- Values ------------------------------------------------------------------------------------

HARD_ZONES = (
    "Europe/Budapest",
    "America/New_York",
    "Africa/Cairo",  # midnight is skipped when summer begins
    "America/Havana",
    "Asia/Beirut",
    "America/Asuncion",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",  # changed at one minute past midnight until 2011
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # 30 December 2011 did not take place
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "UTC",
)
"""Time zones whose days are odd in some year since 1970."""


def zones() -> st.SearchStrategy[str]:
    return st.sampled_from(HARD_ZONES)


def days(first: date = FIRST_DAY, last: date = LAST_DAY) -> st.SearchStrategy[date]:
    return st.dates(first, last)


def moments(first: date = FIRST_DAY, last: date = LAST_DAY) -> st.SearchStrategy[datetime]:
    """Moments in UTC, at whole milliseconds."""
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    length = (datetime(last.year, last.month, last.day, tzinfo=UTC) - start) // timedelta(milliseconds=1)
    return st.integers(0, length).map(lambda n: start + timedelta(milliseconds=n))


def texts(length_max: int = 40) -> st.SearchStrategy[str]:
    """What people type: any script, emoji, zero-width and right-to-left characters, line breaks."""
    letters = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\x7f") | st.sampled_from(
        "\n\t"
    )
    return st.text(letters, min_size=1, max_size=length_max).filter(lambda text: bool(text.strip()))


def prices(price_max: int = AMOUNT_MAX) -> st.SearchStrategy[int]:
    """Minor units, often few: that is where remainders show."""
    return st.integers(0, min(200, price_max)) | st.integers(0, price_max)


def validities() -> st.SearchStrategy[Validity]:
    unit = st.sampled_from(get_args(CalendarUnit))
    count = st.integers(1, 40)
    return st.one_of(
        st.just(NoExpiry()),
        days().map(lambda day: ExpiryOnDate(date=day)),
        st.builds(ExpiryAfterPurchase, count=count, unit=unit),
        st.builds(ExpiryAfterFirstUse, count=count, unit=unit),
    )


# --- Any fact, from its own types --------------------------------------------------------------


def facts() -> st.SearchStrategy[Fact]:
    """Any fact that may be stored."""
    return st.sampled_from(sorted(FACTS, key=lambda fact: fact.stored_name)).flatmap(instances)


@cache
def instances(model: type[Any]) -> st.SearchStrategy[Any]:
    """Any instance of a pydantic model, each field drawn within its own constraints."""
    return st.builds(model, **{name: _field(info) for name, info in model.model_fields.items()})


def _field(info: FieldInfo) -> st.SearchStrategy[Any]:
    return _typed(info.annotation, tuple(info.metadata))


def _typed(kind: Any, limits: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _typed(parts[0], (*_unpacked(parts[1:]), *limits))
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([_typed(part) for part in parts])
    if origin is tuple:
        if len(parts) == 2 and parts[1] is Ellipsis:
            least = _limit(limits, "min_length", 0)
            return st.lists(_typed(parts[0]), min_size=least, max_size=max(3, least)).map(tuple)
        return st.tuples(*[_typed(part) for part in parts])
    if kind is type(None):
        return st.none()
    return _plain(kind, limits)


def _unpacked(limits: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        part for limit in limits for part in (limit.metadata if isinstance(limit, FieldInfo) else (limit,))
    )


def _plain(kind: type[Any], limits: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(_limit(limits, "ge", 0), _limit(limits, "le", 10**6))
    if kind is str:
        return _text(limits)
    if kind is date:
        return days()
    if kind is AwareDatetime:
        return moments()
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    assert issubclass(kind, BaseModel), f"no strategy for {kind}"
    return instances(kind)


def _text(limits: tuple[Any, ...]) -> st.SearchStrategy[str]:
    if any(part in limits for part in get_args(TimeZone)):
        return zones()
    pattern = next((limit.pattern for limit in limits if isinstance(limit, StringConstraints)), None)
    if isinstance(pattern, str):
        return st.from_regex(pattern.replace("$", r"\Z"))
    return texts(min(40, _limit(limits, "max_length", 40)))


def _limit(limits: tuple[Any, ...], name: str, otherwise: int) -> int:
    """The bound of that name, wherever pydantic keeps it; `otherwise` where the type has none."""
    return next((value for limit in limits if (value := getattr(limit, name, None)) is not None), otherwise)


# --- Histories of packages ---------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One command of a history: the world it met, when it was sent, and what came of it."""

    before: World
    command: Value
    now: datetime
    role: Role
    outcome: Outcome


class History(NamedTuple):
    """Its `__repr__` is what Hypothesis prints of a failing law, which is why it is no dataclass."""

    steps: tuple[Step, ...]
    world: World
    now: datetime

    def __repr__(self) -> str:
        """What was sold, then who wished what and what came of it, a line each: how a failing law is read."""
        told = [f"{id}: {facts[0]!r}" for id, facts in self.world.packages.items()]
        for step in self.steps:
            refusal, made = step.outcome.refusal, step.outcome.facts.values()
            came = refusal.code if refusal else [fact.stored_name for facts in made for fact in facts]
            told.append(f"{step.now:%d %b %H:%M} {step.role}: {step.command!r} -> {came}")
        return "\n".join(told)


START = moment("2026-10-03 12:00")
PAUSES = (
    timedelta(0),
    timedelta(minutes=2),
    timedelta(hours=5),
    timedelta(days=1),
    timedelta(days=9),
)
SINCE = (timedelta(minutes=-4), timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=8))
SERVED = ((MASSAGE,), (FACIAL,), (MASSAGE, FACIAL))


@st.composite
def sales(draw: st.DrawFn, now: datetime = START, capped: bool = True) -> PackagePurchased:
    """A package with few units, so that histories reach its ends; `capped`: some have a cap each."""
    shapes = draw(st.lists(st.tuples(st.sampled_from(SERVED), st.integers(1, 4)), min_size=1, max_size=3))
    weights = draw(st.lists(st.integers(0, 3), min_size=len(shapes), max_size=len(shapes)))
    price = draw(prices(10**6))
    values = iter(
        spread(price, [weight for (_, n), weight in zip(shapes, weights, strict=True) for _ in range(n)])
    )
    lines = [
        line(quantity, *services, values=[next(values) for _ in range(quantity)], weight=weight)
        for (services, quantity), weight in zip(shapes, weights, strict=True)
    ]
    bought = now - draw(st.sampled_from(SINCE[1:]))
    lasts = draw(st.none() | st.integers(0, 30))
    waits = draw(st.just(NoExpiry()) | st.just(ExpiryAfterFirstUse(count=10, unit="days")))
    return sold(
        *lines,
        at=bought,
        expires_on=None if lasts is None else local_day(bought, ZONE) + timedelta(days=lasts),
        validity=waits if lasts is None else None,
        sharing=draw(st.sampled_from(("purchaser", "household"))),
        cap_per_participant=draw(st.none() | st.integers(1, 4)) if capped else None,
    )


@st.composite
def histories(draw: st.DrawFn, packages_max: int = 3, steps_max: int = 15, capped: bool = True) -> History:
    """Packages of one customer, and commands on them: many are refused, as at any desk."""
    found = draw(st.lists(sales(capped=capped), min_size=1, max_size=packages_max))
    world = World({f"pkg_{n}": (sale,) for n, sale in enumerate(found, 1)})
    now, steps = START, []
    for n in range(draw(st.integers(1, steps_max))):
        now += draw(st.sampled_from(PAUSES))
        command = draw(any_command(world, n, now))
        role = draw(st.sampled_from((Role.OWNER, Role.OWNER, Role.OWNER, Role.MANAGER, Role.STAFF)))
        outcome = world.when(command, now, role)
        steps.append(Step(world, command, now, role, outcome))
        world = outcome.world
    return History(tuple(steps), world, now)


@st.composite
def any_command(draw: st.DrawFn, world: World, n: int, now: datetime) -> Value:
    """A command on one of the packages; ids it makes end in `n`, ids it needs are drawn from the world."""
    id = draw(st.sampled_from(sorted(world.packages)))
    make = draw(st.sampled_from((*(uses,) * 4, *(restorations, corrections, spans, endings, money) * 2)))
    return draw(make(world, id, n, now))


@st.composite
def uses(draw: st.DrawFn, world: World, id: str, n: int, now: datetime) -> Value:
    fields: dict[str, Any] = {
        "redemption_id": f"red_{n}",
        "service_id": draw(st.sampled_from(("svc_massage", "svc_facial"))),
        "quantity": draw(st.integers(1, 4)),
        "participant_id": draw(st.sampled_from((None, None, "par_max", "par_bo"))),
        "effective_at": draw(st.none() | st.sampled_from(SINCE).map(lambda back: now - back)),
        "session_at": draw(st.none() | st.just(now + timedelta(days=3))),
    }
    if draw(st.booleans()):
        return RedeemUnits(package_id=id, **fields)
    return RedeemFromCustomer(customer_id="cus_1", **fields)


@st.composite
def restorations(draw: st.DrawFn, world: World, id: str, n: int, now: datetime) -> Value:
    known = sorted({use for package in world.states.values() for use in package.uses})
    return RestoreUnits(
        redemption_id=draw(st.sampled_from(known or ["red_none"])),
        quantity=draw(st.none() | st.integers(1, 3)),
        package_id=draw(st.none() | st.just(id)),
    )


@st.composite
def corrections(draw: st.DrawFn, world: World, id: str, n: int, now: datetime) -> Value:
    return CorrectLine(package_id=id, line=draw(st.integers(1, 3)), change=draw(st.integers(-4, 5)))


@st.composite
def endings(draw: st.DrawFn, world: World, id: str, n: int, now: datetime) -> Value:
    back = local_day(now, ZONE) + timedelta(days=draw(st.integers(-1, 20)))
    choice: tuple[Value, ...] = (
        CancelPackage(package_id=id, reason=because()),
        VoidPackage(package_id=id, reason=because()),
        ReinstatePackage(package_id=id, expires_on=back, reason=because()),
        ReinstatePackage(package_id=id, expires_on=back, reason=because()),
    )
    return draw(st.sampled_from(choice))


@st.composite
def spans(draw: st.DrawFn, world: World, id: str, n: int, now: datetime) -> Value:
    until = local_day(now, ZONE) + timedelta(days=draw(st.integers(-1, 20)))
    choice: tuple[Value, ...] = (
        SetExpiry(package_id=id, expires_on=until),
        SetExpiry(package_id=id, expires_on=None),
        FreezePackage(package_id=id, until=until, reason=because()),
        UnfreezePackage(package_id=id),
    )
    return draw(st.sampled_from(choice))


@st.composite
def money(draw: st.DrawFn, world: World, id: str, n: int, now: datetime) -> Value:
    known = sorted({payment for package in world.states.values() for payment in package.payments})
    amount = euros(draw(st.integers(0, 2) | st.integers(0, 10**6) | st.just(world.states[id].owing)))
    payment = NewPayment(payment_id=f"pay_{n}", amount=amount, method=PaymentMethod.CASH)
    earlier = draw(st.sampled_from(known or ["pay_none"]))
    choice: tuple[Value, ...] = (
        RecordPayment(package_id=id, payment=payment),
        RefundPayment(payment_id=earlier, amount=amount, reason=because()),
        AdjustPrice(package_id=id, price=amount, reason=because()),
        AddNote(package_id=id, note=because()),
    )
    return draw(st.sampled_from(choice))
