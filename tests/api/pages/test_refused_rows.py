"""Why rows and files stay out is told in the language of the page, whatever is wrong with them."""

import csv
import io
import json
from typing import Any, get_args

import pytest

from api.http.problem_kinds.table import KINDS
from api.imports.customers import Customers
from api.imports.flaws import CellFlaw, FileFlaw, RowFlaw
from api.imports.packages import Packages
from api.pages.rendering import environment
from api.pages.speech import Speech
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]

ENGLISH = "the sentence of the API like DD.MM.YYYY, 7 3 4"
HUNGARIAN = Speech.of("hu-HU", "Europe/Budapest")
BAD = ("", " ", "x", "-1", "0", "1.5", "1e9", "9" * 16, "1001", "2026-13-45", "1000-01-01", "9999-12-31")
WORSE = ("a\u200bb", "\u00a0", "x" * 300, "+999999", "+36 1", "06 1", "ZZZ", "🙂", "a\x07b", "*|*", "S|S")
GOOD = {
    "customers": {"reference": "1", "name": "Anna"},
    "packages": {
        "reference": "1",
        "customer": "17",
        "service": "Massage",
        "units": "10",
        "purchased_on": "2026-05-04",
        "price": "100",
    },
}
EXPECTED: dict[str, dict[tuple[str | None, str], str]] = {
    "customers": {
        ("no-date", "anniversary"): "nem ilyen alakú dátum: 2026-10-31",
        ("value-error", "date_of_birth"): "1880. január 1. és 2200. december 31. között legyen",
        ("not-a-number", "mobile"): "nem telefonszám",
    },
    "packages": {
        ("too-many", "used_before"): "legfeljebb 10 lehet, amennyi járt",
        ("remaining-differs", "remaining"): "6 legyen: 10 járt, ebből 4 már felhasznált",
        ("too-much", "paid"): "legfeljebb az ár lehet, 1,00 EUR",
        ("no-next-line", "line"): "2 legyen, a bérlet következő tétele",
        ("value-error", "currency"): "nem pénznem",
    },
}
"""Some of them, with the numbers that they have to have."""
JSON_LINES = "application/x-ndjson"
TOGETHER = {
    "customers": (
        {"mobile": "+36201234567", "country_code": "+43"},
        {"mobile": "20 123 4567"},
        {"mobile": "20 123 4567", "country_code": "+999"},
        {"category": "VIP"},
        {"date_of_birth": "2099-01-01"},
        {"reference": "17", "name": "Somebody else"},
    ),
    "packages": (
        {"used_before": "11"},
        {"remaining": "11"},
        {"remaining": "7", "used_before": "4"},
        {"paid": "101"},
        {"purchased_on": "2099-01-01"},
        {"expires_on": "2026-05-03"},
        {"currency": "HUF"},
        {"customer": "nobody"},
        {"line": "2"},
        {"reference": "P", "units": "1000"},
        *({"reference": "P", "units": "1000", "line": str(line)} for line in (2, 3, 4, 5, 6)),
        {"reference": "Q"},
        {"reference": "Q", "line": "3"},
        {"reference": "Q", "line": "2"},
        {"reference": "R"},
        {"reference": "R", "line": "2", "price": "7"},
    ),
}
"""Cells that are wrong beside each other, each row in place of those of a good one."""


def of(what: str) -> Any:
    return Customers("imp_x").columns if what == "customers" else Packages("imp_x", "minor").columns


def bad_rows(what: str) -> str:
    """A file with every column wrong in every way."""
    columns = of(what).all()
    rows = [
        {**GOOD[what], "reference": f"{column}-{n}", column: text}
        for column in columns
        for n, text in enumerate((*BAD, *WORSE))
    ]
    rows += [{**GOOD[what], "reference": f"T-{n}", **each} for n, each in enumerate(TOGETHER[what])]
    made = io.StringIO()
    writer = csv.DictWriter(made, columns)
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue() + 'only one cell\n"never closed\n'


def tried(desk: Desk, what: str, text: str, media: str = "text/csv", **asked: str) -> Any:
    headers = {**desk.headers(), "Content-Type": media}
    query = {"source": "till", "dry_run": "true", **asked}
    return desk.client.post(f"/v1/imports/{what}", params=query, content=text.encode(), headers=headers)


