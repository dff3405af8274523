"""Remove a rule that tops up; its open attempt is withdrawn (S88)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.top_up.commands import RemoveTopUp
from domain.top_up.standing import removed
from domain.use_cases.one_top_up import decided, reads_top_up
from domain.use_cases.own_stream import id_in


def decide(command: RemoveTopUp, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `removed` raises."""
    return decided(command, books, at, lambda rule: removed(rule, at.now))


REMOVE_TOP_UP = UseCase(RemoveTopUp, reads_top_up, decide, id_in("top_up_id"))
