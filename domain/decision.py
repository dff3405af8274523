"""What a use case is written against: what it reads, what it sees, what it makes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a decision must see. Everything is answered in one round trip, streams before request keys."""

    streams: Mapping[str, int] = field(default_factory=dict)
    """Stream id → the version already known; only later facts are read (0: the whole stream)."""
    packages_of: tuple[str, ...] = ()
    """Customers all of whose package streams are read."""
    claimed: tuple[str, ...] = ()
    """Claim prefixes; every stream that holds a claim beginning so is read."""
    with_customers: bool = False
    """Also read the customer's stream of every package read."""
    counted: tuple[str, ...] = ()
    """Claim prefixes of which only the number of claims is asked."""

    def __or__(self, other: "Wanted") -> "Wanted":
        return Wanted.all_of((self, other))

    @classmethod
    def all_of(cls, many: Iterable["Wanted"]) -> "Wanted":
        """What answers each of them; a stream is read from the lowest version asked for."""
        many = tuple(many)
        if len(many) == 1:
            return many[0]
        streams: dict[str, int] = {}
        packages_of: dict[str, None] = {}
        claimed: dict[str, None] = {}
        counted: dict[str, None] = {}
        with_customers = False
        for wanted in many:
            for stream_id, version in wanted.streams.items():
                streams[stream_id] = min(version, streams.get(stream_id, version))
            packages_of |= dict.fromkeys(wanted.packages_of)
            claimed |= dict.fromkeys(wanted.claimed)
            counted |= dict.fromkeys(wanted.counted)
            with_customers = with_customers or wanted.with_customers
        return cls(streams, tuple(packages_of), tuple(claimed), with_customers, tuple(counted))


class NotLoaded(Exception):
    """A decision asked for something that was not read; read it too and decide again."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(str(wanted))
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the directory: what is known of a person, as JSON text. Erased with its owner.

    `owner_id` is the customer it belongs to (a participant's customer), or the person's own id.
    """

    id: str
    owner_id: str
    data: str


@dataclass(frozen=True, slots=True)
class Text:
    """Free text (a reason, a note) beside the ledger; its fact keeps SHA-256(salt ‖ text)."""

    id: str
    owner_id: str
    salt: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Photo:
    """The image of a person, beside the directory. A row of the directory with its id says whose it is."""

    id: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that only one stream of a business can ever hold, such as `purchase/cus_1/off_1/4`."""

    claim: str
    stream_id: str


@dataclass(frozen=True, slots=True)
class NewStream:
    """Registered with a stream's first fact, so that a decision finds a customer's packages."""

    kind: str
    id: str
    customer_id: str | None = None