def told(row: Any) -> str:
    template = environment("hu").get_template("parts/refused_rows.html").module
    return " ".join(template.row_told(row, HUNGARIAN, "EUR").split())  # type: ignore[attr-defined]


def told_of_file(flaw: Any) -> str:
    template = environment("hu").get_template("parts/flaws.html").module
    return " ".join(template.flaw_told(flaw, HUNGARIAN).split())  # type: ignore[attr-defined]


@pytest.mark.covers("S111")
@pytest.mark.parametrize("what", GOOD)
def test_whatever_is_wrong_with_a_row_is_told_in_the_language_of_the_page(desk: Desk, what: str) -> None:
    headers = {**desk.headers(), "Content-Type": "text/csv"}
    clients = "reference,name\n17,Nagy Éva\n"
    desk.client.post("/v1/imports/customers", params={"source": "till"}, content=clients, headers=headers)
    answer = tried(desk, what, bad_rows(what)).json()
    assert "refused_rows" in answer, answer
    rows = answer["refused_rows"]
    as_json = '{"reference": {"deep": 1}}\n[1]\nnothing\n{"reference": "1", "reference": "2"}\n'
    rows += tried(desk, what, json.dumps(GOOD[what]) + "\n" + as_json, JSON_LINES).json()["refused_rows"]
    assert answer["refused"] <= 1_000, "all are told"
    english = {(row["code"], row["flaw"], row["column"], row["reason"]) for row in rows if alike(row)}
    assert english == set()
    said = {(row["flaw"], row["column"]): told(row) for row in rows}
    for flaw, words in EXPECTED[what].items():
        assert said[flaw] == words
    wrong = {row["column"] for row in rows}
    assert {*of(what).all()} - wrong <= {"name" if what == "packages" else ""}, "each column was wrong"
    assert {"wrong-cells", "not-csv", "not-json", "no-object", "member-twice", "no-text"} <= {
        row["flaw"] for row in rows
    }


def alike(row: Any) -> bool:
    """Whether the page says it as the API does."""
    said = told(row)
    return not said or row["reason"] in said


@pytest.mark.parametrize("flaw", [*get_args(CellFlaw), *get_args(RowFlaw), *get_args(FileFlaw)])
def test_every_code_of_an_import_has_words(flaw: str) -> None:
    row = {"code": "validation-failed", "flaw": flaw, "column": "line", "reason": ENGLISH}
    said = told({**row, "reason": "7 3"} if flaw == "wrong-cells" else row)
    if flaw in get_args(FileFlaw):
        said = told_of_file({"code": flaw, "detail": ENGLISH, "pointer": ""})
    assert said
    assert "sentence" not in said


@pytest.mark.parametrize(
    "code", [code for code, kind in KINDS.items() if kind.status in (404, 409, 410, 422)]
)
def test_every_code_of_a_refusal_has_words(code: str) -> None:
    """Those of the state of things, which a row may be refused for as a whole."""
    row = {"code": code, "flaw": None, "column": None, "reason": ENGLISH}
    assert "sentence" not in told(row) or code == "not-eligible"


def test_the_page_tells_why_rows_and_files_stay_out_before_and_after_the_import(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"locale": "hu-HU"})
    browser = Browser.signed_in(desk)

    def look(text: str) -> None:
        browser.go("/desk/house/import")
        form = filled(browser.form("/import/customers")) | {"source": "till"}
        browser.upload("/desk/house/import/customers", form, file=("c.csv", text.encode(), "text/csv"))

    look('reference,name,email,date_of_birth\n17,<b>"Éva",x,\n18,Béla,,2026-13-01\n19,Kis,,\n')
    why = "2 email nem e-mail-cím 3 date_of_birth"
    assert why in browser.text
    assert "must" not in browser.text
    browser.send("/import/customers")
    assert why in browser.text
    look("colour\nred\n")
    assert browser.answer.status_code == 400
    assert "A fájlból szükséges oszlopok hiányoznak: reference, name." in browser.text
