"""Cells of a CSV file: no spreadsheet calculates them, and the text comes back."""

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from replay.export.cells import guarded, plain
from replay.export.forms import csv_lines
from replay.export.table import Column

HOSTILE = st.text(st.sampled_from("'=+-@\t\r\n,;\" aé"), max_size=12) | st.text(max_size=20)
TEXT = (Column("text", "text", ""),)


@given(HOSTILE)
@example("'=1")
@example("''=1")
@example("\t=1")
@example(";'=1,@")
def test_the_text_comes_back_from_its_cell(text: str) -> None:
    assert plain(guarded(text)) == text


@given(HOSTILE)
def test_no_cell_begins_a_formula_nor_does_what_a_program_takes_for_a_cell(text: str) -> None:
    cell = guarded(text)
    for before, first in zip("," + cell, cell, strict=False):
        assert not (before in ",;\t\r\n" and first in "=+-@\t\r")


@given(st.lists(HOSTILE.filter(bool), min_size=1))
def test_a_file_read_by_another_reader_gives_the_texts_back(texts: list[str]) -> None:
    written = csv_lines(TEXT, [{"text": text} for text in texts])
    read = csv.reader(io.StringIO(written.decode(), newline=""))
    assert [plain(cell) for (cell,) in read] == texts


def test_numbers_stay_numbers() -> None:
    assert csv_lines((Column("n", "integer", ""),), [{"n": -5}]) == b"-5\r\n"


def test_what_needs_no_guard_stays_as_it_is() -> None:
    assert guarded("O'Brien, Ann-Marie") == "O'Brien, Ann-Marie"
    assert guarded("'tis") == "'tis"
