"""Cells of text that a spreadsheet cannot take for a formula, and the way back.

A program that opens a CSV file may calculate a cell that begins with = + - @ TAB or CR, also where it wrongly
begins a new cell behind a comma, semicolon, TAB, CR or LF. A ' in front of it prevents that. Texts that begin with
' before such a character get one more, so that taking one away always gives the text back.
"""

import re

_BEGINS = r"(?:\A|(?<=[,;\t\r\n]))"
_UNSAFE = re.compile(_BEGINS + r"(?='*[=+\-@\t\r])")
_GUARDED = re.compile(_BEGINS + r"'(?='*[=+\-@\t\r])")


def guarded(text: str) -> str:
    """The text as a cell of a CSV file holds it."""
    return _UNSAFE.sub("'", text)


def plain(cell: str) -> str:
    """The text of a cell that `guarded` made: `plain(guarded(text)) == text`."""
    return _GUARDED.sub("", cell)
