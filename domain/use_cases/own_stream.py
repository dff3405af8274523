"""Reading the one stream that a command names, and naming it as the target."""

from collections.abc import Callable

from domain.decision import Books, Peek, Reads
from domain.values import Value


def own(name: str, *, and_business: bool = False) -> Callable[[Value, str, Peek], Reads]:
    """Reads the stream whose id the command holds under `name`, and the business if asked."""

    def reads(command: Value, business_id: str, peek: Peek) -> Reads:
        streams = {getattr(command, name): 0}
        return Reads({business_id: 0} | streams if and_business else streams)

    return reads


def id_in(name: str) -> Callable[[Value, Books], str]:
    """The target of a command: the stream whose id it holds under `name`."""
    return lambda command, books: str(getattr(command, name))


def the_business(command: Value, business_id: str, peek: Peek) -> Reads:
    """Reads the business alone."""
    return Reads({business_id: 0})


def business_id_of(command: Value, books: Books) -> str:
    """The target of a command on the business itself."""
    return books.business_id
