"""What every request is served with, and what a controller is handed: `Frame`, `Route`, `Call`.

A controller is a module of functions, each made into a route by `command` (answers.py) or `query`
(queries.py). The function gets a `Call`: who asks, the ids in the path, what was sent. It never sees
Litestar's request.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from pydantic import BaseModel

from api.bodies import SentMoney, amount_in
from api.ids import new_id
from api.keys import Caller, Keys
from api.limits import Limits
from api.permissions import SEES_PEOPLE
from domain.business import Business
from domain.ledger.application import Carnet, Ledger
from domain.ledger.books import Books
from domain.ledger.recorder import UnknownBusiness, Wanted
from domain.refusals import NotFound
from domain.values import Role
from projections.freshness import FreshReads
from projections.views import Views

Asked = Request[Any, Any, Any]

PATH_IDS: Mapping[str, tuple[str, str]] = {
    "service_id": ("svc", "service"),
    "offer_id": ("off", "offer"),
    "staff_id": ("stf", "member of staff"),
    "location_id": ("loc", "location"),
    "customer_id": ("cus", "customer"),
    "participant_id": ("par", "participant"),
    "package_id": ("pkg", "package"),
    "redemption_id": ("red", "redemption"),
    "payment_id": ("pay", "payment"),
    "key_id": ("key", "key"),
}
"""Parameter of a path → the prefix its ids have, and what they name."""
ID = re.compile(r"[0-9A-Za-z_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Route:
    """What is known of a route beside its function: the permission table, /schema and 405 stand on it."""

    method: str
    path: str
    operation: str
    """Its row in the permission table, and its name in /schema."""
    summary: str
    status: int = 200
    body: type[BaseModel] | None = None
    parameters: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    """The JSON it answers; None: `media` alone says what comes."""
    media: tuple[str, ...] = ("application/json",)
    writes: bool = False
    """Takes an Idempotency-Key and `dry_run`."""
    versioned: bool = True
    """Answers with an ETag, and where it writes takes If-Match."""
    codes: tuple[str, ...] = ()
    """The refusals that are its own, beside those any route may answer."""

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{\w+\}", "[^/]+", self.path))

    @property
    def litestar_path(self) -> str:
        return re.sub(r"\{(\w+)\}", r"{\1:str}", self.path)

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


@dataclass(frozen=True, slots=True)
class Terms:
    """What of a business never changes."""

    currency: str
    time_zone: str


@dataclass
class Frame:
    """What the process serves with. One for each application; used from many threads."""

    carnet: Carnet
    views: Views
    reads: FreshReads
    keys: Keys
    limits: Limits
    pepper: bytes
    document: bytes = b"{}"
    """The OpenAPI document, made from the routes."""
    _terms: dict[str, Terms] = field(default_factory=dict)

    def ledger(self, business_id: str) -> Ledger:
        return self.carnet.ledger(business_id)

    def look(self, business_id: str, wanted: Wanted) -> Books:
        """Streams as they stand now, with their facts, people and the head: one moment, one round trip.

        Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
        """
        loaded = self.ledger(business_id).recorder.load(wanted)
        return Books(business_id, wanted, loaded, (), self.carnet.kept)

    def knows(self, business_id: str) -> bool:
        """Whether its terms are at hand and nothing about it must be asked of the database first."""
        return business_id in self._terms

    def terms(self, business_id: str) -> Terms:
        """Raises UnknownBusiness for a ledger whose business was never opened."""
        if business_id not in self._terms:
            found = self.look(business_id, Wanted({business_id: 0})).business_or_none()
            if not isinstance(found, Business):
                raise UnknownBusiness(business_id)
            self.carnet.fingerprint(business_id, b"")  # so that its secret is at hand as well
            self._terms[business_id] = Terms(found.currency, found.time_zone)
        return self._terms[business_id]

    def secret(self, purpose: str) -> bytes:
        """A secret of the installation for one purpose, such as signing cursors."""
        return sha256(self.pepper + b"/" + purpose.encode()).digest()


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as a controller sees it."""

    frame: Frame
    caller: Caller
    path: Mapping[str, str]
    request_id: str

    @property
    def business_id(self) -> str:
        return self.caller.business_id

    @property
    def ledger(self) -> Ledger:
        return self.frame.ledger(self.caller.business_id)

    @property
    def currency(self) -> str:
        return self.frame.terms(self.caller.business_id).currency

    @property
    def time_zone(self) -> str:
        return self.frame.terms(self.caller.business_id).time_zone

    @property
    def sees_people(self) -> bool:
        """Whether the caller is shown names and contacts; to others they are null."""
        return self.caller.role in SEES_PEOPLE

    @property
    def role(self) -> Role:
        return self.caller.role

    def id(self, name: str) -> str:
        """An id of the path. Raises NotFound for what cannot be one: nothing has it."""
        prefix, kind = PATH_IDS[name]
        given = self.path[name]
        if not given.startswith(f"{prefix}_") or not ID.fullmatch(given[len(prefix) + 1 :]):
            raise NotFound(kind, given[:50])
        return given

    def amount(self, price: SentMoney | None, where: str) -> int | None:
        """The minor units of a price in the business's currency. Raises validation-failed."""
        if price is None or price.currency is None:
            return None if price is None else price.amount
        return amount_in(self.currency, price, where)


@dataclass(kw_only=True)
class NewIds:
    """The ids made for one command, so that a dry run can leave them out of its answer."""

    made: list[str] = field(default_factory=list)

    def new(self, prefix: str, chosen: str | None = None) -> str:
        """The id the caller chose, or a new one."""
        if chosen is not None:
            return chosen
        self.made.append(new_id(prefix))
        return self.made[-1]


def route_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Route | None:
    handler = connection.scope.get("route_handler")
    route = handler.opt.get("route") if handler is not None else None
    return route if isinstance(route, Route) else None


def frame_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Frame:
    frame = connection.app.state["frame"]
    assert isinstance(frame, Frame)
    return frame


def request_id_of(scope: Any) -> str:
    """The id of this request, made when it is first asked for."""
    state: dict[str, Any] = scope.setdefault("state", {})
    if "request_id" not in state:
        state["request_id"] = new_id("req")
    return str(state["request_id"])
