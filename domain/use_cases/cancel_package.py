"""Cancel a package: what remains lapses, and money may go back (S14)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.cancellation import cancel
from domain.package.commands import CancelPackage
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: CancelPackage, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `cancel` raises."""
    return decided(
        command.package_id, command, books, at, lambda package: cancel(package, command, at), kept=False
    )


CANCEL_PACKAGE = UseCase(CancelPackage, reads_package, decide, id_in("package_id"))
