"""A changed copy of an immutable state, cheap enough for the fold of every fact."""

from typing import Any, TypeVar

from msgspec import Struct, structs

S = TypeVar("S")


def updated(state: S, **fields: Any) -> S:
    """`dataclasses.replace` for a struct, and for a frozen dataclass without slots, at a tenth of its cost.

    It runs no `__init__`: names must be fields of the state. A fold does this several times a fact.
    """
    if isinstance(state, Struct):
        return structs.replace(state, **fields)
    copy = object.__new__(type(state))
    copy.__dict__.update(state.__dict__)
    copy.__dict__.update(fields)
    return copy
