"""Addresses of pages: all that a page shows stands in its address, so that it can be kept, sent and shown again."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

Parameter = str | int | Sequence[str] | None


def address_with(address: str, **changes: Parameter) -> str:
    """The same address with other parameters: each is set, or with None taken out.

    Another page of a list begins anew, so `cursor` goes unless it is set.
    """
    path, _, query = address.partition("?")
    changed = {"cursor": None, "as": None} | {name.rstrip("_"): value for name, value in changes.items()}
    kept = [(name, value) for name, value in parse_qsl(query) if name not in changed]
    for name, value in changed.items():
        if isinstance(value, str | int):
            kept.append((name, str(value)))
        elif value is not None:
            kept.extend((name, each) for each in value)
    return f"{path}?{urlencode(kept)}" if kept else path


def address_without(address: str, name: str, value: str) -> str:
    """The same address without one value of a parameter."""
    values = [each for each in values_of(address, name) if each != value]
    return address_with(address, **{name: values or None})


def values_of(address: str, name: str) -> list[str]:
    """The values of a parameter in an address."""
    return [value for found, value in parse_qsl(address.partition("?")[2]) if found == name]


def is_here(address: str) -> bool:
    """Whether it is a path of this application, and of no other host, as a header may hold it."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\"))
    return is_path and address.isascii() and address.isprintable()
