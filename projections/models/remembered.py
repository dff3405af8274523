"""Remembering what was made of parts that many packages share (domain/ledger/reading.py makes each of them once)."""

from collections.abc import Callable
from typing import TypeVar

Part = TypeVar("Part")
Made = TypeVar("Made")

PARTS_MAX = 512


def of_the_same(make: Callable[[Part], Made]) -> Callable[[Part], Made]:
    """The function, which makes nothing twice of one object. What it makes must not be changed."""
    kept: dict[int, tuple[Part, Made]] = {}

    def remembered(part: Part) -> Made:
        found = kept.get(id(part))
        if found is not None and found[0] is part:
            return found[1]
        made = make(part)
        if len(kept) >= PARTS_MAX:
            kept.clear()
        kept[id(part)] = part, made
        return made

    return remembered
