"""What is wrong with a cell, a row or a file that is imported: a code for each flaw, beside its sentence.

raise Unfit("no-date", "must be a date like DD.MM.YYYY")

Other flaws of a cell have the code of the rule that refused them: that of pydantic's error, or of the domain's refusal.
Pages have words for every code (`parts/refused_rows.html`); numbers and days they take from the sentence.
"""

from typing import Literal, NewType

from pydantic_core import ErrorDetails

CellFlaw = Literal[
    "int-parsing", "no-date", "no-such-day", "no-amount", "too-many-decimals", "no-currency", "no-truth"
]
RowFlaw = Literal[
    "not-csv",
    "wrong-cells",
    "too-long-row",
    "not-json",
    "no-object",
    "unknown-member",
    "member-twice",
    "no-text",
    "no-kind",
    "not-of-kind",
    "goes-on-with-refused",
    "refused-with",
    "no-first-line",
    "no-next-line",
    "other-than-first",
    "remaining-too-many",
    "remaining-differs",
]
RuleFlaw = NewType("RuleFlaw", str)
"""The code of a rule that pydantic or the domain holds."""
Flaw = CellFlaw | RowFlaw | RuleFlaw
FileFlaw = Literal[
    "no-text-file",
    "damaged-gzip",
    "larger-unpacked",
    "other-encoding",
    "unknown-mapping-columns",
    "columns-missing",
    "no-heading",
    "column-twice",
    "several-readings",
]


class Unfit(ValueError):
    """A cell that is not written as its column needs it."""

    def __init__(self, flaw: CellFlaw, sentence: str) -> None:
        super().__init__(sentence)
        self.flaw: CellFlaw = flaw


def code_of(error: ErrorDetails) -> Flaw:
    """That of a flaw which pydantic found."""
    cause = error.get("ctx", {}).get("error")
    return cause.flaw if isinstance(cause, Unfit) else RuleFlaw(error["type"].replace("_", "-"))
