"""Take back what is left of an addition of points."""

from domain.actor import Circumstances
from domain.claims import entry_claim
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.points.commands import ReversePoints
from domain.points.entries import reverse
from domain.points.state import customer_of
from domain.refusals import NotFound
from domain.use_cases.checks import check_unclaimed
from domain.use_cases.one_account import entered


def reads(command: ReversePoints, business_id: str, peek: Peek) -> Reads:
    claimed, counted = entry_claim(command.addition_id), entry_claim(command.entry_id)
    return Reads(claimed=(claimed,), counted=(counted,))


def decide(command: ReversePoints, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, NotFound, and what `reverse` raises."""
    check_unclaimed(books, entry_claim(command.entry_id), command.entry_id)
    for stream_id, account in books.accounts_that(lambda state: state.holds(command.addition_id)):
        return entered(command, customer_of(stream_id), reverse(account, command, at), books)
    raise NotFound("addition of points", command.addition_id)


def account(command: ReversePoints, books: Books) -> str | None:
    """The stream of the account that holds the addition."""
    held = books.accounts_that(lambda state: state.holds(command.addition_id))
    return next((stream_id for stream_id, _ in held), None)


REVERSE_POINTS = UseCase(ReversePoints, reads, decide, account)
