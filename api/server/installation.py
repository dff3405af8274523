"""The installation that the settings name: ledgers, their read models, and the businesses in them.

with opened(settings) as here:
    business = here.business("biz_…")
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from api.server.ledgers import Ledgers, carnet_of
from api.server.settings import Settings
from domain.ledger.embedded import sqlite
from domain.ledger.errors import RoleNeeded
from domain.ledger.stores import store_at
from domain.ledger.stream import View
from projections.engine.asking import LOCK_WAIT_S
from projections.engine.definition import Projection
from projections.engine.freshness import FreshReads
from projections.engine.mend import begin_anew_where_ahead
from projections.engine.outage import told_as_unavailable
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from projections.engine.zones import renew
from projections.models.registry import READ_MODELS

log = logging.getLogger("carnet.server")


@dataclass(frozen=True, slots=True)
class Installation(Ledgers):
    """One database of ledgers and its read models."""

    views: ReadTables

    def runner(self, projections: Sequence[Projection] | None = None, *, rest: float = 0.0) -> Runner:
        return Runner(self.carnet.store, self.views, projections, rest=rest)

    def reads(self, names: Sequence[str]) -> FreshReads:
        """Read models that catch up in this process, for as long as it takes. Raises StillRead, LedgerUnavailable."""
        with suppress(RoleNeeded):  # a user who only reads waits for a worker here too
            renew(self.views)
        runner = self.runner([self.views.projections[name] for name in names])
        return FreshReads(self.carnet.store, self.views, runner, patience_s=None)


@contextmanager
def opened(
    settings: Settings, shown: Mapping[str, View] | None = None, *, wait_s: float | None = None
) -> Iterator[Installation]:
    """The installation, closed after the block. `shown`: the views that answers to commands are made of; a
    process that answers commands keeps more streams. `wait_s`: as for `store_at`, for the read models too. Raises
    WrongSchema when the database is not migrated, LedgerUnavailable.
    """
    carnet = carnet_of(settings, shown, wait_s=wait_s)
    with closing(carnet), ExitStack() as stack:
        with_views = stack.enter_context(_with_views(settings))
        views = stack.enter_context(closing(views_of(with_views, LOCK_WAIT_S if wait_s is None else wait_s)))
        if settings.ledger_file is not None:
            # The file of the read models may be deleted at any time.
            views.create(lambda: any(head for _, head in carnet.store.heads()))
        yield Installation(settings, carnet, views)


@contextmanager
def _with_views(settings: Settings) -> Iterator[Settings]:
    """The settings with a file for read models that can be written: one for the time of the block where theirs cannot.

    Books on read-only media have none beside them.
    """
    if settings.ledger_file is None or _can_be_written(Path(settings.views)):
        yield settings
        return
    log.warning(
        "%s cannot be written: read models are built in a temporary file. CARNET_VIEWS names one that is kept",
        settings.views,
    )
    with TemporaryDirectory(prefix="carnet-views-") as folder:
        yield replace(settings, views=str(Path(folder) / "views.db"))


def _can_be_written(path: Path) -> bool:
    """Whether SQLite can write the file, or make it, and what it keeps beside it."""
    if path.exists() and not os.access(path, os.W_OK):
        return False
    folder = next(each for each in path.resolve().parents if each.exists())
    return os.access(folder, os.W_OK)


def views_of(settings: Settings, wait_s: float = LOCK_WAIT_S) -> ReadTables:
    """`wait_s`: seconds a writer waits for another, and everybody for a connection."""
    if settings.ledger_file is not None:
        return ReadTables(settings.views, READ_MODELS, pool_size=settings.pool, lock_wait_s=wait_s)
    return ReadTables(
        settings.database, READ_MODELS, schema=settings.views, pool_size=settings.pool, lock_wait_s=wait_s
    )


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did."""

    applied: Sequence[str]
    """Names of the ledger's steps."""
    anew: Sequence[str]
    """Read models that begin anew though there are facts: their tables were missing or did not fit the ledger."""


def migrate(settings: Settings) -> Migrated:
    """Bring ledgers and read tables up to this version, and begin read tables anew that do not fit the ledger.

    Several processes may do it at once. Raises WrongSchema, Contention, LedgerUnavailable.
    """
    if settings.ledger_file is not None:
        applied = sqlite.migrate(settings.ledger_file)
    else:
        from domain.ledger.postgres.connections import our_errors
        from domain.ledger.postgres.migrations import migrate as bring_up_to_date

        with our_errors():
            applied = bring_up_to_date(settings.database)
    with closing(views_of(settings)) as views, told_as_unavailable():
        made = views.create(lambda: any(_heads(settings).values()))
        ahead = begin_anew_where_ahead(lambda: _heads(settings), views)
        renew(views)
    has_facts = any(_heads(settings).values())
    return Migrated(applied, [*made, *ahead] if has_facts else [])


def _heads(settings: Settings) -> dict[str, int]:
    """Positions by business, read with the rights to migrate: on PostgreSQL they need not be those to serve."""
    if settings.ledger_file is None:
        from domain.ledger.postgres.connections import our_errors
        from domain.ledger.postgres.migrations import heads

        with our_errors():
            return dict(heads(settings.database))
    with closing(store_at(settings.database, pool_size=1)) as store:
        return dict(store.heads())


def open_on_its_own(database: str, name: str, currency: str, time_zone: str) -> tuple[str, str]:
    """Open a business on a new embedded database. Returns its id and its owner's first key."""
    settings = Settings.read({"CARNET_DATABASE": database})
    migrate(settings)
    with opened(settings) as here:
        return here.open_business(name, currency, time_zone)
