"""The ledgers that the settings name, and the businesses in them; without read models.

with opened_ledgers(settings) as here:
    business = here.business("biz_…")
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from api.http.ids import new_business_id
from api.http.ledger_types import Books
from api.http.new_keys import issue_key
from api.server.pepper import peppers_of
from api.server.roster import NoSuchBusiness, unknown, without_head
from api.server.settings import Settings
from domain.actor import Actor, Role
from domain.business.commands import OpenBusiness
from domain.business.state import Business
from domain.decision import Reads
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.erasure_journal import ErasureJournal
from domain.ledger.mapper import Meta
from domain.ledger.orders import Order
from domain.ledger.proof import proof_of_secret
from domain.ledger.stream import View
from domain.refusals import Refused
from domain.use_cases.open_business import OPEN_BUSINESS

BUSINESSES_LISTED_MAX = 20
KEPT_TO_ANSWER = 10_000
KEPT_OTHERWISE = 256
"""Streams kept in memory between commands, as far as `CARNET_CACHE_BYTES` has room for them."""
OPERATOR = Meta(actor=Actor(id="operator", role=Role.OWNER, via="command line"))


@dataclass(frozen=True, slots=True)
class Ledgers:
    """All ledgers of one database."""

    settings: Settings
    carnet: Carnet

    def open_business(self, name: str, currency: str, time_zone: str) -> tuple[str, str]:
        """Open a business. Returns its id and the first key of its owner, which is not shown again.

        The key is stored first: no business is left without one. Raises WrongPepper, WrongSetting, Refused.
        """
        business_id, store = new_business_id(), self.carnet.store
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
            raise unknown(business_id)
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

    def to_prove(self, business_id: str | None) -> Sequence[str]:
        """The named business, or all of which there is a row in any table: also where the head is gone.

        Raises NoSuchBusiness.
        """
        known = self.carnet.store.business_ids()
        if business_id is None:
            return known
        if business_id not in known:
            raise unknown(business_id)
        return [business_id]

    def has_head(self, business_id: str) -> bool:
        with self.carnet.store.evidence(business_id) as evidence:
            return evidence.head() is not None

    def without_head(self) -> list[str]:
        """As `roster.without_head`."""
        return without_head(self.carnet.store)

    def business(self, business_id: str) -> Business:
        """Name, currency and time zone. Raises UnknownBusiness, UnreadableFact."""
        return self.look(business_id, Reads({business_id: 0})).business

    def look(self, business_id: str, wanted: Reads) -> Books:
        """Streams as they stand now. Raises UnknownBusiness, UnreadableFact."""
        return self.carnet.ledger(business_id).look(wanted)


def carnet_of(
    settings: Settings, shown: Mapping[str, View] | None = None, *, wait_s: float | None = None
) -> Carnet:
    """The ledgers, to be closed. `shown`: the views that answers to commands are made of; a process that answers
    commands keeps more streams. `wait_s`: as for `store_at`. Raises WrongSchema when the database is not migrated,
    LedgerUnavailable.
    """
    kept_max = KEPT_TO_ANSWER if shown else KEPT_OTHERWISE
    return Carnet(
        settings.database,
        pool_size=settings.pool,
        views=shown,
        kept_max=kept_max,
        kept_bytes=settings.cache_bytes,
        journal=ErasureJournal(settings.erasures),
        clocks_apart=timedelta(seconds=settings.clocks_apart_s),
        wait_s=wait_s,
    )


@contextmanager
def opened_ledgers(settings: Settings, *, wait_s: float | None = None) -> Iterator[Ledgers]:
    """The ledgers, closed after the block. `wait_s`: as for `store_at`. Raises what `carnet_of` raises."""
    with closing(carnet_of(settings, wait_s=wait_s)) as carnet:
        yield Ledgers(settings, carnet)
