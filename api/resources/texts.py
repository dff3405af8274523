"""Free texts on their way into the directory: reasons and notes, each with an id and a salt of its own."""

from secrets import token_bytes
from typing import Any

from api.http.command_route import Command
from domain.values import Wording

SALT_BYTES = 16


def wording(call: Command[Any], text: str) -> Wording:
    return Wording(id=call.new("txt"), salt=token_bytes(SALT_BYTES), text=text)


def wording_or_none(call: Command[Any], text: str | None) -> Wording | None:
    return None if text is None else wording(call, text)
