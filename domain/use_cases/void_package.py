"""Void a sale made by mistake: the same day, nothing used, everything paid goes back."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.cancellation import void
from domain.package.commands import VoidPackage
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: VoidPackage, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `void` raises."""
    return decided(
        command.package_id, command, books, at, lambda package: void(package, command, at), kept=False
    )


VOID_PACKAGE = UseCase(VoidPackage, reads_package, decide, id_in("package_id"))
