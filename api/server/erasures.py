"""Erasures held against the books: applied again after a restore, and searched for what is left.

Whatever was restored, by whatever tool, `apply_again` brings the books to what the journal says; doing it twice changes
nothing. `serve` does so before it answers, `carnet restore` before the backup takes its place.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from secrets import token_bytes

from api.http.ids import new_id
from api.http.ledger_types import Carnet, recorded
from domain.actor import Actor, Role
from domain.decision import Reads
from domain.ledger.erasure_journal import ErasureJournal, JournalEntry
from domain.ledger.mapper import Meta
from domain.ledger.orders import Order
from domain.moments import to_milliseconds
from domain.people.commands import EraseCustomer
from domain.people.directory import Place
from domain.people.facts import CustomerErased
from domain.refusals import Refused
from domain.use_cases.erase_customer import ERASE_CUSTOMER
from domain.values import Wording

RESTORER = Meta(actor=Actor(id="erasures", role=Role.OWNER, via="system"))
REASON = "The customer was erased before the backup was restored."
PAGE = 1_000
WITHDRAWN_AFTER_MS = 3_600_000
"""How long after it was begun an erasure that is not in the books counts as never stored."""


@dataclass(frozen=True, slots=True)
class ErasedCustomer:
    """An erased customer, and the rows that are there now."""

    business_id: str
    customer_id: str
    erased_at: int
    """Milliseconds since 1970."""
    left: Mapping[Place, int]

    @property
    def is_clean(self) -> bool:
        return not any(self.left.values())


def apply_again(carnet: Carnet, journal: ErasureJournal) -> list[JournalEntry]:
    """Erase the customers of the journal who are not erased in these books. Returns those that it erased.

    What they can still use there is cancelled. Customers whom the books do not know are passed over: they are not in
    the backup. Raises LedgerUnavailable, Contention, and the refusal that an erasure meets.
    """
    known = {business_id for business_id, position in carnet.store.heads() if position}
    applied = []
    for entry in journal.entries().values():
        if entry.business_id in known and entry.state != "withdrawn" and _is_to_erase(carnet, entry):
            asked = EraseCustomer(
                customer_id=entry.customer_id,
                unused="cancel",
                owing="keep",
                reason=Wording(id=new_id("txt"), salt=token_bytes(16), text=REASON),
                why="restored",
            )
            (result,) = carnet.ledger(entry.business_id).execute([Order(ERASE_CUSTOMER, asked, RESTORER)])
            if isinstance(result, Refused):
                raise result
            applied.append(entry)
    return applied


def _is_to_erase(carnet: Carnet, entry: JournalEntry) -> bool:
    wanted = Reads({entry.customer_id: 0})
    loaded = carnet.ledger(entry.business_id).recorder.load(wanted)
    customer = carnet.kept.books_of(entry.business_id, wanted, loaded).own_customer(entry.customer_id)
    return customer is not None and not customer.erased


def complete(carnet: Carnet, journal: ErasureJournal, now_ms: int) -> int:
    """Add to the journal what the books know and it does not; returns the lines added.

    An erasure that was begun long ago and is not in the books is written off, unless it was erased elsewhere.
    Call it after `apply_again`.
    """
    entries, added = journal.entries(), 0
    businesses = [business_id for business_id, position in carnet.store.heads() if position]
    erased = {(each.business_id, each.customer_id): each for each in _erased(carnet, businesses)}
    for key, each in erased.items():
        if key not in entries or entries[key].state != "erased":
            journal.write(JournalEntry(each.business_id, each.customer_id, "erased", each.at))
            added += 1
    for key, entry in entries.items():
        old = entry.state == "begun" and now_ms - entry.at > WITHDRAWN_AFTER_MS
        if old and key not in erased and entry.business_id in businesses:
            journal.write(JournalEntry(entry.business_id, entry.customer_id, "withdrawn", now_ms))
            added += 1
    return added


def checked(carnet: Carnet, business_ids: Iterable[str]) -> Iterator[ErasedCustomer]:
    """Every erased customer of these businesses, with what is left now."""
    for each in _erased(carnet, business_ids):
        left = carnet.ledger(each.business_id).recorder.personal_data(each.customer_id)
        yield ErasedCustomer(each.business_id, each.customer_id, each.at, left)


def _erased(carnet: Carnet, business_ids: Iterable[str]) -> Iterator[JournalEntry]:
    for business_id in business_ids:
        recorder, after = carnet.ledger(business_id).recorder, 0
        while page := recorder.select_notifications(after + 1, PAGE, topics=(CustomerErased.stored_name,)):
            for found in page:
                after = found.id
                (stored,) = recorder.facts(after=after - 1, limit=1)
                at = to_milliseconds(recorded(stored).recorded_at)
                yield JournalEntry(business_id, stored.stream_id, "erased", at)
