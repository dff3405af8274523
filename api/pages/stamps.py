"""Which packages are shown with a stamp for each unit; the others have bars."""

from collections.abc import Iterable, Mapping
from typing import Any

STAMPS_MAX = 60
"""Packages of more units are shown as bars."""


def stamps_of(cards: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Package → its units, of cards that were asked for with them."""
    return {card["id"]: card["units"] for card in cards if has_stamps(card) and card["units"]}


def has_stamps(card: Mapping[str, Any]) -> bool:
    return len(card["lines"]) == 1 and bool(card["lines"][0]["granted"] <= STAMPS_MAX)
