"""What SQL says apart from comments and blank space: by it a database tells whether it was made by the same steps."""

import re
from hashlib import sha256

NOT_SAID = re.compile(r"--[^\n]*|\bIF NOT EXISTS\b")


def said(sql: str) -> str:
    return " ".join(NOT_SAID.sub("", sql).split())


def digest(sql: str) -> str:
    """The SHA-256 of what it says, in hex."""
    return sha256(said(sql).encode()).hexdigest()
