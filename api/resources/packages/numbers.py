"""The purchase numbers that are shown for a customer who absorbed another."""

from api.http.ledger_types import Books
from domain.package.purchase_numbers import numbered, purchase_of
from projections.engine.definition import Row


def numbers_of(books: Books, customer_id: str, upto: int | None = None) -> dict[str, int]:
    """Package → its number among all purchases of a customer who absorbed another; empty for any other customer.

    `upto`: the last position that counts. Raises NotLoaded.
    """
    if len(books.names_of(customer_id)) == 1:
        return {}
    held = (purchase_of(id, package, position) for id, package, position in books.packages_of(customer_id))
    return numbered(each for each in held if upto is None or each.position <= upto)


def as_numbered(books: Books, card: Row, upto: int | None = None) -> Row:
    number = numbers_of(books, card["customer_id"], upto).get(card["package_id"])
    return card if number is None else {**card, "purchase_number": number}
