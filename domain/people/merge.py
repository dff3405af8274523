"""Merge and un-merge of customers: an alias, never a rewrite (domain.md, Merge).

The absorbed customer becomes another name of the survivor. Every fact stays in the stream it was recorded in, so
that an un-merge gives each what is theirs by stream.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from domain.people.facts import (
    PARTICIPANTS_MAX,
    Consents,
    CustomerMerged,
    CustomerUnmerged,
    ParticipantMoved,
)
from domain.people.profile import PROFILE_FIELDS, Profile, ProfileField, ProfileGiven, changes, new_profile
from domain.people.state import Absorbed, Customer, Participant
from domain.refusals import (
    CustomerIsMerged,
    CustomerIsNotMerged,
    IdTaken,
    Invalid,
    LimitReached,
)

ABSORBED_MAX = 100
"""Other names of one customer."""
DEPTH_MAX = 4
"""Merges of merges: how many customers lie between the first name and the last."""


@dataclass(frozen=True, slots=True)
class Named:
    """A customer with its id."""

    id: str
    state: Customer


def check_mergeable(survivor: Named, absorbed: Named) -> None:
    """Raises Invalid, CustomerIsMerged, LimitReached.

    A survivor is nobody's other name: whoever asks has followed it (`Books.survivor_of`). So no circle can come
    about: the customers of a circle are all other names of one survivor, which cannot absorb itself.
    """
    if absorbed.id == survivor.id:
        raise Invalid("/absorbed_customer_id", "same-customer", "must be another customer")
    if absorbed.state.merged_into is not None:
        raise CustomerIsMerged(absorbed.id, absorbed.state.merged_into)
    if len(survivor.state.absorbed) + len(absorbed.state.absorbed) >= ABSORBED_MAX:
        raise LimitReached("other-names", ABSORBED_MAX)
    if absorbed.state.depth + 1 > DEPTH_MAX:
        raise LimitReached("merges", DEPTH_MAX)


def merged(
    survivor: Named, absorbed: Named, top_ups: Sequence[str], *, points: int, points_left: int
) -> CustomerMerged:
    """Raises what `check_mergeable` raises, IdTaken, LimitReached for a household that grows too large.

    `top_ups`: the absorbed rules that go on for the survivor. `points`: the absorbed balance.
    """
    check_mergeable(survivor, absorbed)
    ours, theirs = survivor.state, absorbed.state
    return CustomerMerged(
        survivor_id=survivor.id,
        absorbed_id=absorbed.id,
        absorbed_before=theirs.absorbed,
        depth=theirs.depth + 1,
        household=_joining(ours, theirs),
        consents=_both(ours.consents, theirs.consents),
        blocked=ours.blocked or theirs.blocked,
        absorbed_consents=theirs.consents,
        absorbed_blocked=theirs.blocked,
        top_ups=(*ours.top_ups, *top_ups),
        memberships=(*ours.memberships, *theirs.memberships),
        points=points,
        points_left=points_left,
    )


def merge_of(survivor: Customer, absorbed_id: str) -> Absorbed | None:
    """The merge by which the survivor absorbed that customer; None where it did not, or only through another."""
    return next((each for each in survivor.merges if each.id == absorbed_id), None)


def unmerged(
    survivor: Named,
    absorbed: Named,
    removed_rules: Iterable[str],
    *,
    memberships: Collection[str],
    points: int,
) -> CustomerUnmerged:
    """Raises CustomerIsNotMerged.

    `removed_rules`: the absorbed one's that top up no more. `memberships`: those of the survivor's that were started
    for the absorbed one. `points` go back.
    """
    merge = merge_of(survivor.state, absorbed.id)
    if merge is None or absorbed.state.merged_into != survivor.id:
        raise CustomerIsNotMerged(absorbed.id)
    ours, theirs = survivor.state, absorbed.state
    others = [each for each in ours.merges if each.id != absorbed.id]
    gone = set(removed_rules)
    return CustomerUnmerged(
        survivor_id=survivor.id,
        absorbed_id=absorbed.id,
        absorbed_before=theirs.absorbed,
        household=tuple(
            _moved(ours.participants[id], _number(theirs, id))
            for id in merge.household
            if id in ours.participants
        ),
        consents=_both(ours.own_consents, *(each.consents for each in others)),
        blocked=ours.own_blocked or any(each.blocked for each in others),
        top_ups=tuple(id for id in ours.top_ups if id not in theirs.top_ups),
        absorbed_top_ups=tuple(id for id in theirs.top_ups if id not in gone),
        memberships=tuple(id for id in ours.memberships if id not in memberships),
        absorbed_memberships=tuple(id for id in ours.memberships if id in memberships),
        points=points,
    )


def points_to_return(owed: int, balance: int) -> int:
    """The points that go back with an un-merge: all that were moved, but no more than the survivor has left.

    A debt that was moved goes back whole.
    """
    return owed if owed <= 0 else min(owed, max(0, balance))


def profile_after(
    survivor: Profile | None, absorbed: Profile | None, chosen: Iterable[str], today: date
) -> tuple[tuple[ProfileField, ...], Profile | None]:
    """The fields that differ, and the survivor's profile with what was chosen of the absorbed one's.

    Raises Invalid for a name that the absorbed customer does not have.
    """
    names = [name for name in PROFILE_FIELDS if name in chosen]
    if "mobile" in names:
        names.append("country_code")
    given: ProfileGiven = {name: getattr(absorbed, name, None) for name in names}
    if not given:
        return (), survivor
    if "name" in given and given["name"] is None:
        raise Invalid("/choices/name", "missing", "the absorbed customer has no name")
    if survivor is not None:
        return changes(survivor, given, today)
    if "name" not in given:
        raise Invalid(f"/choices/{names[0]}", "nameless", "the survivor has no name yet: choose that as well")
    profile = new_profile(given, today)
    return tuple(name for name in PROFILE_FIELDS if getattr(profile, name) is not None), profile


def left_behind(
    survivor: Profile | None, absorbed: Profile | None, chosen: Iterable[str]
) -> tuple[ProfileField, ...]:
    """Fields in which the absorbed customer has another value, which no longer shows after the merge."""
    return tuple(
        name
        for name in PROFILE_FIELDS
        if name != "country_code"
        and name not in set(chosen)
        and (value := getattr(absorbed, name, None)) is not None
        and value != getattr(survivor, name, None)
    )


def _both(*consents: Consents) -> Consents:
    return Consents(**{name: all(getattr(each, name) for each in consents) for name in Consents.model_fields})


def _joining(ours: Customer, theirs: Customer) -> tuple[ParticipantMoved, ...]:
    """The absorbed household, without the customer in person: that is the survivor in person now."""
    joining = [each for each in theirs.participants.values() if each.id != theirs.in_person.id]
    for each in joining:
        if each.id in ours.participants:
            raise IdTaken(each.id)
    living = [each for each in (*ours.participants.values(), *joining) if each.removed_at is None]
    if len(living) - 1 > PARTICIPANTS_MAX:
        raise LimitReached("participants", PARTICIPANTS_MAX)
    return tuple(_moved(each, number) for number, each in enumerate(joining, ours.next_number))


def _number(theirs: Customer, participant_id: str) -> int:
    return theirs.participants[participant_id].number


def _moved(participant: Participant, number: int) -> ParticipantMoved:
    return ParticipantMoved(
        participant_id=participant.id,
        number=number,
        kind=participant.kind,
        barred_services=participant.barred_services,
        removed_at=participant.removed_at,
    )
