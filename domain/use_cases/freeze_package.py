"""Freeze a package for an illness or a holiday: no use meanwhile, and the expiry moves."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import FreezePackage
from domain.package.freeze import freeze_package
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: FreezePackage, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `freeze_package` raises."""
    return decided(
        command.package_id, command, books, at, lambda package: freeze_package(package, command, at)
    )


FREEZE_PACKAGE = UseCase(FreezePackage, reads_package, decide, id_in("package_id"))
