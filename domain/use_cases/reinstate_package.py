"""Bring an expired or cancelled package back, as an exception (S39)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import ReinstatePackage
from domain.package.expiry_changes import reinstate
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: ReinstatePackage, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `reinstate` raises."""
    return decided(command.package_id, command, books, at, lambda package: reinstate(package, command, at))


REINSTATE_PACKAGE = UseCase(ReinstatePackage, reads_package, decide, id_in("package_id"))
