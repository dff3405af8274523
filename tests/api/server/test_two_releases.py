"""Two releases of the code on one database, with writers and readers at both: nobody notices who did not ask for more.

The steps are those of docs/how-to/change-a-read-model-in-production.md and change-a-fact-in-production.md.
"""

from pathlib import Path

import pytest

from tests.api.server.checkouts import NEW_CARDS, NEW_FACTS, next_release
from tests.api.server.deploy import Place, deploy


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "postgres":
        return Place(request.getfixturevalue("postgres_url"))
    return Place(f"sqlite:///{tmp_path}/carnet.db")


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the next release."""
    return next_release(tmp_path_factory.mktemp("release") / "next", *NEW_CARDS, *NEW_FACTS)


@pytest.mark.extended
@pytest.mark.timeout(300)
def test_a_read_model_and_a_fact_change_under_writers_and_readers(
    place: Place, newer: Path, tmp_path: Path
) -> None:
    deploy(place, newer, tmp_path)
