"""`carnet receipt` writes the receipt of a package, as the API answers it."""

import json
import sys
from pathlib import Path

import pytest

from tests.api.cli.conftest import Terminal
from tests.api.cli.test_history import desk_of


@pytest.mark.covers("S75")
def test_a_receipt_is_written_in_every_format(terminal: Terminal, tmp_path: Path) -> None:
    with desk_of(terminal, terminal.open_business("Rosa")) as desk:
        massage = desk.service(tax_rate=2_700)
        package = desk.sell(desk.customer("Anna"), desk.offer(massage, price=12_700))["id"]
        answered = desk.get(f"/v1/packages/{package}/receipt")

    assert json.loads(terminal.run("receipt", package).stdout) == answered
    told = terminal.run("receipt", package, "--format", "html").stdout
    assert "Rosa" in told
    assert "$27.00" in told.replace("US$", "$")
    for name, beginning in (("html", b"<!doctype html>"), ("pdf", b"%PDF-"), ("json", b"{")):
        file = tmp_path / f"receipt.{name}"
        assert terminal.run("receipt", package, "--format", name, "--output", file).output == ""
        assert file.read_bytes().startswith(beginning)


def test_what_cannot_be_written_is_said(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_of(terminal, terminal.open_business()) as desk:
        package = desk.sell(desk.customer(), desk.offer(desk.service()))["id"]
    assert "no package pkg_nope" in terminal.run("receipt", "pkg_nope", status=1).stderr
    terminal.run("receipt", package, "--format", "xml", status=2)
    nowhere = tmp_path / "missing" / "receipt.json"
    assert "cannot be written" in terminal.run("receipt", package, "--output", nowhere, status=1).stderr
    monkeypatch.setitem(sys.modules, "typst", None)
    assert "carnet[pdf]" in terminal.run("receipt", package, "--format", "pdf", status=1).stderr
