"""Ids of the known customers and services of a source: looked up once for a batch, and remembered."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

from api.http.ledger_types import Books, Recorder, recorded
from domain.catalogue.facts import ServiceDefined
from domain.claims import external_claim
from domain.decision import Reads
from domain.people.facts import CustomerErased, CustomerRegistered
from domain.values import ExternalRef

KNOWN_MAX = 10_000
"""Ids that are remembered; others are looked up again."""


PAGE = 1_000


def registered(recorder: Recorder, source: str, refs: Sequence[str]) -> dict[str, str]:
    """Reference → customer id, of the registered ones, by whomever, but for erased ones. One round trip."""
    claims = [external_claim("customer", ExternalRef(source=source, ref=ref)) for ref in refs]
    found: dict[str, str] = {}
    facts = recorder.load(Reads(claimed=tuple(claims))).facts
    erased = {stored.stream_id for stored in facts if stored.name == CustomerErased.stored_name}
    for stored in facts:
        if stored.version == 1 and stored.stream_id not in erased:
            fact = recorded(stored).fact
            assert isinstance(fact, CustomerRegistered), "only customers hold these claims"
            assert fact.external_ref is not None, "the claim is of a customer's reference"
            found[fact.external_ref.ref] = stored.stream_id
    return found


def services_by_name(recorder: Recorder) -> Iterator[tuple[str, str]]:
    """(name, id) of every service, the best last: those still performed, the first defined at the end.

    Retired ones come first: what was sold of them is still used under their name.
    """
    ids: list[str] = []
    after = 0
    while page := recorder.select_notifications(after + 1, PAGE, topics=(ServiceDefined.stored_name,)):
        ids += [str(defined.originator_id) for defined in page]
        after = page[-1].id
    wanted = Reads(dict.fromkeys(ids, 0))
    books = Books(recorder.business_id, wanted, recorder.load(wanted))
    found = [(service, id) for id in reversed(ids) if (service := books.service(id)) is not None]
    for service, id in sorted(found, key=lambda each: not each[0].retired):
        yield service.terms.name, id


class KnownIds:
    """Ids by name, bounded; the least recently used is forgotten first."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, str] = OrderedDict()

    def __getitem__(self, name: str) -> str:
        return self._ids[name]

    def missing(self, names: Sequence[str]) -> list[str]:
        """The names that are not remembered, each once. The others count as used now."""
        for name in names:
            if name in self._ids:
                self._ids.move_to_end(name)
        return [name for name in dict.fromkeys(names) if name not in self._ids]

    def remember(self, ids: Mapping[str, str]) -> None:
        self._ids.update(ids)
        while len(self._ids) > KNOWN_MAX:
            self._ids.popitem(last=False)
