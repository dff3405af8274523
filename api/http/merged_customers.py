"""Questions about a merged customer: they are asked again of the survivor, with what belongs to both."""

from api.http.ledger_types import Books
from domain.decision import Reads
from domain.points.state import account_id


def of_merged(books: Books) -> Reads:
    """What is read beside merged customers, so that every question about them has its answer; else nothing."""
    names = books.merged_names()
    streams = dict.fromkeys((*names, *map(account_id, names)), 0)
    return books.unread_survivors() | Reads(streams, packages_of=names)


class ActsOn(Exception):
    """The customer of the path was merged: the question is asked again of the survivor."""

    def __init__(self, survivor_id: str) -> None:
        super().__init__(survivor_id)
        self.survivor_id = survivor_id
