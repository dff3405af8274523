"""Shared by every verb on one package: what it reads, and what is recorded with its facts."""

from collections.abc import Callable, Sequence

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads
from domain.package.checks import check_room, now_for, settled
from domain.package.commands import OnPackage
from domain.package.facts import PackageFact
from domain.package.state import Package
from domain.use_cases.checks import known_package
from domain.use_cases.reasons import reason_of, with_reason
from domain.use_cases.texts import texts_of
from domain.values import Value


def reads_package(command: OnPackage, business_id: str, peek: Peek) -> Reads:
    """The business, the package and its customer."""
    streams = {business_id: 0, command.package_id: 0} | owner_of(command.package_id, peek)
    return Reads(streams, with_customers=True)


def owner_of(package_id: str, peek: Peek) -> dict[str, int]:
    """The customer's stream of a cached package; named here, it is not read in full."""
    known = peek(package_id)
    return {known.customer_id: 0} if isinstance(known, Package) else {}


def decided(
    package_id: str,
    command: Value,
    books: Books,
    at: Circumstances,
    rule: Callable[[Package], Sequence[PackageFact]],
    *,
    ends_freeze: bool = True,
    kept: bool = True,
) -> Decision:
    """The facts of a rule on one package, after the end of a freeze that the clock has ended meanwhile.

    `ends_freeze`: False where the rule records that end itself, or asks for what the clock says anyway. `kept`:
    whether it leaves the last 1,000 facts of the stream to restoring, refunding and cancelling. Raises NotFound,
    LimitReached, Invalid for a reason code, and what the rule raises.
    """
    package = known_package(books, package_id)
    reason = reason_of(command, books, at)
    facts = with_reason(rule(package), reason)
    if facts and ends_freeze:
        facts = [*settled(package, now_for(package, at)), *facts]
    check_room(package, len(facts), kept=kept)
    texts = texts_of(command, package.customer_id) if facts else ()
    return Decision({package_id: ("package", facts)}, texts=texts)
