"""Add reward points by hand (S145)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.points.commands import AddPoints
from domain.points.entries import add
from domain.use_cases.one_account import account_in, decided, reads_account


def decide(command: AddPoints, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, NotFound, and what `add` raises."""
    return decided(command, books, lambda account: add(account, command, at))


ADD_POINTS = UseCase(AddPoints, reads_account, decide, account_in)
