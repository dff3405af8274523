"""Who entered a fact: the actor in its meta, with the role at that time, beside who performed.

Names are those of the directory, and of keys that act for nobody in particular. Readers who may not see people's
data, and answers about the past, get ids and roles alone.
"""

from collections.abc import Iterable

from api.http.ledger_types import RecordedFact
from api.http.request import Call
from api.resources.parts import NOBODY, People, known
from domain.actor import Role
from domain.values import Value


class EnteredBy(Value):
    """Who entered it: a member of staff, a customer, or a key that acts for nobody in particular."""

    id: str
    name: str | None
    """The name of the person, or of the key."""
    role: Role
    """The role at that time."""


def entered_by(recorded: RecordedFact, people: People) -> EnteredBy:
    """The actor of a fact. `people`: as `actors_known` gives them."""
    return author(*recorded.author, people)


def author(id: str, role: str, people: People) -> EnteredBy:
    return EnteredBy(id=id, name=people.get(id, {}).get("name"), role=Role(role))


def actors_known(call: Call, ids: Iterable[str | None]) -> People:
    """Actors with these ids, as far as the reader may see them; one look-up in the directory, if any."""
    wanted = sorted({id for id in ids if id is not None})
    if not wanted or not call.sees_people:
        return NOBODY
    keys = call.frame.keys.names(call.business_id, wanted)
    persons = [id for id in wanted if id.startswith(("stf_", "cus_"))]
    people = known(call.ledger.recorder.people(persons)) if persons else {}
    return {**people, **{id: {"name": name} for id, name in keys.items()}}
