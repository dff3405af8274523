"""Redeem reward points (S146)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.points.commands import RedeemPoints
from domain.points.entries import redeem
from domain.use_cases.one_account import account_in, decided, reads_account


def decide(command: RedeemPoints, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, NotFound, and what `redeem` raises."""
    return decided(command, books, lambda account: redeem(account, command, at))


REDEEM_POINTS = UseCase(RedeemPoints, reads_account, decide, account_in)
