"""Notes: context for the next member of staff (S31, S38). The text lies in the directory."""

from domain.actor import Circumstances
from domain.package.checks import now_for
from domain.package.commands import AddNote
from domain.package.facts import NoteAdded, PackageFact
from domain.package.state import Package


def add_note(package: Package, command: AddNote, at: Circumstances) -> list[PackageFact]:
    """Allowed whatever the package's status."""
    return [NoteAdded(effective_at=now_for(package, at), note=command.note.ref)]
