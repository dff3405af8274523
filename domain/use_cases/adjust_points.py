"""Correct the balance of reward points up or down (S145, S146)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.points.commands import AdjustPoints
from domain.points.entries import adjust
from domain.use_cases.one_account import account_in, decided, reads_account


def decide(command: AdjustPoints, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, NotFound, and what `adjust` raises."""
    return decided(command, books, lambda account: adjust(account, command, at))


ADJUST_POINTS = UseCase(AdjustPoints, reads_account, decide, account_in)
