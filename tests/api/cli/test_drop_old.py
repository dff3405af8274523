"""`carnet drop-old`: what older and newer versions of the read models left, and nothing else."""

from dataclasses import replace

import pytest

from api.server.installation import opened
from api.server.settings import Settings
from projections.engine.definition import Projection, physical_name
from projections.engine.tables import ReadTables
from projections.models.packages import CARDS
from tests.api.cli.conftest import Terminal

OWN = physical_name(CARDS)
OLDER, NEWER = replace(CARDS, version=CARDS.version - 1), replace(CARDS, version=CARDS.version + 1)


@pytest.fixture
def books(terminal: Terminal) -> Terminal:
    """Books in which two other releases have made their tables of the cards."""
    terminal.open_business()
    with opened(Settings.read(terminal.environment)) as here:
        for other in (OLDER, NEWER):
            views = ReadTables(here.views.where, [other])
            views.create()
            views.close()
    return terminal


def tables(terminal: Terminal) -> set[str]:
    """The tables of the cards that there are."""
    with opened(Settings.read(terminal.environment)) as here, here.views.reading() as connection:
        return {name for name in here.views._tables(connection) if name.startswith("cards_")}


def names(*projections: Projection) -> set[str]:
    return {physical_name(each) for each in projections}


def test_dry_run_shows_what_would_go_and_drops_nothing(books: Terminal) -> None:
    told = books.run("drop-old", "--dry-run").stdout
    assert physical_name(OLDER) in told
    assert physical_name(NEWER) not in told
    told = books.run("drop-old", "cards", "--newer", "--dry-run").stdout
    assert names(OLDER, NEWER) <= set(told.split())
    assert OWN not in told.split()
    assert tables(books) == names(OLDER, CARDS, NEWER)


def test_newer_tables_go_only_where_they_are_named(books: Terminal) -> None:
    assert f"{physical_name(OLDER)} is dropped" in books.run("drop-old").stdout
    assert tables(books) == names(CARDS, NEWER)
    assert "there are no old tables" in books.run("drop-old").stdout

    assert f"{physical_name(NEWER)} is dropped" in books.run("drop-old", "cards", "--newer").stdout

    assert tables(books) == names(CARDS)
    assert "there are no old tables" in books.run("drop-old", "--newer").stdout


def test_another_read_model_is_left_alone_and_an_unknown_one_is_refused(books: Terminal) -> None:
    assert "there are no old tables" in books.run("drop-old", "units", "--newer").stdout
    assert "there is no read model 'cardz'" in books.run("drop-old", "cardz", "--newer", status=2).stderr
    assert tables(books) == names(OLDER, CARDS, NEWER)
