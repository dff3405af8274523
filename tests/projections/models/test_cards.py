"""A card that is made for many facts at once is the one that is made fact by fact."""

from copy import deepcopy

import pytest

from domain.fact_registry import FACTS
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded, recorded
from domain.package.fact_parts import PackageOpened
from domain.package.facts import FACTS as OF_PACKAGES
from domain.package.opening_facts import PackagePurchased
from projections.engine.definition import fold
from projections.engine.streams import StreamRows
from projections.models.packages import CARDS, moved
from tests.domain.ledger.test_reading import GOLDEN

LATER = sorted(
    fact.stored_name for fact in FACTS if fact in OF_PACKAGES and not issubclass(fact, PackageOpened)
)


def of_a_package(version: int, name: str) -> Recorded:
    layout = next(fact.stored_version for fact in FACTS if fact.stored_name == name)
    data = (GOLDEN / f"{name}.v{layout}.json").read_bytes()
    meta = b'{"actor":{"id":"stf_1","role":"owner"}}'
    return recorded(
        StoredFact("biz_1", version, "package", "pkg_1", version, name, layout, data, meta, 1_000, b"")
    )


@pytest.mark.parametrize("name", LATER)
def test_a_card_made_at_once_is_the_one_made_fact_by_fact(name: str) -> None:
    facts = [of_a_package(1, PackagePurchased.stored_name), of_a_package(2, name), of_a_package(3, name)]
    rows = StreamRows(CARDS)
    for fact in facts:
        rows.take(fact)
    rows.end()
    ((_, card),) = fold(CARDS, facts).items()
    assert dict(zip(CARDS.table.columns.keys(), rows.rows[0], strict=True)) == card


@pytest.mark.parametrize("name", LATER)
def test_a_card_stays_as_it_was_when_another_is_made_of_it(name: str) -> None:
    before = moved(None, of_a_package(1, PackagePurchased.stored_name))
    kept = deepcopy(before)
    moved(before, of_a_package(2, name))
    CARDS.row(before, of_a_package(2, name), ("pkg_1",))
    assert before == kept
