"""Correct the units of a line: a manager gives some back or takes some, and says why (S21–S27)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import CorrectLine
from domain.package.correction import correct
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: CorrectLine, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `correct` raises."""
    policies = books.business.policies
    return decided(
        command.package_id, command, books, at, lambda package: correct(package, command, at, policies)
    )


CORRECT_LINE = UseCase(CorrectLine, reads_package, decide, id_in("package_id"))
