"""Cursors of lists: the key of the last row, sealed."""

import base64

from api.http.problems import Problem


def foreign_cursor() -> Problem:
    return Problem("invalid-cursor", "the cursor is not one of this list and these filters")


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
