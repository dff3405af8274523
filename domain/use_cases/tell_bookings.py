"""Telling bookings, in the same append, of units that go back by hand or because their package ends."""

from collections.abc import Sequence

from msgspec import structs

from domain.actor import Circumstances
from domain.booking.paid_units import concerned, without
from domain.decision import Books, Decision
from domain.fact import Fact
from domain.package.facts import HoldReleased, LineCorrected, PackageFact, UnitsRestored

GIVES_BACK = frozenset[type[Fact]]({UnitsRestored, HoldReleased, LineCorrected})
"""Facts by which units go back; nearly every decision has none of them."""


def tell_bookings(decision: Decision, books: Books, _: Circumstances) -> Decision:
    """The decision with `booking.sources_changed` of every such booking it has no facts of. Raises NotLoaded."""
    found = {id: books.package(id) for id in decision.packages}
    packages = {id: package for id, package in found.items() if package is not None}
    moved: dict[str, Sequence[PackageFact]] = {
        id: facts for id, facts in decision.facts_of("package").items() if id in packages
    }
    told: dict[str, tuple[str, Sequence[Fact]]] = {}
    for id in concerned(packages, moved):
        booked = None if id in decision.facts else books.booking(id)
        fact = None if booked is None else without(booked, id, packages, moved)
        if fact is not None:
            told[id] = ("booking", [fact])
    return structs.replace(decision, facts={**decision.facts, **told}) if told else decision
