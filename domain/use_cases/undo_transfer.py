"""Take a transfer back while none of its units was used."""

from domain.actor import Circumstances
from domain.claims import transfer_claims
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.package.commands import UndoTransfer
from domain.package.transfer import undo
from domain.use_cases.reasons import reason_of, with_reason
from domain.use_cases.texts import texts_of


def reads(command: UndoTransfer, business_id: str, peek: Peek) -> Reads:
    return Reads({business_id: 0}, claimed=(transfer_claims(command.transfer_id),), with_customers=True)


def decide(command: UndoTransfer, books: Books, at: Circumstances) -> Decision:
    """Raises Invalid for a reason code, and what `undo` raises."""
    id = command.transfer_id
    packages = books.packages_that(lambda package: id == package.transfer_id or id in package.transfers)
    undone = undo(id, packages, command, at)
    reason = reason_of(command, books, at)
    facts = {id: with_reason(made, reason) for id, made in undone.items()}
    owner_id = next(package.customer_id for package in packages.values() if id in package.transfers)
    return Decision({id: ("package", made) for id, made in facts.items()}, texts=texts_of(command, owner_id))


UNDO_TRANSFER = UseCase(UndoTransfer, reads, decide)
