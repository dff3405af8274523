"""The header Idempotency-Key: the name of a request, by which it is carried out once."""

import re

from api.http.problems import Flaw, Problem
from api.http.request import Exchange

KEY = re.compile(r"[\x20-\x7e]{1,255}")
KEY_RULE = "1 to 255 printable ASCII characters"


def idempotency_key(exchange: Exchange) -> str:
    """Raises Problem idempotency-key-missing."""
    key = exchange.header(b"idempotency-key")
    if key is None:
        raise _no_key("missing", f"is missing: send {KEY_RULE}")
    if not KEY.fullmatch(key):
        raise _no_key("idempotency-key", f"must be {KEY_RULE}")
    return key


def _no_key(code: str, detail: str) -> Problem:
    flaw = Flaw("/Idempotency-Key", code, detail, "header")
    return Problem("idempotency-key-missing", f"Idempotency-Key {detail}", [flaw])
