"""API keys: each row has a guard, and the list of a business's keys a MAC, both under the pepper."""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from domain.ledger.evidence import Evidence, rows
from domain.ledger.key_roster import flaws_of, listed
from domain.ledger.records import StoredKey
from domain.people.directory import ERASED_NAME
from replay.proof.finding import Finding
from replay.proof.workbook import Workbook

Verdict = Literal["genuine", "forged", "unknown"]
"""unknown: written under a pepper that is not at hand."""
REVOKE = "revoke it: it opens nothing"
PAGES = "the pages of the list do not hold as many keys as were issued"


class Guards(Protocol):
    """What the pepper tells of keys."""

    def of_key(self, key: StoredKey) -> Verdict: ...

    def of_roster(self, business_id: str, page: str, text: str, mac: bytes) -> Verdict: ...


def keys(evidence: Evidence, book: Workbook, guards: Guards) -> Iterator[Finding]:
    """Every key of a business against its guard, and against the list of all keys."""
    table, business_id = "api_keys", evidence.business_id
    known: set[str] = set()
    listed, findings = _listed(evidence, guards)
    for row in rows(evidence, table):
        key = StoredKey(id=row.key[0], business_id=business_id, **row.values)
        known.add(key.id)
        if listed is not None and key.id not in listed:
            yield Finding(business_id, table, key.id, "is there", f"it was never issued: {REVOKE}")
        elif not _is_erased(key, book) and not _is_revoked_without(key) and guards.of_key(key) == "forged":
            yield Finding(
                business_id, table, key.id, "is not as it was written", f"its guard says so: {REVOKE}"
            )
    for id in listed or ():
        if id not in known:
            yield Finding(business_id, table, id, "is missing", "it was issued: restore it, or issue another")
    if known:
        yield from findings


def _listed(evidence: Evidence, guards: Guards) -> tuple[Sequence[str] | None, list[Finding]]:
    """The ids of all keys, None where the list cannot be relied on; and what is wrong with it."""
    table, business_id = "key_rosters", evidence.business_id
    pages = {row.key[0]: row.values for row in rows(evidence, table)}
    if not pages:
        return None, [Finding(business_id, table, "", "is missing", "the business has keys")]
    forged = [
        Finding(business_id, table, page, "is not as it was written", "its MAC says so")
        for page, each in pages.items()
        if guards.of_roster(business_id, page, each["ids"], each["mac"]) == "forged"
    ]
    if forged:
        return None, forged
    texts = {page: each["ids"] for page, each in pages.items()}
    flaws = [Finding(business_id, table, page, told, PAGES) for page, told in flaws_of(texts)]
    return (None, flaws) if flaws else (listed(texts), [])


def _is_erased(key: StoredKey, book: Workbook) -> bool:
    """A key without its name, of a customer who was erased: the facts say so, and it is revoked."""
    return key.name == ERASED_NAME and key.revoked_at is not None and book.was_erased(key.actor_id)


def _is_revoked_without(key: StoredKey) -> bool:
    """A key that was revoked where the pepper was not at hand: it opens nothing."""
    return key.revoked_at is not None and not key.guard
