"""The id of a message: made from what asked for it, so that it is the same wherever and however often it is made."""

from hashlib import sha256
from typing import Literal

from api.http.ids import encode
from api.http.ledger_types import StoredFact
from domain.business.message_terms import Channel
from domain.messages.asked import OccasionKind

BYTES, CHARACTERS = 16, 26


def of_fact(stored: StoredFact, channel: Channel) -> str:
    """By e-mail, the id under which webhooks send the fact; by another channel, one of its own."""
    return _id(stored.hash if channel == "email" else sha256(stored.hash + channel.encode()).digest())


def of_occasion(
    business_id: str, kind: OccasionKind | Literal["sign_in"], thing_id: str, occasion: int, channel: Channel
) -> str:
    """Of a booking and its start, a customer and a year, or a customer who asks for a link and the time of it."""
    return _id(sha256(f"{business_id}/{kind}/{thing_id}/{occasion}/{channel}".encode()).digest())


def _id(digest: bytes) -> str:
    return f"msg_{encode(int.from_bytes(digest[:BYTES]), CHARACTERS)}"
