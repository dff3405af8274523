"""Change who may use a package: the participants named at its sale, or the household (S85–S87)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import ChangeSharing
from domain.package.facts import PackageFact
from domain.package.sharing import change_sharing
from domain.package.state import Package
from domain.use_cases.checks import known_customer
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: ChangeSharing, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `change_sharing` raises."""

    def rule(package: Package) -> list[PackageFact]:
        return change_sharing(package, command, at, known_customer(books, package.customer_id))

    return decided(command.package_id, command, books, at, rule)


CHANGE_SHARING = UseCase(ChangeSharing, reads_package, decide, id_in("package_id"))
