"""Hypothesis strategies for the words of the domain: values, facts, and whole histories of packages.

`facts()` draws any fact of the registry from its own types, so that a new field is covered the day it is added.
`histories()` sells packages and then sends them commands, legal and illegal, with a clock that goes on.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from domain import package as commands
from domain.events import Fact
from domain.expiry import AfterFirstUse, AfterPurchase, Never, OnDate, Validity
from domain.facts import FACTS
from domain.package import AnyPackageFact, LineUnits, NewPayment, PackagePurchased, SoldLine
from domain.refusals import Refused
from domain.spreading import runs, spread
from domain.values import AMOUNT_MAX, FIRST_DAY, LAST_DAY, PaymentMethod, Role
from tests.domain.given import FACIAL, MASSAGE, ZONE, AnyCommand, World, because, euros, moment, sold

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
    letters = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\x7f") | st.sampled_from("\n\t")
    return st.text(letters, min_size=1, max_size=length_max).filter(lambda text: bool(text.strip()))


def prices(price_max: int = AMOUNT_MAX) -> st.SearchStrategy[int]:
    """Minor units, often few: that is where remainders show."""
    return st.integers(0, min(200, price_max)) | st.integers(0, price_max)


def validities() -> st.SearchStrategy[Validity]:
    unit = st.sampled_from(typing.get_args(Literal["days", "weeks", "months", "years"]))
    count = st.integers(1, 40)
    return st.one_of(
        st.just(Never()),
        days().map(lambda day: OnDate(date=day)),
        st.builds(AfterPurchase, count=count, unit=unit),
        st.builds(AfterFirstUse, count=count, unit=unit),
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
            least = next((limit.min_length for limit in limits if isinstance(limit, MinLen)), 0)
            return st.lists(_typed(parts[0]), min_size=least, max_size=max(3, least)).map(tuple)
        return st.tuples(*[_typed(part) for part in parts])
    if kind is type(None):
        return st.none()
    return _plain(kind, limits)


def _unpacked(limits: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part for limit in limits for part in (limit.metadata if isinstance(limit, FieldInfo) else (limit,)))


def _plain(kind: type[Any], limits: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if kind is bool:
        return st.booleans()
    if kind is int:
        least = next((limit.ge for limit in limits if isinstance(limit, Ge)), 0)
        most = next((limit.le for limit in limits if isinstance(limit, Le)), 10**6)
        return st.integers(typing.cast(int, least), typing.cast(int, most))
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
    names = {getattr(limit, "func", None).__name__ for limit in limits if hasattr(limit, "func")}
    if "_known_zone" in names:
        return zones()
    pattern = next((limit.pattern for limit in limits if isinstance(limit, StringConstraints)), None)
    if pattern is not None:
        return st.from_regex(pattern.replace("$", r"\Z"))
    longest = next((limit.max_length for limit in limits if isinstance(limit, MaxLen)), 40)
    return texts(min(40, longest))
