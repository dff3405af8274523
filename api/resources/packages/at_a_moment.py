"""Finding one package as it is asked about: the facts that count, and what the reader may know beside them.

An answer about the past holds ids and texts that are facts, never texts of the directory, so that the same
question gives the same bytes for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from api.http.date_ranges import MILLISECOND
from api.http.permissions import may
from api.http.problems import Flaw, Problem, invalid
from api.http.query_route import Found, ListParameters, Query, TravelParameters
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
from domain.decision import Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.mapper import Recorded
from domain.package.state import Package
from domain.refusals import NotFound
from domain.streams import EVOLVE
from projections.engine.definition import Row
from projections.models.packages import card_of
from replay.as_of import PRESENT, Past, as_it_was, judged_at, position_of

ERASED = "(erased)"
"""Stands for a text that was erased."""


class PastPage(ListParameters, TravelParameters):
    """A page of a list of one package, now or in the past."""


def past_of(call: Query[Any]) -> Past:
    """The past that a question is about. Raises forbidden, validation-failed."""
    travel = call.travel()
    if not travel.is_past:
        return PRESENT
    if not may(call.role, "packages.travel"):
        raise Problem("forbidden", f"the role {call.role.value} does not allow questions about the past")
    as_of, effective = travel.as_of, travel.effective_as_of
    # A day ends before the first moment of the next; a moment that is named counts itself.
    is_day = "T" not in (call.parameters.effective_as_of or "")
    effective_before = effective if effective is None or is_day else effective + MILLISECOND
    judged = effective_before and effective_before - MILLISECOND
    if judged is None and as_of is not None:
        judged = as_of if "T" in call.parameters.as_of else as_of - MILLISECOND
    return Past(travel.at_version, as_of, effective_before, judged)


@dataclass
class PackageAsked:
    """A package as a question finds it: the facts that count, and what the reader may know beside them."""

    call: Query[Any]
    id: str
    books: LoadedBooks
    past: Past
    facts: list[Recorded]
    position: int

    @cached_property
    def card(self) -> Row:
        card = card_of(self.facts)
        assert card is not None, "there are facts"
        return card

    @property
    def moment(self) -> datetime:
        """When status and expiry are judged."""
        return judged_at(self.past, self.facts, self.call.frame.carnet.clock())

    @property
    def tells_texts(self) -> bool:
        """Whether texts of the directory may be in the answer."""
        return not self.past

    def people(self, others: Sequence[str | None] = ()) -> People:
        """The household and the members of staff with these ids, as far as the reader may know them."""
        kinds = kinds_at(self.books, self.card["customer_id"], self.position)
        if not self.tells_texts or not self.call.sees_people:
            return with_kinds(NOBODY, kinds)
        ids = sorted({id for id in others if id is not None})
        staff = self.call.ledger.recorder.people(ids) if ids else ()
        return with_kinds(known([*self.books.people(self.card["customer_id"]), *staff]), kinds)

    def texts(self, ids: Sequence[str | None]) -> dict[str, str] | None:
        """Texts by id; None where they may not be told. An id that is not in it was erased."""
        if not self.tells_texts or not self.call.sees_people:
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
        return Found(body, self.position, self.card["version"])


def kinds_at(books: LoadedBooks, customer_id: str, position: int) -> dict[str, str]:
    """What the participants of a household were at a position of the ledger."""
    stream, customer = books.stream(customer_id), None
    for recorded in stream.facts if stream is not None else ():
        if recorded.position <= position:
            customer = EVOLVE["customer"](customer, recorded.fact)
    return kinds_of(customer)


def ask(call: Query[Any], past: Past = PRESENT) -> PackageAsked:
    """The package of the path, at the moment that is asked about. Raises NotFound, validation-failed."""
    id = call.id("package_id")
    books = call.look(Reads({id: 0, call.business_id: 0}, with_customers=True))
    stream = books.stream(id)
    if stream is None or not isinstance(stream.state, Package):
        raise NotFound("package", id)
    if past.at_version is not None and past.at_version > stream.version:
        detail = f"must be at most {stream.version}, the package's version"
        raise invalid([Flaw("/at_version", "above-the-version", detail)])
    facts = as_it_was(stream.facts, past)
    if not facts:
        raise NotFound("package", id)
    position = position_of(call.ledger.recorder, past, stream.facts, books.head.position)
    return PackageAsked(call, id, books, past, facts, position)
