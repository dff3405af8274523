"""The checklist stays true: every row is served and proved, or said to be missing."""

from api.server.routes import HANDLERS
from tests.checklist import LATER, proofs, rows


def test_every_row_is_there_once() -> None:
    assert [row.number for row in rows()] == [f"S{number}" for number in range(1, 151)]


def test_every_row_is_proved_or_named_as_missing() -> None:
    proved = proofs()
    unproved = {row.number for row in rows() if row.number not in proved}
    assert unproved <= LATER, sorted(unproved - LATER)


def test_every_row_is_served_by_operations_that_exist() -> None:
    unknown = {name for row in rows() for name in row.served_by} - {
        handler.opt["route"].operation for handler in HANDLERS
    }
    assert not unknown
    assert not [row.number for row in rows() if not row.served_by and row.number not in LATER]


def test_tests_name_rows_that_exist() -> None:
    assert proofs().keys() <= {row.number for row in rows()}
