"""Fixtures: a desk at a new business, in one application for the whole run.

A module that wants them says `pytest_plugins = ["tests.api.houses"]`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from domain.ledger.embedded import sqlite
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import PEPPER, Desk, House, house_at
from tests.postgres import PostgresServer
from tests.proved import assert_proved


@contextmanager
def house_on_sqlite(folder: Path) -> Iterator[House]:
    """On a new database, whose books are proved in the end."""
    file = folder / "carnet.db"
    sqlite.migrate(file)
    with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
        yield house
        assert_proved(house.carnet.store, PEPPER)


@contextmanager
def house_on_postgres(server: PostgresServer, template: str) -> Iterator[House]:
    name = f"carnet_desks_{token_hex(4)}"
    url = server.create_database(name, template)
    with house_at(url, ReadTables(url, READ_MODELS)) as house:
        yield house
        assert_proved(house.carnet.store, PEPPER)
    server.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_on_sqlite(tmp_path_factory.mktemp("books")) as house:
        yield house


@pytest.fixture(scope="session")
def postgres_house(postgres_server: PostgresServer, postgres_template: str) -> Iterator[House]:
    with house_on_postgres(postgres_server, postgres_template) as house:
        yield house


@pytest.fixture(params=["sqlite", "postgres"])
def desk_alone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """The only business of a new database, for what works through all of one."""
    if request.param == "sqlite":
        opened = house_on_sqlite(tmp_path)
    else:
        opened = house_on_postgres(*map(request.getfixturevalue, ("postgres_server", "postgres_template")))
    with opened as house:
        yield house.desk()


@pytest.fixture
def house(sqlite_house: House) -> House:
    """On SQLite, with the clock at the real time again."""
    sqlite_house.at_real_time()
    return sqlite_house


@pytest.fixture
def desk(house: House) -> Desk:
    """An owner at the desk of a business of its own, on SQLite."""
    return house.desk()


@pytest.fixture(params=["sqlite_house", "postgres_house"])
def either_desk(request: pytest.FixtureRequest) -> Desk:
    """The same on each of the two databases."""
    either: House = request.getfixturevalue(request.param)
    either.at_real_time()
    return either.desk()
