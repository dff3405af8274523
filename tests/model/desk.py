"""A desk: where one command is drawn, from what the reference knows, mostly sensible and sometimes nonsense."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from domain.actor import Role
from domain.values import Value, Wording
from tests.model.almanac import DAY, HOUR, MINUTE, day_at, moved
from tests.model.plain import Asking, Package
from tests.model.reference import Reference

T = TypeVar("T")
CURRENCY = "EUR"
LOCATIONS = ("loc_main", "loc_pier")
LOCATION_ZONES: Mapping[str, str | None] = {"loc_main": None, "loc_pier": "Pacific/Kiritimati"}
"""Where they lie; None: in the zone of the business. No clock is further ahead than that of Kiritimati."""
STAFF: Mapping[str, str] = {"stf_olga": "owner", "stf_mia": "manager", "stf_ann": "staff", "stf_bob": "staff"}
TILL = "key_till"
FRONT_DESK = "key_front_desk"
"""A key of the role staff that names nobody."""
"""A program that moves points."""
UNKNOWN = "unknown"
OFTEN = 8
"""How much more often sense is drawn than nonsense."""
QUANTITIES = (1, 1, 1, 2, 2, 3, 5)
"""Of the lines of an offer."""
NEARLY_TOO_DEAR = 9_007_199_254
"""By the best of rules a payment of so much gives nearly all points that a customer can ever get."""
PRICES = (0, 1, 7, 100, 1_000, 9_999, 45_000, NEARLY_TOO_DEAR, 10**12)


class Draw(Protocol):
    def __call__(self, strategy: st.SearchStrategy[T]) -> T: ...


@dataclass(frozen=True)
class Asked:
    """A command, what the reference makes of it, and the stream that If-Match speaks of."""

    command: Value
    by_reference: Callable[[Reference, Asking], bool]
    target: str | None = None
    who: str | None = None
    """Who asks for it; None: anybody at the desk."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How Hypothesis prints what it drew: the machine notes the rest with its answer."""
        printer.text(type(self.command).__name__)


class Desk:
    """Draws for one command on one business: who is at the desk, what they know, and what time it is."""

    def __init__(self, draw: Draw, books: Reference, now: int, new_number: Callable[[], int]) -> None:
        self.draw = draw
        self.books = books
        self.now = now
        self._new_number = new_number

    @property
    def today(self) -> date:
        return day_at(self.now, self.books.zone)

    def one_of(self, *choices: T) -> T:
        return self.draw(st.sampled_from(choices))

    def among(self, prefix: str, known: Sequence[str]) -> str:
        """One of the known ids; now and then, or when there is none, one that nobody knows."""
        return self.draw(st.sampled_from([*list(known) * OFTEN, f"{prefix}_{UNKNOWN}"]))

    def new(self, prefix: str, known: Sequence[str] = ()) -> str:
        """An id that is new; now and then one that is taken."""
        fresh = f"{prefix}_{self._new_number()}"
        return self.draw(st.sampled_from([fresh] * 2 * OFTEN + list(known[-1:])))

    def terms(self) -> tuple[int, str] | None:
        """(hours of notice, what becomes of what is cancelled late)."""
        return self.one_of(None, None, (24, "forfeit"), (24, "restore"), (48, "forfeit"), (0, "forfeit"))

    def wording(self) -> Wording:
        return Wording(id=f"txt_{self._new_number()}", salt=b"pinch", text="agreed at the desk")

    def wording_or_none(self) -> Wording | None:
        return self.one_of(None, self.wording())

    def customer_id(self) -> str:
        return self.among("cus", list(self.books.customers))

    def in_person(self, id: str) -> str | None:
        """Often a customer asks for what is theirs, and seldom another customer does."""
        return self.one_of(*[None] * 4, id, id, id, self.customer_id())

    def package_id(self) -> str:
        return self.among("pkg", list(self.books.packages))

    def known_package(self, id: str) -> Package | None:
        return self.books.packages.get(id)

    def services(self, most: int) -> tuple[str, ...]:
        """Of one line: usually different ones, usually known."""
        number = self.one_of(*range(1, most + 1))
        return tuple(self.among("svc", list(self.books.services)) for _ in range(number))

    def moment(self, bought_at: int | None = None) -> date | int | None:
        """An `effective_at`: a day, or a moment."""
        ago = (None,) * 3 * OFTEN + (MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 29 * DAY, 31 * DAY, 400 * DAY)
        back = self.one_of(*ago, -4 * MINUTE, -6 * MINUTE, "today", "yesterday", "month", "first", "purchase")
        match back:
            case None:
                return None
            case "purchase":
                return self.now if bought_at is None else bought_at
            case "today" | "yesterday" | "month":
                return moved(self.today, {"today": 0, "yesterday": -1, "month": -30}[back])
            case "first":
                return date(1970, 1, 1)
            case _:
                assert isinstance(back, int)
                return self.now - back

    def day(self) -> date:
        """A day around today."""
        return moved(self.today, self.one_of(0, 1, 2, 7, 31, 365, 3650, -1, -2, -40, 367, 366))


def role_of(who: str) -> Role:
    if who == TILL:
        return Role.INTEGRATION
    if who == FRONT_DESK:
        return Role.STAFF
    return Role(STAFF[who]) if who in STAFF else Role.CUSTOMER
