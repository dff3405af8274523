"""The question for chosen facts in SQL."""

from json import dumps

from domain.ledger.numbers import number_of
from domain.ledger.records import FactFilter


def chosen(wanted: FactFilter, after: int, upto: int, *, newest_first: bool) -> tuple[str, list[object]]:
    """What follows the columns, up to the order, and its values behind the number of the business."""
    if wanted.streams:
        # By the index of streams, whatever the planner makes of it: it would walk along all positions otherwise.
        rows = (
            "FROM json_each(?2) AS wanted CROSS JOIN facts ON stream = wanted.value"
            " WHERE ledger = ?1 AND version > 0 AND +position > ?3 AND +position <= ?4"
        )
        values: list[object] = [dumps([number_of(id) for id in dict.fromkeys(wanted.streams)]), after, upto]
    elif wanted.positions:
        rows = (
            "FROM json_each(?2) AS wanted CROSS JOIN facts ON position = wanted.value"
            " WHERE ledger = ?1 AND position > ?3 AND position <= ?4"
        )
        values = [dumps(sorted(set(wanted.positions))), after, upto]
    else:
        rows, values = "FROM facts WHERE ledger = ?1 AND position > ?2 AND position <= ?3", [after, upto]
    if wanted.streams and wanted.positions:
        rows += " AND position IN (SELECT value FROM json_each(?5))"
        values.append(dumps(wanted.positions))
    for column, members in (("kind", wanted.kinds), ("name", wanted.names)):
        if members:
            places = ", ".join("?" * len(members))
            rows += f" AND shape IN (SELECT number FROM shapes WHERE {column} IN ({places}))"
            values += members
    order = "+position" if wanted.streams else "position"
    return f"{rows} ORDER BY {order}{' DESC' if newest_first else ''}", values
