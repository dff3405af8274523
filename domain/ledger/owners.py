"""What belongs to a customer, as it is the survivor's after a merge.

States and views come from the facts and keep the id they were recorded with; here they get that of the survivor.
The customer in person is the same person: participant 0 of the absorbed one is participant 0 of the survivor.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from domain.booking.state import Booking
from domain.decision import Reads
from domain.fact import fold
from domain.ledger.mapper import Recorded
from domain.membership.state import Membership
from domain.package.state import Package
from domain.people.state import Customer, evolve, in_person
from domain.top_up.state import TopUp

_BY_PARTICIPANT = "participant_id"
OWNED = (Package, Booking, Membership, TopUp)


def owner_of(state: object) -> str | None:
    """The customer whose package, booking, membership or rule this is; None for anything else."""
    return state.customer_id if isinstance(state, OWNED) else None


def owned_by(state: Any, survivor_id: str) -> Any:
    """The same state or view, as the survivor's."""
    match state:
        case Package():
            return _package(state, survivor_id)
        case Booking() if state.participant_id == in_person(state.customer_id):
            return replace(state, customer_id=survivor_id, participant_id=in_person(survivor_id))
        case Membership():
            theirs, ours = in_person(state.customer_id), in_person(survivor_id)
            named = tuple(ours if id == theirs else id for id in state.beneficiaries)
            return replace(state, customer_id=survivor_id, beneficiaries=named)
        case Booking() | TopUp():
            return replace(state, customer_id=survivor_id)
        case Mapping() if "customer_id" in state:
            return _view(state, survivor_id)
        case _:
            return state


def _package(package: Package, survivor_id: str) -> Package:
    """Caps count uses by participant, so these change with the beneficiaries."""
    theirs, ours = in_person(package.customer_id), in_person(survivor_id)
    return structs.replace(
        package,
        customer_id=survivor_id,
        beneficiaries=tuple(ours if id == theirs else id for id in package.beneficiaries),
        uses={
            id: structs.replace(use, participant_id=ours) if use.participant_id == theirs else use
            for id, use in package.uses.items()
        },
        holds={
            id: tuple(
                structs.replace(hold, participant_id=ours) if hold.participant_id == theirs else hold
                for hold in of
            )
            for id, of in package.holds.items()
        },
    )


def _view(view: Mapping[str, Any], survivor_id: str) -> dict[str, Any]:
    theirs, ours = in_person(view["customer_id"]), in_person(survivor_id)
    changed: dict[str, Any] = {"customer_id": survivor_id}
    if view.get(_BY_PARTICIPANT) == theirs:
        changed[_BY_PARTICIPANT] = ours
    if "beneficiaries" in view:
        changed["beneficiaries"] = [ours if id == theirs else id for id in view["beneficiaries"]]
    return {**view, **changed}


def survivor_among(merged: Mapping[str, Customer], customer_id: str) -> str:
    """The customer whose other name this is, by the states of customers that were merged or absorbed another."""
    while True:
        known = merged.get(customer_id)
        if known is not None:
            found = known.merged_into
        else:
            found = next((id for id, each in merged.items() if customer_id in each.absorbed), None)
        if found is None:
            return customer_id
        customer_id = found


def merged_then(
    customers: Mapping[str, Sequence[Recorded]], counts: Callable[[Recorded], bool]
) -> dict[str, Customer]:
    """The customers that were merged or had absorbed another, when only facts for which `counts` is true were there."""
    found: dict[str, Customer] = {}
    for id, recorded in customers.items():
        facts: list[Any] = [each.fact for each in recorded if counts(each)]
        then = fold(evolve, None, facts) if facts else None
        if then is not None and then.is_merged:
            found[id] = then
    return found


def lacks(reads: Reads, wanted: Reads, streams: Collection[str], counts: Collection[str]) -> bool:
    """Whether something of `reads` is neither in `wanted` nor known."""
    return (
        not reads.streams.keys() <= wanted.streams.keys() | set(streams)
        or not set(reads.packages_of) <= set(wanted.packages_of)
        or not set(reads.unspent_of) <= {*wanted.unspent_of, *wanted.packages_of}
        or not set(reads.claimed) <= set(wanted.claimed)
        or not set(reads.counted) <= set(counts)
        or (reads.with_customers and not wanted.with_customers)
    )
