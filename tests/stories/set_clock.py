"""A desk whose clock is set by hand, for stories that depend on the calendar."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from api.server.installation import migrate, views_of
from api.server.settings import Settings
from tests.api.desk import Clock, Desk, house_at


@contextmanager
def opened_on(morning: datetime, database: str, folder: Path, name: str) -> Iterator[Desk]:
    """The owner of a new business on a fresh database. The clock begins at that moment, and runs."""
    settings = Settings.read({"CARNET_DATABASE": database, "HOME": str(folder)})
    migrate(settings)
    clock = Clock(morning - datetime.now(UTC))
    with house_at(database, views_of(settings), clock) as house:
        yield house.desk(name=name)
