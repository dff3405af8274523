"""A refusal: a stable code, and the numbers that explain it."""

from dataclasses import fields
from typing import Any, ClassVar


class Refused(Exception):
    """A command that may not happen now. Each subclass is a dataclass of the members that explain it."""

    code: ClassVar[str]

    def explanation(self) -> dict[str, Any]:
        """The members of an answer beside those of every problem; None is left out."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in named.items() if value is not None}

    @property
    def broken_rule(self) -> str | None:
        """Which one of the rules that `code` stands for, by its own code, also stable; None: there is only one."""
        return self.explanation().get("rule")

    def __str__(self) -> str:
        return self.sentence()

    def sentence(self) -> str:
        raise NotImplementedError
