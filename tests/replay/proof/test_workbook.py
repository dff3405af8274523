"""What is noted of streams and packages has the sum of the rows that say the same."""

import pytest

from domain.ledger.numbers import number_of
from replay.proof import workbook as notes
from replay.proof.workbook import workbook

MOVES = [("pkg_1", 5), ("pkg_2", 2), ("pkg_3", 1), ("pkg_1", -5), ("pkg_3", -1), ("pkg_2", -1), ("pkg_3", 1)]
SPENT = {("pkg_1", 2)}


@pytest.mark.parametrize("kept", [1, 2, 10_000])
def test_spent_packages_are_summed_however_many_are_counted_in_memory(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "PACKAGES_MAX", kept)
    with workbook() as book:
        versions = dict.fromkeys((package for package, _ in MOVES), 0)
        for package, change in MOVES:
            versions[package] += 1
            book.move_units(number_of(package), change, versions[package])
        assert book.sum_spent() == book.sum_of("spent", [(number_of(id), version) for id, version in SPENT])
        for other in ([], [(number_of("pkg_1"), 1)], [(number_of("pkg_2"), 2)]):
            assert book.sum_spent() != book.sum_of("spent", other)


def test_streams_are_summed_by_the_numbers_of_their_customers_and_written_with_their_ids() -> None:
    streams = [(1, "package", "cus_1", 4), (2, "service", None, 7)]
    with workbook() as book:
        for stream in streams:
            book.open_stream(*stream)
        assert book.sum_noted("streams") == book.sum_of(
            "streams", [(1, "package", number_of("cus_1"), 4), (2, "service", None, 7)]
        )
        assert [*book.rows("SELECT * FROM streams")] == []
        assert not book.is_written
        assert book.begin_again()
        assert book.is_written
        for stream in streams:
            book.open_stream(*stream)
        assert [*book.rows("SELECT * FROM streams ORDER BY number")] == streams


def test_streams_that_were_learned_tell_owners_until_all_are_written() -> None:
    with workbook() as book:
        assert book.owner_of("pkg_1") == "pkg_1", "nothing is known of it"
        book.learn([(number_of("pkg_1"), "cus_1"), (number_of("svc_1"), None)])
        assert book.owner_of("pkg_1") == "cus_1"
        assert book.owner_of("svc_1") == "svc_1", "it is nobody's own"
        book.begin_again()
        assert book.owner_of("pkg_1") == "pkg_1", "stored rows are not believed any more"
