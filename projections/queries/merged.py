"""Customers who were merged, in the rows of read models.

Rows keep the customer they were recorded for; the table of customers knows whose other name that is. A business
without merges pays one look into an index for all questions of a snapshot.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Table, and_, or_, select

from domain.ledger.owners import owned_by
from domain.package.purchase_numbers import numbered, purchase_on
from projections.engine.definition import Row
from projections.engine.index_walk import use_indexes
from projections.engine.snapshot import Snapshot
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS

AT_ONCE = 500


def survivors_of(snapshot: Snapshot, business_id: str, ids: Iterable[str]) -> dict[str, str]:
    """Customer → the one whose other name it is, of those among `ids` that were merged."""
    if not has_merged(snapshot, business_id):
        return {}
    customers = snapshot.tables[CUSTOMERS.name]
    found: dict[str, str] = {}
    in_order = sorted(set(ids))
    for some in (in_order[n : n + AT_ONCE] for n in range(0, len(in_order), AT_ONCE)):
        query = select(customers.c.customer_id, customers.c.survivor_id).where(
            customers.c.business_id == business_id,
            customers.c.customer_id.in_(some),
            customers.c.survivor_id.is_not(None),
        )
        found |= {row.customer_id: row.survivor_id for row in snapshot.connection.execute(query)}
    return found


def absorbed_by(snapshot: Snapshot, business_id: str, ids: Collection[str]) -> dict[str, list[str]]:
    """Customer → its other names, in the order of their registration, of those among `ids` that have any."""
    if not ids or not has_merged(snapshot, business_id):
        return {}
    customers = snapshot.tables[CUSTOMERS.name]
    query = select(customers.c.survivor_id, customers.c.customer_id).where(
        customers.c.business_id == business_id, customers.c.survivor_id.in_(sorted(ids))
    )
    found: dict[str, list[str]] = {}
    for row in snapshot.connection.execute(query.order_by(customers.c.position)):
        found.setdefault(row.survivor_id, []).append(row.customer_id)
    return found


def with_other_names(snapshot: Snapshot, business_id: str, ids: Sequence[str]) -> tuple[str, ...]:
    """These customers with all their other names, for a filter by customer."""
    if not ids:
        return ()
    survivors = survivors_of(snapshot, business_id, ids)
    meant = [survivors.get(id, id) for id in ids]
    others = absorbed_by(snapshot, business_id, meant)
    return tuple(dict.fromkeys(name for id in meant for name in (id, *others.get(id, ()))))


def as_owned(snapshot: Snapshot, business_id: str, rows: Sequence[Row]) -> list[Row]:
    """The rows with the customers who have them now; a payer is named by the survivor's id too."""
    named = {row[who] for row in rows for who in ("customer_id", "purchased_by") if row.get(who)}
    survivors = survivors_of(snapshot, business_id, named)
    return [_owned(row, survivors) for row in rows] if survivors else list(rows)


def _owned(row: Row, survivors: dict[str, str]) -> Row:
    if row["customer_id"] in survivors:
        row = owned_by(row, survivors[row["customer_id"]])
    if row.get("purchased_by") in survivors:
        row = {**row, "purchased_by": survivors[row["purchased_by"]]}
    return row


def cards_as_owned(snapshot: Snapshot, business_id: str, cards: Sequence[Row]) -> list[Row]:
    """As `as_owned`, with the purchase numbers that the packages of a merged customer have together."""
    owned = as_owned(snapshot, business_id, cards)
    names = absorbed_by(snapshot, business_id, {card["customer_id"] for card in owned})
    numbers: dict[str, int] = {}
    for survivor_id, others in names.items():
        numbers |= _numbers(snapshot, business_id, (survivor_id, *others))
    return [
        card if (number := numbers.get(card["package_id"])) is None else {**card, "purchase_number": number}
        for card in owned
    ]


def _numbers(snapshot: Snapshot, business_id: str, customer_ids: Collection[str]) -> dict[str, int]:
    cards = snapshot.tables[CARDS.name]
    columns = (
        cards.c.package_id,
        cards.c.offer_id,
        cards.c.name,
        cards.c.origin,
        cards.c.purchased_at,
        cards.c.position,
    )
    query = select(*columns).where(
        cards.c.business_id == business_id, cards.c.customer_id.in_(sorted(customer_ids))
    )
    return numbered(purchase_on(dict(row)) for row in snapshot.connection.execute(query).mappings())


def has_merged(snapshot: Snapshot, business_id: str) -> bool:
    """Whether any customer of the business is another one's other name."""
    if business_id not in snapshot.told:
        use_indexes(snapshot.connection)
        customers = snapshot.tables[CUSTOMERS.name]
        query = select(customers.c.customer_id).where(
            customers.c.business_id == business_id, customers.c.survivor_id > ""
        )
        snapshot.told[business_id] = snapshot.connection.execute(query.limit(1)).first() is not None
    return snapshot.told[business_id]


def of_customer_or_other_name(
    table: Table, customers: Table, column: str = "customer_id"
) -> ColumnElement[bool]:
    """The condition that a row of `table` belongs to the customer of a row of `customers`, by any of its names."""
    other = customers.alias("other")
    theirs = select(other.c.customer_id).where(
        and_(
            other.c.business_id == customers.c.business_id,
            other.c.survivor_id == customers.c.customer_id,
        )
    )
    theirs = theirs.correlate(customers)  # two SELECTs further out
    return or_(table.c[column] == customers.c.customer_id, table.c[column].in_(theirs))
