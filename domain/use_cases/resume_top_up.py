"""Resume a paused rule that tops up (S88)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.top_up.commands import ResumeTopUp
from domain.top_up.standing import resumed
from domain.use_cases.one_top_up import decided, reads_top_up
from domain.use_cases.own_stream import id_in


def decide(command: ResumeTopUp, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `resumed` raises."""
    return decided(command, books, at, lambda rule: resumed(rule))


RESUME_TOP_UP = UseCase(ResumeTopUp, reads_top_up, decide, id_in("top_up_id"))
