"""One order on loaded books: its decision, the facts of it, its answer."""

import re
from collections.abc import Collection, Iterable, Sequence

from domain.actor import Circumstances
from domain.decision import Decision, NotLoaded, Reads
from domain.fact import Fact
from domain.ledger.books import LoadedBooks
from domain.ledger.envelope import NewFact
from domain.ledger.mapper import store
from domain.ledger.orders import Answer, Order
from domain.ledger.proof import committed, proof_of_request, salted
from domain.ledger.records import Append, Request
from domain.ledger.redirect import acting, redirected
from domain.package.checks import FACTS_MAX
from domain.refusals import LimitReached, Refused, VersionMismatch
from domain.use_cases.leave_erased import owner_of
from domain.use_cases.reactions import react
from domain.use_cases.renew_membership import RENEW_MEMBERSHIP
from domain.use_cases.renewals_due import memberships_due

CUSTOMER = re.compile(r'"(cus_[^"]+)"')
"""The id of a customer in a body."""


class RenewalsDue(Exception):
    """Memberships of a customer that an order looked at wait for a renewal: it comes first."""

    def __init__(self, memberships: Sequence[str]) -> None:
        super().__init__(", ".join(memberships))
        self.memberships = memberships


def decide(
    order: Order, books: LoadedBooks, at: Circumstances, passed_over: Collection[str] = ()
) -> tuple[Decision, Append, Answer]:
    """Decide, add the facts to the books, and render the answer from them.

    Raises NotLoaded, Refused, and RenewalsDue where memberships must be renewed first, but for those passed over.
    """
    books.seen, books.unspent_of = {}, {}
    order, at = redirected(order, books), acting(at, books)
    is_there = _check_version(order, books)
    decision = _decided(order, books, at, passed_over)
    if not is_there:
        # It has no version yet. Whether that is a refusal of its own, the decision has told first.
        check_match(order.if_match, 0)
    read, unspent_of = dict(books.seen), tuple(books.unspent_of)
    meta = order.meta.to_bytes()
    made, facts = list[Fact](), list[NewFact]()
    for stream_id, (kind, new) in decision.facts.items():
        version = books.version(stream_id)
        if version + len(new) > FACTS_MAX:
            raise LimitReached("stream-facts", FACTS_MAX)
        for fact in new:
            version += 1
            facts.append(store(kind, stream_id, version, fact, meta))
            made.append(fact)
    packages = decision.packages
    marked = spent_among(packages, books)
    books.apply(facts, made, decision.people)
    now_spent = spent_among(packages, books)
    for id in decision.erases:
        books.erase(id)
    for claim in decision.claims:
        books.claim(claim.claim)
    answer = order.answer(books, decision)
    request = None
    if order.request is not None:
        # An empty answer shows nobody. That of a new person is still refused once they are erased.
        shows = bool(answer.body or decision.people) and not decision.erases
        people = people_in(answer, decision, books) if shows else ()
        # An answer that shows somebody is not stored once they were erased meanwhile.
        read |= {id: version for id in people if id not in read and (version := books.version(id))}
        request = Request.of(order.request.key, order.request.fingerprint, answer.body, people)
    written = salted(decision.people) if facts else ()
    append = Append(
        facts=committed(facts, _proof_of(request, len(facts)), written),
        read=read,
        claims=decision.claims,
        streams=decision.streams,
        people=written,
        texts=decision.texts,
        photos=order.photos,
        erases=decision.erases,
        request=request,
        unspent_of=unspent_of,
        seen_upto=books.head.position,
        spent=dict.fromkeys(marked, 0) | now_spent,
    )
    return decision, append, answer


def spent_among(package_ids: Iterable[str], books: LoadedBooks) -> dict[str, int]:
    """The packages among these of which nothing is left, with their versions."""
    return {id: version for id in package_ids if (version := books.spent_at(id))}


def _proof_of(request: Request | None, facts: int) -> str | None:
    if request is None:
        return None
    return proof_of_request(request.key, request.fingerprint, request.shown, request.answered, facts)


def _decided(order: Order, books: LoadedBooks, at: Circumstances, passed_over: Collection[str]) -> Decision:
    """The decision with what follows from it. A refusal stands only where no renewal is due."""
    try:
        decision = react(order.use_case.decide(order.command, books, at), books, at)
    except Refused:
        _check_renewed(order, books, at, passed_over)
        raise
    _check_renewed(order, books, at, passed_over)
    return decision


def _check_renewed(order: Order, books: LoadedBooks, at: Circumstances, passed_over: Collection[str]) -> None:
    if not books.has_renewals or order.use_case is RENEW_MEMBERSHIP:
        return
    due = [id for id in memberships_due(books.seen_states, books, at.now) if id not in passed_over]
    if due:
        raise RenewalsDue(due)


def people_in(answer: Answer, decision: Decision, books: LoadedBooks) -> tuple[str, ...]:
    """Who is in an answer: those it shows, the customers it names, and those whose streams it is about.

    Not who was erased before: it holds nothing of them but the id, and an erasure leaves no answer to delete. Raises
    NotLoaded for customers of whom the books do not tell.
    """
    owners = (owner_of(kind, id, books) for id, (kind, _) in decision.facts.items())
    shown = CUSTOMER.findall(answer.body) if answer.body else ()
    named = dict.fromkeys((*shown, *(id for id in owners if id is not None)))
    unread = {id: 0 for id in named if not books.has_read(id)}
    if unread:
        raise NotLoaded(Reads(unread))
    found = dict.fromkeys((*answer.people, *named))
    return tuple(id for id in found if not books.is_erased(id))


def _check_version(order: Order, books: LoadedBooks) -> bool:
    """Whether the target is there, or the command is for any version. Raises VersionMismatch."""
    if order.if_match is None:
        return True
    target = order.use_case.target
    assert target is not None, f"{order.use_case.command.__name__} is given for no version"
    named = target(order.command, books)
    found = None if named is None else books.stream(books.survivor_of(named))
    if found is None:
        return False
    check_match(order.if_match, found.version)
    return True


def check_match(if_match: tuple[int, ...] | None, current: int) -> None:
    """Raises VersionMismatch."""
    if if_match is not None and current not in if_match:
        raise VersionMismatch(if_match[0] if len(if_match) == 1 else None, current)
