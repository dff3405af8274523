"""The how-to pages for those who carry the code on name what there is, and invent what there is not."""

import re
from pathlib import Path

import pytest

from domain.fact_registry import FACTS
from domain.package import commands
from projections.models.registry import READ_MODELS

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "how-to"
FOR_DEVELOPERS = ("work-on-carnet", "add-a-fact", "change-a-fact", "add-a-command", "add-a-read-model")
FILE = re.compile(r"`((?:api|domain|projections|replay|tests|docs|\.ci)/[\w./-]*)`")


def text_of(page: str) -> str:
    return (PAGES / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", FOR_DEVELOPERS)
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    named = set(FILE.findall(text_of(page)))
    assert named
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_page_names_every_fold_of_the_facts_of_a_package() -> None:
    folds = {
        file.relative_to(ROOT).as_posix()
        for wing in ("domain", "projections", "replay", "api")
        for file in (ROOT / wing).rglob("*.py")
        if "assert_never(fact)" in (code := file.read_text(encoding="utf-8"))
        and "from domain.package.facts import" in code
    }
    assert folds
    assert sorted(folds - set(FILE.findall(text_of("add-a-fact")))) == []


def test_what_a_page_adds_is_nothing_that_the_product_has() -> None:
    assert "class LockerAssigned(" in text_of("add-a-fact")
    assert "LockerAssigned" not in {fact.__name__ for fact in FACTS}
    assert "class AddStandardNote(" in text_of("add-a-command")
    assert not hasattr(commands, "AddStandardNote")
    assert 'SALES = Keyed("sales"' in text_of("add-a-read-model")
    assert "sales" not in {projection.name for projection in READ_MODELS}
