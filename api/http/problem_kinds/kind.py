"""A kind of problem, as its page explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.http.flaws import Flaw
from domain.refusals import Refused
from domain.refusals.rules import Limit, Rule


@dataclass(frozen=True, slots=True)
class Example:
    """A problem as it may look: its `detail`, its flaws, and the members that explain it."""

    detail: str
    flaws: tuple[Flaw, ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its status, why it happens, and what the caller can do about it."""

    status: int
    title: str
    cause: str
    remedy: str
    example: Example | Refused
    retry_after_s: int | None = None
    """Seconds to wait before it is worth asking again; None: asking again changes nothing by itself."""
    rules: Mapping[Rule, str] | Mapping[Limit, str] | None = None
    """Where it stands for several rules: the code of each, which the member `rule` has, and what is said of it."""
