"""Change or remove the expiry of a package (S17–S19)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import SetExpiry
from domain.package.expiry_changes import set_expiry
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: SetExpiry, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `set_expiry` raises."""
    return decided(command.package_id, command, books, at, lambda package: set_expiry(package, command, at))


SET_EXPIRY = UseCase(SetExpiry, reads_package, decide, id_in("package_id"))
