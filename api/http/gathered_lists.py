"""Lists that share round trips: the head with the terms of their businesses in one, and their places in another.

    found = await gathered.answer(question)      # None: it must be found alone, on a thread of its own

A list is found alone where it cannot be as fresh as the ledger at once, so that none waits for another.
"""

from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Sequence
from typing import Any, Protocol

from api.http.gathered import Gathered
from api.http.gathered_reads import LookAll
from api.http.ledger_types import Books, UnknownBusiness
from domain.decision import Reads
from projections.engine.outage import told_as_unavailable
from projections.engine.snapshot import Snapshot, Wanted
from projections.engine.tables import ReadTables


class ListQuestion(Protocol):
    """One list that somebody asks for."""

    @property
    def business_id(self) -> str: ...

    def kept(self, books: Books) -> Any:
        """The answer that was kept, where nothing has changed since; else None. Raises Problem."""

    def wanted(self) -> Wanted | None:
        """What it reads at first; None where something else has to be read before. Raises Problem."""

    def found(self, books: Books, snapshot: Snapshot) -> Any:
        """Its answer, by what was read at first. Raises whatever it may."""


class GatheredLists(Gathered[ListQuestion, Any]):
    """The lists of one event loop. Beside what they want, the head and the terms of their businesses are read."""

    def __init__(self, loop: AbstractEventLoop, look_all: LookAll, views: ReadTables) -> None:
        super().__init__(loop, self._found, "lists")
        self._look_all = look_all
        self._views = views

    def _found(self, asked: Sequence[ListQuestion]) -> list[Any]:
        books = self._look_all({each.business_id: terms_of(each.business_id) for each in asked})
        outcomes: list[Any] = [None for _ in asked]
        wanted: list[tuple[int, Wanted]] = []
        for nth, question in enumerate(asked):
            theirs = books.get(question.business_id)
            try:
                if theirs is None:
                    raise UnknownBusiness(question.business_id)
                outcomes[nth] = question.kept(theirs)
                if outcomes[nth] is None and (reads := question.wanted()) is not None:
                    wanted.append((nth, reads))
            except Exception as error:  # a mistake in this question
                outcomes[nth] = error
        if not wanted:
            return outcomes
        wanted.sort(key=lambda each: each[1].business_id)
        with told_as_unavailable(), self._views.snapshots([reads for _, reads in wanted]) as snapshots:
            for (nth, reads), snapshot in zip(wanted, snapshots, strict=True):
                theirs = books[reads.business_id]
                if snapshot is not None and snapshot.is_whole_at(theirs.head.position):
                    outcomes[nth] = asked[nth].found(theirs, snapshot)
        return outcomes


def terms_of(business_id: str) -> Reads:
    """What is read of the business of a list."""
    return Reads({business_id: 0})


def lists_on_this_loop(known: GatheredLists | None, look_all: LookAll, views: ReadTables) -> GatheredLists:
    """The lists of the running event loop. A process has one loop, a test several in turn."""
    loop = get_running_loop()
    return known if known is not None and known.loop is loop else GatheredLists(loop, look_all, views)
