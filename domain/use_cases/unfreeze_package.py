"""End a freeze before its last day."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import UnfreezePackage
from domain.package.freeze import unfreeze_package
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: UnfreezePackage, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `unfreeze_package` raises."""
    return decided(
        command.package_id,
        command,
        books,
        at,
        lambda package: unfreeze_package(package, at),
        ends_freeze=False,
    )


UNFREEZE_PACKAGE = UseCase(UnfreezePackage, reads_package, decide, id_in("package_id"))
