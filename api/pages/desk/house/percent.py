"""Rates of tax as people type them: 27 or 5.5 percent, in basis points for the API."""

from decimal import Decimal, InvalidOperation

BASIS_POINTS = 100
"""Of one percent."""


def basis_points_of(text: str) -> int | str:
    """The basis points of a percentage with at most two decimals; what is none as it is, for the API to refuse."""
    try:
        found = Decimal(text.replace(",", ".").strip()) * BASIS_POINTS
        return int(found) if found.is_finite() and found == int(found) else text
    except (InvalidOperation, OverflowError):
        return text


def percent_of(basis_points: int | None) -> str:
    """As it stands in a field; empty where there is none."""
    if basis_points is None:
        return ""
    return f"{Decimal(basis_points) / BASIS_POINTS:f}"
