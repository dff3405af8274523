"""The balances of customers: the same as their accounts, after every fact and in every batch."""

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger.contract import Store
from domain.ledger.envelope import NewFact
from domain.ledger.records import Append
from domain.points.facts import PointsAdded, PointsAdjusted, PointsFact, PointsRedeemed, PointsSource
from domain.points.state import change_of
from projections.engine.runner import Runner
from projections.models.points import POINTS, balances
from tests.domain.words import NOW, moment
from tests.projections.conftest import Open
from tests.projections.examples import BUSINESS, OTHER, Installation, table_rows, throw_away

META = b'{"actor":{"id":"stf_ann","role":"owner"}}'
MANUAL = PointsSource(kind="manual")


def moved(n: int, points: int, balance: int) -> PointsFact:
    """An entry of each kind in turn, of so many points."""
    when, entry = moment(NOW), f"pts_{n}"
    if points <= 0 or n % 3 == 2:
        given = points or 1
        return PointsAdjusted(
            effective_at=when, entry_id=entry, points=given, balance=balance + given, by="staff"
        )
    if n % 3 == 1:
        return PointsRedeemed(
            effective_at=when, entry_id=entry, points=points, balance=balance - points, by="staff"
        )
    return PointsAdded(
        effective_at=when, entry_id=entry, points=points, balance=balance + points, source=MANUAL, by="staff"
    )


def record(store: Store, changes: list[tuple[str, int]], business_id: str = BUSINESS) -> dict[str, int]:
    """Move points of customers by name; what each of them came to."""
    store.open_ledger(business_id)
    ledger = store.ledger(business_id)
    held: dict[str, int] = {}
    versions: dict[str, int] = {}
    for n, (name, points) in enumerate(changes):
        fact = moved(n, points, held.get(name, 0))
        held[name] = held.get(name, 0) + change_of(fact)
        version = versions[name] = versions.get(name, 0) + 1
        stream_id = f"acc_{name}"
        new = NewFact("points", stream_id, version, fact.stored_name, 1, fact.to_bytes(), META)
        ledger.append([Append((new,), {stream_id: version - 1})])
    return {f"cus_{name}": balance for name, balance in held.items()}


def follow(here: Installation, facts_per_page: int = 1_000) -> None:
    runner = Runner(here.store, here.views, facts_per_page=facts_per_page)
    while runner.step():
        pass


def test_the_balances_asked_for_are_found_and_only_those(open_installation: Open) -> None:
    here = open_installation(POINTS)
    expected = record(here.store, [("a", 10), ("b", 7), ("a", 4), ("c", 2**52)])
    record(here.store, [("a", 99)], OTHER)
    follow(here)
    with here.views.snapshot(BUSINESS, [POINTS.name]) as snapshot:
        asked = ["cus_a", "cus_c", "cus_unknown"]
        assert balances(snapshot, BUSINESS, asked) == {id: expected[id] for id in asked[:2]}
        assert balances(snapshot, BUSINESS, []) == {}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-50, 50)), max_size=30),
    st.integers(1, 7),
)
def test_any_batches_end_at_the_sum_of_the_points(changes: list[tuple[str, int]], page: int) -> None:
    with throw_away(POINTS) as here:
        expected = record(here.store, changes)
        follow(here, page)
        found = table_rows(here.views, POINTS)
        assert {customer_id: row["balance"] for (customer_id,), row in found.items()} == expected
