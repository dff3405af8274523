"""Add a note for the next member of staff (S31, S38)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import AddNote
from domain.package.notes import add_note
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: AddNote, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `add_note` raises."""
    return decided(command.package_id, command, books, at, lambda package: add_note(package, command, at))


ADD_NOTE = UseCase(AddNote, reads_package, decide, id_in("package_id"))
