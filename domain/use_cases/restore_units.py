"""Give a use back, in whole or in part, to the packages it came from (S37, S77)."""

from domain.actor import Circumstances
from domain.claims import redemption_claims
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.package.commands import RestoreUnits
from domain.package.restoration import restore
from domain.use_cases.reasons import reason_of, with_reason
from domain.use_cases.texts import texts_of


def reads(command: RestoreUnits, business_id: str, peek: Peek) -> Reads:
    return Reads({business_id: 0}, claimed=(redemption_claims(command.redemption_id),), with_customers=True)


def decide(command: RestoreUnits, books: Books, at: Circumstances) -> Decision:
    """Raises Invalid for a reason code, and what `restore` raises."""
    used = books.packages_that(lambda state: command.redemption_id in state.uses)
    restored = restore(used, command, at, books.business, books.entered_by(command.redemption_id))
    reason = reason_of(command, books, at)
    facts = {id: with_reason(made, reason) for id, made in restored.items()}
    owner_id = next(iter(used.values())).customer_id
    return Decision({id: ("package", made) for id, made in facts.items()}, texts=texts_of(command, owner_id))


RESTORE_UNITS = UseCase(RestoreUnits, reads, decide)
