"""The customers of a list as texts, each kept until the customer, the points or the active packages change.

Names of the household follow from the facts of the customer. A list that is behind the ledger takes none that was kept:
a name that was erased since would show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.http.query import Query
from api.resources.customers.answer import Counts, in_list, people_in
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.queries.customer_places import Place, customers_at

Key = tuple[str, str, str, bool]
"""That it is a customer, the business, the customer, and whether the reader sees names."""


@dataclass(frozen=True, slots=True)
class CustomerTexts:
    """The customers of some places: those that are known, and the rows of the others."""

    call: Query[Any]
    places: Mapping[Key, Place]
    known: Mapping[Key, bytes]
    anew: Sequence[Row]
    keeps: bool
    """Whether they are as fresh as the ledger."""

    def by_id(self) -> dict[str, bytes]:
        """Customer → as the list shows it. Reads the directory where one has to be made."""
        texts = {key[2]: text for key, text in self.known.items()}
        if not self.anew:
            return texts
        people = people_in(self.call.ledger.recorder, self.anew) if self.call.sees_people else {}
        rows = {row["customer_id"]: row for row in self.anew}
        made = {}
        for key, place in self.places.items():
            if (row := rows.get(place.customer_id)) is not None:
                shown = in_list(row, people, Counts(place.points, place.active_packages))
                made[key] = place, shown.model_dump_json().encode()
        if self.keeps:
            self.call.frame.texts.keep(made)
        return texts | {key[2]: text for key, (_, text) in made.items()}


def customer_texts(call: Query[Any], snapshot: Snapshot, places: Sequence[Place]) -> CustomerTexts:
    """Within the snapshot: what is known of these customers, and what is not."""
    sees = call.sees_people
    at: dict[Key, Place] = {
        ("customer", call.business_id, place.customer_id, sees): place for place in places
    }
    known = {} if snapshot.is_stale else call.frame.texts.known(at)
    lacking = [place.customer_id for key, place in at.items() if key not in known]
    anew = customers_at(snapshot, call.business_id, lacking) if lacking else []
    return CustomerTexts(call, at, known, anew, keeps=not snapshot.is_stale)
