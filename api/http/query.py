"""A question over HTTP as a controller sees it, its parameters, and its answer.

The filters of a list are a `ListParameters`. Its cursor holds the key of the last row, signed together with
the filters, so that it fits no other list. Pages go on from a key, so they are stable while rows are added.
"""

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError, WithJsonSchema
from pydantic_core import to_json

from api.http.conditions import is_untouched
from api.http.cursors import bytes_of, foreign_cursor, text_of
from api.http.gathered_lists import terms_of
from api.http.ledger_types import Books
from api.http.merged_customers import ActsOn, of_merged
from api.http.permissions import ASK_THE_PAST
from api.http.problems import Flaw, flaws_of, invalid
from api.http.request import Call
from api.http.responses import Header
from domain.decision import NotLoaded, Reads
from domain.use_cases.renewals_due import memberships_due
from domain.values import Value
from projections.engine.freshness import ProjectionLagging
from projections.engine.outage import told_as_unavailable
from projections.engine.snapshot import First, Places, Snapshot
from replay.as_of import PRESENT, Past, asked, day_or_moment, is_over

Q = TypeVar("Q", bound=BaseModel)
L = TypeVar("L", bound="ListParameters")
P = TypeVar("P", bound=Places)
T = TypeVar("T")
LIMIT_MAX = 200
LIMIT_DEFAULT = 50


# Parameters and answers


class NoParameters(Value):
    """A query that takes none."""


class ListParameters(Value):
    """Parameters of every list. Subclasses add its filters."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=1_000)] | None = None


class Page(Value, Generic[T]):
    """A page of a list. `next_cursor` is null on the last one."""

    data: tuple[T, ...]
    next_cursor: str | None
    has_more: bool
    stale: bool
    """Whether the ledger has newer facts than `Ledger-Position`, which are not in this list yet: ask again, or name the
    least position in `Ledger-Min-Position`, which refuses a list that is not there (`projection-lagging`)."""


DayOrMomentText = Annotated[
    str,
    StringConstraints(max_length=40),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    ),
]
"""Read as a day or a moment when the business's zone is known."""


class ClockParameters(Value):
    """Parameters of questions about the past, on both clocks (domain.md, Two clocks)."""

    as_of: DayOrMomentText | None = None
    """Facts recorded before this moment, or by the end of this day in the business's zone."""
    effective_as_of: DayOrMomentText | None = None
    """Facts effective by this moment, or by the end of this day in the business's zone."""


class TravelParameters(ClockParameters):
    """Parameters of questions about the past of one stream."""

    at_version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """The state after this many facts of the stream."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a query: a body, the position it is true for, and the version of the thing shown."""

    body: BaseModel | bytes | Callable[[], bytes]
    """Made when it is called for, where a 304 may answer instead."""
    position: int
    version: int | None = None
    media_type: str = "application/json"
    headers: tuple[Header, ...] = ()
    is_as_tagged: Callable[[], bool] = lambda: False
    """Whether the answer has been the same ever since the thing got this version. Only then can `If-None-Match`
    be answered with 304: names, balances of other things and the clock change an answer without a new version."""


# A question


@dataclass(frozen=True, slots=True)
class ListReads(Generic[P]):
    """What a list reads at first, beside the terms of the business."""

    names: tuple[str, ...]
    """Of read models."""
    places: P


class Seen(NamedTuple):
    """What was read for a list together with others."""

    reads: ListReads[Any]
    books: Books
    snapshot: Snapshot
    """As fresh as the books."""


