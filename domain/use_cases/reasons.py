"""The reason code of a command, on its way into the facts that tell it."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from domain.actor import Circumstances, Role
from domain.business.reasons import CodedReason, ReasonedCommand, ReasonedFact
from domain.decision import Books
from domain.values import Value

F = TypeVar("F", bound=BaseModel)


def reason_of(command: Value, books: Books, at: Circumstances) -> CodedReason | None:
    """The code that a command was given, with its text. Customers are asked for none.

    Raises Invalid for a code that cannot be given, and for none where the business requires one.
    """
    if not isinstance(command, ReasonedCommand):
        return None
    asked = at.actor.role is not Role.CUSTOMER
    return books.business.reason_given(command.reason_group, command.reason_code, asked=asked)


def with_reason(facts: Sequence[F], reason: CodedReason | None) -> list[F]:
    """The same facts, with the code in those that tell one."""
    if reason is None:
        return list(facts)
    told = {"reason_code": reason}
    return [fact.model_copy(update=told) if isinstance(fact, ReasonedFact) else fact for fact in facts]
