"""A read model that cannot work is refused when it is made."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, MetaData, Table, Text

from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from projections.engine.definition import Key, Moment, Row, fold, physical_name, physical_table
from tests.projections.examples import BUSINESS, Counted, Moved, Noticed, Removed, balances, entries


def at(position: int, fact: Counted | Moved | Removed | Noticed) -> Recorded:
    stored = StoredFact(
        BUSINESS, position, "test", "tst_1", position, fact.stored_name, 1, b"", b"", 1_000, b""
    )
    return Recorded(fact, stored)


def test_a_fold_is_the_rows_in_memory() -> None:
    facts = [at(1, Counted(item="a", change=2)), at(2, Noticed()), at(3, Moved(origin="a", target="b"))]

    assert fold(balances(), facts) == {
        (item,): {
            "business_id": BUSINESS,
            "item": item,
            "balance": 1,
            "changes": changes,
            "last_at": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
            "note": None,
        }
        for item, changes in (("a", [2, -1]), ("b", [1]))
    }
    assert list(fold(entries(), facts)) == [(1, 0), (3, 0), (3, 1)]
    assert fold(balances(), [*facts, at(4, Removed(item="a"))]).keys() == {("b",)}


def test_a_column_that_the_table_has_not_is_refused() -> None:
    def row(before: Row | None, recorded: Recorded, key: Key) -> Row | None:
        return {"ballance": 1}

    with pytest.raises(ValueError, match="balances has no column ballance"):
        fold(replace(balances(), row=row), [at(1, Counted(item="a", change=2))])


def test_a_key_must_fit_the_primary_key() -> None:
    def keys(recorded: Recorded) -> Sequence[Key]:
        return [("a", "b")]

    with pytest.raises(ValueError, match="longer"):
        fold(replace(balances(), keys=keys), [at(1, Counted(item="a", change=2))])


@pytest.mark.parametrize("name", ["", "Balances", "balances-1", "b" * 31])
def test_a_name_is_small_letters_and_underscores(name: str) -> None:
    with pytest.raises(TypeError, match="small letters"):
        replace(balances(), name=name)


def test_versions_count_from_one() -> None:
    with pytest.raises(TypeError, match="from 1"):
        replace(balances(), version=0)


def test_the_primary_key_begins_with_the_business() -> None:
    table = Table("balances", MetaData(), Column("item", Text, primary_key=True))
    with pytest.raises(TypeError, match="begins with business_id"):
        replace(balances(), table=table)


def test_a_physical_table_has_its_version_in_its_name_and_indexes_of_its_own() -> None:
    names = [physical_name(balances(version=3), shadow=shadow) for shadow in (False, True)]
    assert names == ["balances_v3", "balances_v3_shadow"]

    copies = [physical_table(balances().table, name) for name in names]

    assert [index.name for copy in copies for index in copy.indexes] == [
        "balances_v3_ix1",
        "balances_v3_shadow_ix1",
    ]


def test_a_moment_is_whole_milliseconds() -> None:
    moment = datetime(2026, 10, 3, 8, 0, 0, 123_000, tzinfo=UTC)
    stored = Moment().process_bind_param(moment, None)  # type: ignore[arg-type]
    assert stored == 1_791_014_400_123
    assert Moment().process_result_value(stored, None) == moment  # type: ignore[arg-type]
