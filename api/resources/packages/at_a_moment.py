"""One package at the moment a question is about: the facts that count, and the names the reader may see.

An answer about the past holds ids and texts that are facts, never texts of the directory, so that the same
question gives the same bytes for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from api.http.conditions import is_untouched
from api.http.ledger_types import Books, RecordedFact
from api.http.query import Found, ListParameters, Query, TravelParameters
from api.resources.authors import actors_known
from api.resources.packages.card import render
from api.resources.packages.numbers import as_numbered
from api.resources.parts import (
    NOBODY,
    HouseholdMember,
    People,
    SignedMoney,
    beneficiary,
    kinds_of,
    known,
    with_kinds,
)
from domain.business.facts import FIRST_POLICIES, Policies
from domain.decision import Reads
from domain.moments import from_milliseconds
from domain.package.state import Package
from domain.refusals import NotFound
from projections.engine.definition import Row
from projections.models.card_columns import summed
from replay.as_of import PRESENT, Past, state_at
from replay.package import PackageThen, package_at


class PastPage(ListParameters, TravelParameters):
    """A page of a list of one package, now or in the past."""


@dataclass
class PackageAsked:
    """A package at the moment asked about, for one reader."""

    call: Query[Any]
    id: str
    books: Books
    past: Past
    then: PackageThen

    @property
    def facts(self) -> list[RecordedFact]:
        return self.then.facts

    @property
    def card(self) -> Row:
        return self.then.card

    @property
    def position(self) -> int:
        return self.then.position

    @property
    def moment(self) -> datetime:
        """The moment at which status and expiry are judged."""
        return self.then.moment

    @property
    def tells_texts(self) -> bool:
        """Whether the answer may hold texts of the directory."""
        return not self.past

    @property
    def terms(self) -> Policies:
        """The policies of the business then."""
        return policies_at(self.books, self.past, self.position, self.moment)

    def people(self, others: Sequence[str | None] = ()) -> People:
        """The household and the actors with these ids, as far as the reader may see them."""
        kinds = kinds_at(self.books, self.card["customer_id"], self.position)
        if not self.tells_texts or not self.call.sees_people_of(self.card["customer_id"]):
            return with_kinds(NOBODY, kinds)
        household = known(self.books.people(self.card["customer_id"]))
        return with_kinds({**actors_known(self.call, others), **household}, kinds)

    def texts(self, ids: Sequence[str | None]) -> dict[str, str] | None:
        """Texts by id; None if the reader may not see them. A missing id was erased."""
        if not self.tells_texts or not self.call.sees_people_of(self.card["customer_id"]):
            return None
        wanted = sorted({id for id in ids if id is not None})
        return {text.id: text.text for text in self.call.ledger.recorder.texts(wanted)} if wanted else {}

    def money(self, amount: int) -> SignedMoney:
        return SignedMoney(amount=amount, currency=self.card["currency"])

    def participant(self, id: str | None, people: People) -> HouseholdMember | None:
        if id is None:
            return None
        return HouseholdMember(**beneficiary(id, self.card["customer_id"], people))

    def found(self, body: Any) -> Found:
        return Found(body, self.position, self.card["version"], is_as_tagged=self._is_as_tagged)

    def _is_as_tagged(self) -> bool:
        """Answers about the past stay for ever."""
        return bool(self.past) or is_as_tagged(self.call, self.books, self.id)


def is_as_tagged(call: Query[Any], books: Books, id: str) -> bool:
    """Whether a present answer about a package is the one it had when it got its version.

    It changes with its customer, the business, and at the end of a day: status and expiry are compared with those at
    its last fact.
    """
    stream = books.stream(id)
    assert stream is not None, "it was found"
    assert stream.last is not None, "its facts are stored"
    card, terms = summed(stream.view), books.business.policies
    if not is_untouched(books, id, _shown_with(books, call.business_id, id, card["customer_id"])):
        return False
    last, now = (
        render(card, moment, {}, recorded_at="", terms=terms)
        for moment in (from_milliseconds(stream.last.recorded_at), call.frame.carnet.clock())
    )
    return bool(last == now)


def _shown_with(books: Books, business_id: str, id: str, customer_id: str) -> set[str]:
    """The streams that a card is made of: of a customer with several names, all packages, for their numbers."""
    names = books.names_of(customer_id)
    packages = {each for each, _, _ in books.packages_of(customer_id)} if len(names) > 1 else {id}
    return {business_id, *names, *packages}


def kinds_at(books: Books, customer_id: str, position: int) -> dict[str, dict[str, str]]:
    """Participant → kind, at a position of the ledger."""
    stream = books.stream(customer_id)
    return kinds_of(None if stream is None else state_at(stream.facts, position))


def policies_at(books: Books, past: Past, position: int, moment: datetime) -> Policies:
    """The policies of the business in force at a moment, as known at a position: they count from their recording."""
    if not past:
        return books.business.policies
    stream = books.stream(books.business_id)
    facts = [] if stream is None else [fact for fact in stream.facts if fact.recorded_at <= moment]
    found = state_at(facts, position)
    return FIRST_POLICIES if found is None else found.policies


def ask(call: Query[Any], past: Past = PRESENT) -> PackageAsked:
    """The package of the path, at the moment asked about. Raises NotFound, validation-failed."""
    id = call.id("package_id")
    return package_in(call, call.look(package_reads(call, id)), id, past)


def ask_renewed(call: Query[Any]) -> PackageAsked:
    """As `ask`, once the renewals that are due have been recorded, as before a command."""
    id = call.id("package_id")
    return package_in(call, call.look_renewed(package_reads(call, id)), id)


def package_reads(call: Query[Any], package_id: str) -> Reads:
    """The package, its customer, and the business, whose policies a card shows."""
    return Reads({package_id: 0, call.business_id: 0}, with_customers=True)


def package_in(call: Query[Any], books: Books, id: str, past: Past = PRESENT) -> PackageAsked:
    """A package of books that were read, at the moment asked about. Raises NotFound, validation-failed."""
    stream = books.stream(id)
    if stream is None or not isinstance(stream.state, Package):
        raise NotFound("package", id)
    call.check_version(past, stream.version, "package")
    now = call.frame.carnet.clock()
    then = package_at(call.ledger.recorder, stream.facts, books.head.position, now, past)
    if then is None:
        raise NotFound("package", id)
    card = as_numbered(books, books.owned(then.card), then.position)
    return PackageAsked(call, id, books, past, replace(then, card=card))