@dataclass(frozen=True, kw_only=True)
class Query(Call, Generic[Q]):
    """A question as a controller sees it."""

    parameters: Q
    operation: str
    at_least: int | None
    """Ledger-Min-Position: the least position that the answer must be true for."""
    accept: str
    behind: set[str] = field(default_factory=set)
    """Read models that the answer was read from, and that are behind the ledger."""
    heads: list[int] = field(default_factory=list)
    """Where the ledger was, whenever it was looked at for this question."""
    seen: Seen | None = None

    def look(self, wanted: Reads, *, facts: bool = True) -> Books:
        """Streams as they stand now: always true. Raises UnreadableFact, ActsOn for a customer merged then.

        Without `facts` it costs less: the states alone, of the present.
        """
        looked = self._looked if facts else self._present
        books = looked(wanted)
        while books.lacks(more := of_merged(books)):
            wanted |= more
            books = looked(wanted)
        self.note(books)
        named = self.path.get("customer_id")
        if named is not None and (survivor := books.survivor_of(named)) != named:
            raise ActsOn(survivor)
        return books

    async def present(self, wanted: Reads) -> Books:
        """As `look` for the present, without the facts of the streams, and perhaps with other streams beside them."""
        books = await self.frame.present(self.business_id, wanted)
        while books.lacks(more := of_merged(books)):
            wanted |= more
            books = await self.frame.present(self.business_id, wanted)
        self.note(books)
        return books

    def at_first(self, reads: "Callable[[Query[Q]], ListReads[P]]") -> "ListReads[P]":
        """What this list reads at first. Raises Problem."""
        return reads(self) if self.seen is None else self.seen.reads

    def _present(self, wanted: Reads) -> Books:
        if self.seen is not None and terms_of(self.business_id) == wanted:
            return self.seen.books
        return self.ledger.present(wanted)

    def note(self, books: Books) -> None:
        """Note where the ledger was for this question. Raises as `check_reachable` does."""
        self.heads.append(books.head.position)
        self.check_reachable(books.head.position)

    def _looked(self, wanted: Reads) -> Books:
        books = self.frame.look(self.business_id, wanted)
        past = self.past() if isinstance(self.parameters, ClockParameters) else PRESENT
        if past:
            version, named = past.at_version, self.path.get("package_id", self.path.get("booking_id"))
            stream = None if version is None or named is None else books.stream(named)
            last = books.head.position
            if stream is not None and version is not None and version <= len(stream.facts):
                last = stream.facts[version - 1].position
            ends = [moment for moment in (past.recorded_before, past.effective_before) if moment is not None]
            books.as_merged(
                lambda fact: fact.position <= last and all(fact.recorded_at < end for end in ends)
            )
        return books

    def look_renewed(self, wanted: Reads, *, facts: bool = True) -> Books:
        """As `look`, once the renewals that are due there have been recorded, as before a command."""
        now = self.frame.carnet.clock()
        while True:
            books = self.look(wanted, facts=facts)
            try:
                due = memberships_due({each.id: each.state for each in books.streams}, books, now)
            except NotLoaded as missing:
                wanted |= missing.reads
                continue
            if not due or self.frame.carnet.store.read_only:
                return books
            self.ledger.renew(due)
            return self.look(wanted, facts=facts)

    def thing(self, body: BaseModel, books: Books, id: str) -> Found:
        """The answer that shows the stream `id`, and no more than these books hold."""
        return Found(
            body, books.head.position, books.version(id), is_as_tagged=lambda: is_untouched(books, id)
        )

    def check_reachable(self, head: int) -> None:
        """Raises validation-failed when Ledger-Min-Position is above the head, which may never reach it.

        Raises ProjectionLagging where this is a replica, which will have what its primary acknowledged.
        """
        if self.at_least is not None and self.at_least > head:
            if self.frame.carnet.store.follows_another():
                raise ProjectionLagging(head, self.at_least)
            detail = f"must not be above the head, {head}"
            raise invalid([Flaw("/Ledger-Min-Position", "above-the-head", detail, "header")])

    def check_reachable_now(self) -> None:
        """As `check_reachable`, for an answer that reads the head by itself; reads it only where it is asked for."""
        if self.at_least is not None:
            self.check_reachable(self.ledger.recorder.head().position)

    @contextmanager
    def snapshot(self, *names: str, first: First | None = None) -> Iterator[Snapshot]:
        """These read models, as fresh as a short wait makes them. Where that is not enough, the answer is `stale`.

        They hold what the ledger held when it was last looked at for this question, else what it holds now. `first`:
        questions that are asked in the same round trip.

        Raises ProjectionLagging, ProjectionStopped, ProjectionMissing, LedgerUnavailable.
        """
        if self.seen is not None and self.seen.reads.names == names:
            yield self.seen.snapshot
            return
        if not self.heads:
            self.heads.append(self.ledger.recorder.head().position)
            self.check_reachable(self.heads[-1])
        reads, head = self.frame.reads, self.heads[-1]
        asked = reads.snapshot(self.business_id, names, self.at_least, head=head, first=first)
        with told_as_unavailable(), asked as snapshot:
            if snapshot.is_stale:
                self.behind.update(names)
            yield snapshot

    def past(self) -> Past:
        """The past that `ClockParameters` ask about. Raises validation-failed, forbidden."""
        given = self.parameters
        assert isinstance(given, ClockParameters)
        past = asked(
            self.time_zone,
            at_version=given.at_version if isinstance(given, TravelParameters) else None,
            as_of=self.over("as_of", given.as_of),
            effective_as_of=self.over("effective_as_of", given.effective_as_of),
        )
        if past:
            self.check_may(ASK_THE_PAST, "questions about the past")
        return past

    def over(self, name: str, given: str | None) -> date | datetime | None:
        """A past moment, or a day that is over in the business's zone. Raises validation-failed."""
        if given is None:
            return None
        try:
            read = day_or_moment(given)
        except ValidationError as error:
            (flaw,) = flaws_of(error, given, "query")
            raise invalid([replace(flaw, pointer=f"/{name}")]) from error
        if not is_over(read, self.time_zone, self.frame.carnet.clock()):
            raise invalid([Flaw(f"/{name}", "not-past", "must lie in the past, a day must be over")])
        return read

    def check_version(self, past: Past, version: int, what: str) -> None:
        """Raises validation-failed when `at_version` is above the version of `what`."""
        if past.at_version is not None and past.at_version > version:
            detail = f"must be at most {version}, the {what}'s version"
            raise invalid([Flaw("/at_version", "above-the-version", detail)])

    # Lists

    def after(self, values: int | None = None) -> list[Any] | None:
        """The key of the last row before this page; None for the first. Raises Problem invalid-cursor.

        `values`: how many the key has; that of another release may have others.
        """
        given = self._list.cursor
        key = None if given is None else self._read_cursor(given)
        if key is not None and values is not None and len(key) != values:
            raise foreign_cursor()
        return key

    def page(
        self,
        page: type[Page[T]],
        rows: Sequence[Any],
        *,
        key: Callable[[Any], Sequence[Any]],
        shown: Callable[[Any], T],
        position: int,
        **more: Any,
    ) -> Found:
        """A page of the first `limit` rows; a row beyond them means that there are more.

        `key` gives the values that `after()` returns for the next page; `more` are other members of the page.
        """
        return Found(page(**self._page(rows, key, shown), **more), position)

    def page_of_rendered(
        self,
        rows: Sequence[Any],
        *,
        key: Callable[[Any], Sequence[Any]],
        shown: Callable[[Any], Mapping[str, Any]],
        position: int,
        **more: Any,
    ) -> Found:
        """As `page`, of things that are rendered as they are answered: no model is made only to be written."""
        return Found(to_json({**self._page(rows, key, shown), **more}), position)

    def page_of_texts(
        self,
        rows: Sequence[Any],
        *,
        key: Callable[[Any], Sequence[Any]],
        shown: Callable[[Any], bytes],
        position: int,
        **more: Any,
    ) -> Found:
        """As `page`, of things that are written already, as JSON without white space."""
        page = self._page(rows, key, shown)
        data = b",".join(page.pop("data"))
        return Found(b'{"data":[' + data + b"]," + to_json({**page, **more})[1:], position)

    def _page(
        self, rows: Sequence[Any], key: Callable[[Any], Sequence[Any]], shown: Callable[[Any], Any]
    ) -> dict[str, Any]:
        limit = self._list.limit
        has_more = len(rows) > limit
        return {
            "data": tuple(shown(row) for row in rows[:limit]),
            "next_cursor": self.cursor(key(rows[limit - 1])) if has_more else None,
            "has_more": has_more,
            "stale": bool(self.behind),
        }

    @property
    def _list(self) -> ListParameters:
        assert isinstance(self.parameters, ListParameters)
        return self.parameters

    def cursor(self, key: Sequence[Any]) -> str:
        """The cursor of a next page: `after()` gives the key again."""
        return text_of(json.dumps(list(key), separators=(",", ":")).encode()) + "." + text_of(self._mac(key))

    def _read_cursor(self, given: str) -> list[Any]:
        held, _, seal = given.partition(".")
        try:
            key = json.loads(bytes_of(held))
            sealed = bytes_of(seal)
        except ValueError as error:
            raise foreign_cursor() from error
        if not isinstance(key, list) or not hmac.compare_digest(sealed, self._mac(key)):
            raise foreign_cursor()
        return key

    def _mac(self, key: Sequence[Any]) -> bytes:
        filters = self.parameters.model_dump(mode="json", exclude={"cursor", "limit"})
        bound = [self.business_id, self.operation, dict(self.path), filters, list(key)]
        secret = self.frame.secret("cursors")
        # `hmac.digest` would release the interpreter, and wait until it is free again.
        return hmac.new(secret, json.dumps(bound, sort_keys=True).encode(), "sha256").digest()[:16]
