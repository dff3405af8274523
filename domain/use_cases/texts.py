"""Free texts of a command, on their way into the directory."""

from collections.abc import Sequence
from functools import cache

from domain.people.directory import Text
from domain.values import Value, Wording


def texts_of(command: Value, owner_id: str) -> tuple[Text, ...]:
    """The reason and the note of a command, as texts that are erased with their owner."""
    held = [getattr(command, name) for name in _members(type(command))]
    return tuple([Text(w.id, owner_id, w.salt, w.text) for w in held if isinstance(w, Wording)])


@cache
def _members(command: type[Value]) -> Sequence[str]:
    """The members of a command that may be a text."""
    return [name for name in ("reason", "note") if name in command.model_fields]
