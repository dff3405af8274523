"""Ids that follow from where a row came from, so that a killed import needs no memory of its own."""

import hmac
from collections.abc import Sequence
from datetime import date

from api.http.ids import encode


def id_of(secret: bytes, prefix: str, named: Sequence[str], day: date | None = None) -> str:
    """The same id for the same names for ever, unguessable without the business's secret.

    With a `day` it begins with that, as ids made by the clock do, which keeps the indexes compact.
    """
    bits = int.from_bytes(hmac.digest(secret, "\0".join(named).encode(), "sha256")[:16], "big")
    if day is None:
        return f"{prefix}_{encode(bits, 26)}"
    return f"{prefix}_{encode((day - date(1970, 1, 1)).days, 4)}{encode(bits >> 16, 22)}"
