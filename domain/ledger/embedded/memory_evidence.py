"""The tables of one business in memory, for verification. Nothing else can reach them, so nothing needs mending."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from msgspec import structs

from domain.ledger.envelope import StoredFact
from domain.ledger.evidence import StoredHead
from domain.ledger.key_roster import Page
from domain.ledger.numbers import number_of
from domain.ledger.proof import seal_of_request
from domain.ledger.records import StoredKey
from domain.ledger.request_keys import packed_key, text_beside
from domain.ledger.tables import NUMBERED, TABLES
from domain.people.profile import searched

if TYPE_CHECKING:
    from domain.ledger.embedded.memory_books import Books

Rows = Iterator[tuple[tuple[Any, ...], dict[str, Any]]]


class MemoryEvidence:
    """Implements `domain.ledger.evidence.Evidence` over books that were published, which never change."""

    def __init__(
        self,
        business_id: str,
        books: "Books",
        keys: Sequence[StoredKey],
        roster: Sequence[Page],
    ) -> None:
        self.business_id = business_id
        self._books = books
        self._keys = keys
        self._roster = roster
        self._tables: Mapping[str, Callable[[], Rows]] = {
            "streams": self._streams,
            "claims": lambda: (((claim,), {"stream_id": id}) for claim, id in books.claims.items()),
            "people_search": self._people_search,
            "requests": self._requests,
            "texts": lambda: (((id,), structs.asdict(text)) for id, text in books.notes.items()),
            "people": lambda: (((id,), structs.asdict(person)) for id, person in books.directory.items()),
            "photos": lambda: (((id,), {"media_type": each.media_type}) for id, each in books.photos.items()),
            "api_keys": self._api_keys,
            "key_rosters": self._key_rosters,
        }

    def head(self) -> StoredHead | None:
        return StoredHead(self._books.head, self._books.secret)

    def facts(self, after: int, limit: int) -> Sequence[StoredFact]:
        return self._books.log[after : after + limit]

    def registered(self, numbers: Collection[int]) -> Sequence[tuple[int, str | None]]:
        every = ((number_of(id), each.customer_id) for id, each in self._books.streams.items())
        return [row for row in every if row[0] in numbers]

    def page(
        self, table: str, after: tuple[str, ...] | None, limit: int, *, by_number: bool = False
    ) -> Sequence[tuple[Any, ...]]:
        made, columns = self._tables.get(table), TABLES[table].columns
        found = sorted(made(), key=lambda row: row[0]) if made is not None else []
        behind = [row for row in found if after is None or row[0] > after][:limit]
        numbered = [name for name in columns if by_number and (table, name) in NUMBERED]
        for _, values in behind:
            values |= {name: number_of(values[name]) for name in numbered if values[name] is not None}
        return [(*key, *(values[name] for name in columns)) for key, values in behind]

    def strays(self) -> Sequence[str]:
        return []

    def _streams(self) -> Rows:
        for id, stream in self._books.streams.items():
            opened = self._books.by_stream[id][1].position
            yield (
                (number_of(id),),
                {
                    "kind": stream.kind,
                    "customer_id": stream.customer_id,
                    "opened": opened,
                    "spent": self._books.spent.get(id),
                },
            )

    def _people_search(self) -> Rows:
        for id, person in self._books.directory.items():
            if (folded := searched(person)) is not None:
                yield (id,), {"folded": folded, "grams": None}

    def _requests(self) -> Rows:
        for key, (asked, has_facts) in self._books.requests.items():
            known = self._books.answers[key]
            seal = b"" if has_facts else self._seal(key)
            yield (
                (packed_key(key),),
                {
                    "key_text": text_beside(key),
                    "fingerprint": known.fingerprint,
                    "first": known.first,
                    "facts": known.last - known.first + 1 if has_facts else 0,
                    "people": asked.shown,
                    "answered": asked.answered if known.body is None else b"",
                    "seal": seal,
                    "body": None if known.body is None else asked.kept,
                    "salt": None if known.body is None else asked.salt,
                },
            )

    def _seal(self, key: str) -> bytes:
        known, (asked, _) = self._books.answers[key], self._books.requests[key]
        return seal_of_request(
            self._books.secret,
            key,
            known.fingerprint,
            asked.shown,
            asked.answered,
            known.last,
            known.recorded_at,
        )

    def _api_keys(self) -> Rows:
        for key in self._keys:
            values = asdict(key)
            del values["id"], values["business_id"]
            yield (key.id,), values

    def _key_rosters(self) -> Rows:
        for page, ids, mac in sorted(self._roster):
            yield (page,), {"ids": ids, "mac": mac}
