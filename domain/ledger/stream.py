"""A stream as the books of a batch hold it: its state, folded fact by fact."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field, structs

from domain.ledger.mapper import Recorded
from domain.package.facts import UnitsRedeemed
from domain.people.directory import Person
from domain.people.state import Customer
from domain.streams import EVOLVE
from domain.use_cases.renewals_due import concerns_renewals

View = Callable[[Any, Recorded], Any]
"""A second fold of the same facts, beside the state: (before, fact) → after; pure."""


def _customer_leads_on(state: Customer) -> bool:
    return state.is_merged or bool(state.top_ups) or concerns_renewals(state)


LEADS_ON: Mapping[str, Callable[[Any], bool]] = {
    "customer": _customer_leads_on,
    "package": concerns_renewals,
    "membership": concerns_renewals,
}
"""Kind of stream → whether a state of it leads on."""


class Last(Struct, frozen=True, gc=False):
    """Where the last fact of a stream was recorded, and when, in milliseconds since 1970."""

    position: int
    recorded_at: int
    meta: bytes


class Stream(Struct, gc=False):
    """A stream as far as it is known: its state, and the facts this batch read or decided."""

    kind: str
    id: str
    state: Any = None
    version: int = 0
    position: int = 0
    """Position of its first fact; 0 while that is decided but not stored."""
    view: Any = None
    """The view of this kind after the facts; None for a kind without a view."""
    people: tuple[Person, ...] = ()
    """Directory rows of a customer's household or a member of staff. They change only together with the facts."""
    authors: Mapping[str, str] = field(default_factory=dict)
    """Redemption → the actor who entered it, where somebody else performed it: states do not see who recorded."""
    last: Last | None = None
    """Of its last fact; its position is 0 while that is decided but not stored."""
    leads_on: bool = False
    """Whether who looks at it must look further: at the other names of a customer, at memberships that may be due, at
    rules that top up. Nearly none does."""
    facts: list[Recorded] = field(default_factory=list)

    def copy(self) -> "Stream":
        """A copy to extend, without the facts. States and views are values and are shared."""
        return structs.replace(self, facts=[])

    def add(self, fact: Recorded, view: View | None) -> None:
        stored = fact.stored
        assert stored.version == self.version + 1, f"{self.id}: version {stored.version} after {self.version}"
        self.state = EVOLVE[self.kind](self.state, fact.fact)
        leads = LEADS_ON.get(self.kind)
        if leads is not None:
            self.leads_on = leads(self.state)
        if view is not None:
            self.view = view(self.view, fact)
        if type(fact.fact) is UnitsRedeemed and fact.author.id != fact.fact.staff_id:
            self.authors = {**self.authors, fact.fact.redemption_id: fact.author.id}
        self.version = stored.version
        self.position = self.position or stored.position
        self.last = Last(stored.position, stored.recorded_at, stored.meta)
        self.facts.append(fact)


def by_sale(package: Stream) -> tuple[bool, int]:
    """The order of sales. A package whose sale is not stored yet has no position, and comes last."""
    return package.position == 0, package.position
