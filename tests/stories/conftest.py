"""Each story is told twice: on an embedded database and on PostgreSQL."""

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.extended)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The name of a database that nobody has used."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/carnet.db"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url
