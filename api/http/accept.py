"""The representation that a caller likes best, by the header Accept (RFC 9110, section 12.5.1).

preferred("text/html, */*;q=0.1", ("application/json", "text/html"))    "text/html"
"""

import re
from collections.abc import Sequence


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The media type with the highest quality, the first of equals; None where the caller takes none of them."""
    likes = dict(map(quality, accept.lower().split(",")))

    def liked(media: str) -> float:
        ranges = (media, f"{media.partition('/')[0]}/*", "*/*")
        return next((likes[each] for each in ranges if each in likes), 0.0)

    best = max(offered, key=liked)
    return best if liked(best) > 0 else None


def quality(part: str) -> tuple[str, float]:
    """The media range of one part of the header, and how much it is liked, from 0 to 1."""
    media, _, parameters = part.partition(";")
    found = re.search(r"(?:^|;)\s*q=([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", parameters)
    return media.strip(), float(found[1]) if found else 1.0
