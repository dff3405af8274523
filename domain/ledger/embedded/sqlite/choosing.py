"""The conditions of chosen facts in SQL."""

from domain.ledger.records import FactFilter


def chosen(wanted: FactFilter, *, newest_first: bool) -> tuple[str, list[str]]:
    """What follows `business_id = ? AND` up to the order, and the values behind those of the two positions."""
    # With + a column is not looked up by an index: a few streams are never found by a walk along all positions.
    position = "+position" if wanted.streams else "position"
    conditions, values = [f"{position} > ? AND {position} <= ?"], list[str]()
    for column, members in (("kind", wanted.kinds), ("name", wanted.names)):
        if members:
            conditions.append(f"shape IN (SELECT number FROM shapes WHERE {column} IN ({_places(members)}))")
            values += members
    if wanted.streams:
        conditions.append(f"stream_id IN ({_places(wanted.streams)})")
        values += wanted.streams
    return f"{' AND '.join(conditions)} ORDER BY {position}{' DESC' if newest_first else ''}", values


def _places(members: tuple[str, ...]) -> str:
    return ", ".join("?" * len(members))
