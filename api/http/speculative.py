"""Requests that look at an answer before somebody asks for it: HEAD, and what a browser fetches ahead of a click.

They are answered as GET is, and leave nothing behind.
"""

from collections.abc import Iterable

PURPOSES = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
"""Headers by which browsers say that they fetch ahead; the first is that of the standard (Fetch, `Sec-Purpose`)."""
AHEAD: tuple[bytes, bytes] = (b"sec-purpose", b"prefetch")


def is_speculative(method: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return method == "HEAD" or any(
        name in PURPOSES and (b"prefetch" in value.lower() or b"preview" in value.lower())
        for name, value in headers
    )
