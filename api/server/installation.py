"""The installation that the settings name: ledgers, their read models, and the businesses in them.

with opened(settings) as here:
    business = here.business("biz_…")
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from api.http.api_keys import issue_key
from api.http.ids import new_id
from api.http.ledger_types import Books
from api.server.pepper import peppers_of
from api.server.settings import Settings
from domain.actor import Actor, Role
from domain.business.commands import OpenBusiness
from domain.business.state import Business
from domain.decision import Reads
from domain.ledger import postgres
from domain.ledger.carnet import Carnet, Ledger, store_at
from domain.ledger.embedded import sqlite
from domain.ledger.erasure_journal import ErasureJournal
from domain.ledger.errors import RoleNeeded
from domain.ledger.mapper import Meta
from domain.ledger.orders import Order
from domain.ledger.postgres.connections import our_errors
from domain.ledger.proof import proof_of_secret
from domain.ledger.stream import View
from domain.refusals import Refused
from domain.use_cases.open_business import OPEN_BUSINESS
from projections.engine.definition import Projection
from projections.engine.freshness import FreshReads
from projections.engine.mend import begin_anew_where_ahead
from projections.engine.outage import told_as_unavailable
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from projections.engine.zones import renew
from projections.models.registry import READ_MODELS

log = logging.getLogger("carnet.server")

BUSINESSES_LISTED_MAX = 20
KEPT_TO_ANSWER = 10_000
KEPT_OTHERWISE = 256
"""Streams kept in memory between commands, as far as `CARNET_CACHE_BYTES` has room for them."""
OPERATOR = Meta(actor=Actor(id="operator", role=Role.OWNER, via="command line"))


class NoSuchBusiness(LookupError):
    """The named business does not exist, or no single one is implied. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One database of ledgers and its read models."""

    settings: Settings
    carnet: Carnet
    views: ReadTables

    # Businesses

    def open_business(self, name: str, currency: str, time_zone: str) -> tuple[str, str]:
        """Open a business. Returns its id and the first key of its owner, which is not shown again.

        The key is stored first: no business is left without one. Raises WrongPepper, WrongSetting, Refused.
        """
        business_id, store = new_id("biz"), self.carnet.store
        pepper = peppers_of(self.settings, store, issuing=True).current
        key = issue_key(store, pepper, business_id, Role.OWNER, name="first key of the owner")
        store.open_ledger(business_id)
        command = OpenBusiness(business_id=business_id, name=name, currency=currency, time_zone=time_zone)
        ledger = self.carnet.ledger(business_id)
        by = OPERATOR.model_copy(update={"secret": proof_of_secret(ledger.recorder.secret())})
        (opened,) = ledger.execute([Order(OPEN_BUSINESS, command, by)])
        if isinstance(opened, Refused):
            raise opened
        return business_id, key

    def called(self, name: str) -> str | None:
        """The id of a business of this name; capitals make no difference. None where there is none."""
        wanted = name.casefold()
        return next((id for id in self.businesses() if self.business(id).name.casefold() == wanted), None)

    def ledger(self, business_id: str | None) -> Ledger:
        """The ledger of the named business, or of the only one. Raises NoSuchBusiness."""
        if business_id is None:
            return self.carnet.ledger(self._only())
        if business_id not in set(self.businesses()):
            raise NoSuchBusiness(
                f"there is no business {business_id}: `carnet businesses` lists those there are"
            )
        return self.carnet.ledger(business_id)

    def _only(self) -> str:
        ids = list(islice(self.businesses(), BUSINESSES_LISTED_MAX + 1))
        if not ids:
            raise NoSuchBusiness("there is no business yet: `carnet open` opens one")
        if len(ids) > 1:
            listed = ", ".join(f"{id} ({self.business(id).name})" for id in ids[:BUSINESSES_LISTED_MAX])
            more = " and others" if len(ids) > BUSINESSES_LISTED_MAX else ""
            raise NoSuchBusiness(
                f"there are several businesses, say which with --business or CARNET_BUSINESS: {listed}{more}"
            )
        return ids[0]

    def businesses(self) -> Iterator[str]:
        """Ids of all businesses, without those whose opening was interrupted: their ledger has no fact."""
        return (id for id, position in self.carnet.store.heads() if position)

    def businesses_with_rows(self) -> Sequence[str]:
        """Ids of all businesses of which there is a row in any table, in order: also where the head is gone."""
        return self.carnet.store.business_ids()

    def has_head(self, business_id: str) -> bool:
        with self.carnet.store.evidence(business_id) as evidence:
            return evidence.head() is not None

    def without_head(self) -> list[str]:
        """Businesses that have facts or streams, and no head: nothing can be read or recorded of them."""
        headed, found = {id for id, _ in self.carnet.store.heads()}, []
        for id in self.businesses_with_rows():
            if id not in headed:
                with self.carnet.store.evidence(id) as evidence:
                    if evidence.facts(0, 1) or evidence.page("streams", None, 1):
                        found.append(id)
        return found

    def business(self, business_id: str) -> Business:
        """Name, currency and time zone. Raises UnknownBusiness, UnreadableFact."""
        return self.look(business_id, Reads({business_id: 0})).business

    def look(self, business_id: str, wanted: Reads) -> Books:
        """Streams as they stand now. Raises UnknownBusiness, UnreadableFact."""
        return self.carnet.ledger(business_id).look(wanted)

    # Read models

    def runner(self, projections: Sequence[Projection] | None = None, *, rest: float = 0.0) -> Runner:
        return Runner(self.carnet.store, self.views, projections, rest=rest)

    def reads(self, names: Sequence[str]) -> FreshReads:
        """Read models that catch up in this process, for as long as it takes. Raises StillRead, LedgerUnavailable."""
        with suppress(RoleNeeded):  # a user who only reads waits for a worker here too
            renew(self.views)
        runner = self.runner([self.views.projections[name] for name in names])
        return FreshReads(self.carnet.store, self.views, runner, patience_s=None)


@contextmanager
def opened(settings: Settings, shown: Mapping[str, View] | None = None) -> Iterator[Installation]:
    """The installation, closed after the block. `shown`: the views that answers to commands are made of; a
    process that answers commands keeps more streams. Raises WrongSchema when the database is not migrated,
    LedgerUnavailable.
    """
    kept_max = KEPT_TO_ANSWER if shown else KEPT_OTHERWISE
    carnet = Carnet(
        settings.database,
        pool_size=settings.pool,
        views=shown,
        kept_max=kept_max,
        kept_bytes=settings.cache_bytes,
        journal=ErasureJournal(settings.erasures),
        clocks_apart=timedelta(seconds=settings.clocks_apart_s),
    )
    with closing(carnet), ExitStack() as stack:
        views = stack.enter_context(closing(views_of(stack.enter_context(_with_views(settings)))))
        if settings.ledger_file is not None:
            # The file of the read models may be deleted at any time.
            views.create()
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


def views_of(settings: Settings) -> ReadTables:
    if settings.ledger_file is not None:
        return ReadTables(settings.views, READ_MODELS, pool_size=settings.pool)
    return ReadTables(settings.database, READ_MODELS, schema=settings.views, pool_size=settings.pool)


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
        with our_errors():
            applied = postgres.migrate(settings.database)
    with closing(views_of(settings)) as views, told_as_unavailable():
        made = views.create()
        ahead = begin_anew_where_ahead(lambda: _heads(settings), views)
        renew(views)
    has_facts = any(_heads(settings).values())
    return Migrated(applied, [*made, *ahead] if has_facts else [])


def _heads(settings: Settings) -> dict[str, int]:
    """Positions by business, read with the rights to migrate: on PostgreSQL they need not be those to serve."""
    if settings.ledger_file is None:
        with our_errors():
            return dict(postgres.heads(settings.database))
    with closing(store_at(settings.database, pool_size=1)) as store:
        return dict(store.heads())


def open_on_its_own(database: str, name: str, currency: str, time_zone: str) -> tuple[str, str]:
    """Open a business on a new embedded database. Returns its id and its owner's first key."""
    settings = Settings.read({"CARNET_DATABASE": database})
    migrate(settings)
    with opened(settings) as here:
        return here.open_business(name, currency, time_zone)
