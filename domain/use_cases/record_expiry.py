"""Record for the books that a package has expired; the clock asks for it, and nothing depends on it."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.package.commands import RecordExpiry
from domain.package.lapse import record_expiry
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in


def decide(command: RecordExpiry, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, LimitReached, and what `record_expiry` raises."""
    return decided(
        command.package_id, command, books, at, lambda package: record_expiry(package, at), ends_freeze=False
    )


RECORD_EXPIRY = UseCase(RecordExpiry, reads_package, decide, id_in("package_id"))
