"""What a merge of customers decides, and that the facts make two customers of one again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people.facts import (
    ConsentChanged,
    Consents,
    CustomerBlocked,
    CustomerFact,
    CustomerRegistered,
    CustomerUnblocked,
    ParticipantOf,
)
from domain.people.merge import DEPTH_MAX, Named, merged, points_to_return, unmerged
from domain.people.state import Customer, evolve, in_person
from domain.refusals import CustomerIsMerged, CustomerIsNotMerged, IdTaken, Invalid, LimitReached

NOW = datetime(2026, 10, 3, 10, tzinfo=UTC)


def registered(id: str, *others: str) -> Named:
    people = [ParticipantOf(participant_id=in_person(id), number=0, kind="person")]
    people += [
        ParticipantOf(participant_id=each, number=number, kind="dog") for number, each in enumerate(others, 1)
    ]
    return Named(id, evolve(None, CustomerRegistered(participants=tuple(people))))


def after(named: Named, *facts: CustomerFact) -> Named:
    state: Customer = named.state
    for fact in facts:
        state = evolve(state, fact)
    return Named(named.id, state)


def joined(survivor: Named, absorbed: Named) -> tuple[Named, Named]:
    fact = merged(survivor, absorbed, (), points=0, points_left=0)
    return after(survivor, fact), after(absorbed, fact)


def parted(survivor: Named, absorbed: Named) -> tuple[Named, Named]:
    fact = unmerged(survivor, absorbed, (), memberships=(), points=0)
    return after(survivor, fact), after(absorbed, fact)


def standing(number: int) -> list[CustomerFact]:
    """A customer with three consents and a block, by the bits of a number."""
    consents = Consents(**{name: bool(number & 1 << n) for n, name in enumerate(Consents.model_fields)})
    facts: list[CustomerFact] = [ConsentChanged(changed=tuple(Consents.model_fields), consents=consents)]  # type: ignore[arg-type]
    return [*facts, CustomerBlocked()] if number & 8 else facts


@given(st.integers(0, 15), st.integers(0, 15), st.integers(0, 15), st.permutations(["b", "c"]))
def test_merges_and_their_un_merges_leave_each_as_it_was(
    one: int, two: int, three: int, order: list[str]
) -> None:
    a = after(registered("cus_a", "par_max"), *standing(one))
    absorbed = {
        "b": after(registered("cus_b", "par_rex"), *standing(two)),
        "c": after(registered("cus_c"), *standing(three)),
    }
    before = dict(absorbed)
    survivor = a
    for name in ("b", "c"):
        survivor, absorbed[name] = joined(survivor, absorbed[name])
    everyone = [a.state, *(each.state for each in before.values())]
    assert survivor.state.blocked == any(each.blocked for each in everyone)
    for name in Consents.model_fields:
        given_by_all = all(getattr(each.consents, name) for each in everyone)
        assert getattr(survivor.state.consents, name) == given_by_all
    assert survivor.state.absorbed == ("cus_b", "cus_c")
    for name in order:
        survivor, absorbed[name] = parted(survivor, absorbed[name])
    assert survivor == a
    assert absorbed == before


def test_what_the_survivor_says_later_counts_alone() -> None:
    a = after(registered("cus_a"), *standing(7))
    b = after(registered("cus_b"), *standing(8))
    survivor, b = joined(a, b)
    yes = ConsentChanged(changed=("birthday",), consents=Consents(birthday=True))
    survivor = after(survivor, yes, CustomerUnblocked())
    c = after(registered("cus_c"), *standing(7))
    survivor, c = joined(survivor, c)
    assert survivor.state.consents == Consents(birthday=True)
    assert not survivor.state.blocked
    survivor, _ = parted(survivor, b)
    assert survivor.state.consents == Consents(birthday=True)


def test_a_household_joins_with_new_numbers_and_goes_back_with_its_own() -> None:
    a, b = registered("cus_a", "par_max"), registered("cus_b", "par_rex", "par_tom")
    survivor, absorbed = joined(a, b)
    numbers = {id: each.number for id, each in survivor.state.participants.items()}
    assert numbers == {"par_a": 0, "par_max": 1, "par_rex": 2, "par_tom": 3}
    _, back = parted(survivor, absorbed)
    assert back.state.participants == b.state.participants


def test_refusals() -> None:
    a, b, c = (registered(f"cus_{name}") for name in "abc")
    with pytest.raises(Invalid):
        joined(a, a)
    survivor, absorbed = joined(a, b)
    with pytest.raises(CustomerIsMerged):
        joined(c, absorbed)
    with pytest.raises(CustomerIsNotMerged):
        parted(survivor, c)
    with pytest.raises(IdTaken):
        joined(registered("cus_a", "par_max"), registered("cus_b", "par_max"))


def test_merges_of_merges_end_somewhere() -> None:
    last = registered("cus_0")
    for n in range(1, DEPTH_MAX + 1):
        last, _ = joined(registered(f"cus_{n}"), last)
    assert len(last.state.absorbed) == DEPTH_MAX
    with pytest.raises(LimitReached):
        joined(registered("cus_z"), last)


@pytest.mark.parametrize(
    ("owed", "balance", "back"),
    [(12, 42, 12), (12, 10, 10), (12, 0, 0), (12, -5, 0), (-5, 3, -5), (0, 7, 0)],
)
def test_points_go_back_as_far_as_the_balance_allows(owed: int, balance: int, back: int) -> None:
    assert points_to_return(owed, balance) == back
