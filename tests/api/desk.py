"""A front desk for tests: a client with a key, the words of the API, and a clock that can be set.

desk.sell(anna, offer)                          POST /v1/packages, 201, its card
desk.refused(path, body, "package-expired")     the problem, and nothing is stored
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
from litestar import Litestar
from litestar.testing import TestClient
from pydantic import BaseModel

from api.http.ids import new_business_id
from api.http.new_keys import issue_key
from api.http.permissions import Scope
from api.http.route import Route
from api.http.serving import Serving
from api.resources.packages.card import VIEWS
from api.server.app import create_app
from api.server.clock.jobs import LEDGER_JOBS
from api.server.clock.tick import tick
from api.server.routes import HANDLERS
from domain.actor import Actor, Role
from domain.business.commands import OpenBusiness
from domain.ledger.carnet import Carnet
from domain.ledger.host_clock import HostClock
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done
from domain.ledger.proof import proof_of_secret
from domain.moments import to_milliseconds
from projections.engine.freshness import FreshReads
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from tests.use_cases import order

PEPPER = b"a pepper that is long enough for tests"
OPERATOR = Meta(actor=Actor(id="operator", role=Role.OWNER, via="command line"))
ZONE = "Europe/Budapest"
PATIENCE_S = 100.0
"""Of a request: on a busy machine a test gets the answer that it gets on an idle one, only later."""

Body = dict[str, Any]


@dataclass
class Clock:
    """The clock of the books: real time, moved by as much as a test says."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: int) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Desk:
    """What one role of one business does over HTTP."""

    client: httpx.Client
    key: str
    clock: Clock
    carnet: Carnet
    business_id: str
    _numbers: Iterator[int] = field(default_factory=count)

    def as_role(self, role: Role, actor_id: str | None = None) -> "Desk":
        """The same business with the key of another role, of that member of staff if one is named."""
        scopes = tuple(Scope) if role is Role.INTEGRATION else ()
        key = issue_key(
            self.carnet.store, PEPPER, self.business_id, role, actor_id, name=role.value, scopes=scopes
        )
        return replace(self, key=key)

    def with_scopes(self, *scopes: Scope) -> "Desk":
        """The same business with the key of an integration that has these scopes."""
        key = issue_key(
            self.carnet.store, PEPPER, self.business_id, Role.INTEGRATION, name="web shop", scopes=scopes
        )
        return replace(self, key=key)

    # Requests

    def headers(self, idempotency_key: str | None = None, **more: str) -> dict[str, str]:
        key = idempotency_key or f"test-{next(self._numbers)}"
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key, **named}

    def post(self, path: str, body: Body, key: str | None = None, **headers: str) -> httpx.Response:
        answer = self.client.post(path, json=body, headers=self.headers(key, **headers))
        if answer.status_code == 201:
            described = answer_of(path).model_validate_json(answer.content)
            assert described.model_dump(mode="json") == answer.json(), (
                "as /schema describes it, to the last member"
            )
        return answer

    def do(self, path: str, body: Body | None = None, **headers: str) -> Any:
        """A command that must succeed: its answer."""
        answer = self.post(path, body or {}, **headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def refused(self, path: str, body: Body, code: str, **headers: str) -> Any:
        """A command that must be refused with this code, and leave no fact behind."""
        before = self.head
        answer = self.post(path, body, **headers)
        problem = answer.json()
        assert problem.get("code") == code, answer.text
        assert answer.status_code == problem["status"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert self.head == before, "a refusal leaves no fact"
        return problem

    def try_out(self, path: str, body: Body) -> Any:
        """A dry run that must succeed."""
        answer = self.client.post(f"{path}?dry_run=true", json=body, headers=self.headers())
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def frame(self) -> Serving:
        """What all requests of its application share."""
        found: Serving = cast("TestClient[Litestar]", self.client).app.state["frame"]
        return found

    def tick(self) -> dict[str, int]:
        """What the clock records of this business now, by job; jobs of messages only where there are any."""
        frame = self.frame
        runner = Runner(self.carnet.store, frame.views)
        reads = FreshReads(self.carnet.store, frame.views, runner, patience_s=None)
        done = list(tick(self.carnet, reads, [self.business_id]))
        assert not [each for each in done if each.error]
        return {
            each.job: each.recorded
            for each in done
            if each.job in {job.name for job in LEDGER_JOBS} or each.recorded
        }

    def ask(self, path: str, **parameters: Any) -> httpx.Response:
        return self.client.get(path, params=parameters, headers={"Authorization": f"Bearer {self.key}"})

    def get(self, path: str, **parameters: Any) -> Any:
        """A question that must be answered."""
        answer = self.ask(path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def all_of(self, path: str, **parameters: Any) -> list[Any]:
        """Every row of a list, page by page."""
        rows: list[Any] = []
        while True:
            page = self.get(path, **parameters)
            rows += page["data"]
            if not page["has_more"]:
                return rows
            parameters["cursor"] = page["next_cursor"]

    @property
    def head(self) -> int:
        return self.carnet.ledger(self.business_id).recorder.head().position

    # What a desk does

    def service(self, name: str = "Massage 60", service_type: str = "Massage", **more: Any) -> str:
        return str(self.do("/v1/services", {"name": name, "service_type": service_type, **more})["id"])

    def offer(self, *services: str, quantity: int = 10, price: int = 50_000, **more: Any) -> str:
        lines = more.pop("lines", [{"quantity": quantity, "services": list(services)}])
        body = {"name": "Massage ×10 💆", "price": price, "lines": lines, **more}
        return str(self.do("/v1/offers", body)["id"])

    def customer(self, name: str = "Anna", **more: Any) -> str:
        return str(self.do("/v1/customers", {"name": name, **more})["id"])

    def sell(self, customer_id: str, offer_id: str | None = None, **more: Any) -> Any:
        given = {"customer_id": customer_id, **({"offer_id": offer_id} if offer_id else {}), **more}
        return self.do("/v1/packages", given)

    def membership(self, customer_id: str, *services: str) -> str:
        """A membership in a new plan of four units a month."""
        lines = [{"quantity": 4, "services": list(services)}]
        body = {"name": "Gold", "price": 40_000, "lines": lines, "period": {"count": 1, "unit": "months"}}
        plan = self.do("/v1/plans", body)["id"]
        return str(self.do("/v1/memberships", {"plan_id": plan, "customer_id": customer_id})["id"])

    def redeem(self, package_id: str, service_id: str, **more: Any) -> Any:
        return self.do(f"/v1/packages/{package_id}/redemptions", {"service_id": service_id, **more})

    def card(self, package_id: str, **parameters: Any) -> Any:
        return self.get(f"/v1/packages/{package_id}", **parameters)

    def history(self, package_id: str, **parameters: Any) -> list[Any]:
        return self.all_of(f"/v1/packages/{package_id}/history", **parameters)

    def units(self, package_id: str, **parameters: Any) -> list[Any]:
        return self.all_of(f"/v1/packages/{package_id}/units", **parameters)

    def today(self, **later: int) -> str:
        """A day of the business, so many days (weeks …) from now."""
        return (self.clock() + timedelta(**later)).astimezone(ZoneInfo(ZONE)).date().isoformat()


ROUTES: list[Route] = [handler.opt["route"] for handler in HANDLERS]
COMMANDS = [
    (re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path)), route.answer) for route in ROUTES if route.writes
]


def answer_of(path: str) -> type[BaseModel]:
    """What the command at a path says that it answers."""
    (answer,) = (answer for pattern, answer in COMMANDS if pattern.fullmatch(path))
    assert answer is not None
    return answer


def money(amount: int, currency: str = "EUR") -> Body:
    return {"amount": amount, "currency": currency}


@dataclass
class House:
    """The application on one database; every desk in it belongs to a business of its own."""

    client: httpx.Client
    clock: Clock
    carnet: Carnet

    def at_real_time(self) -> None:
        """Whatever other tests have recorded in days to come."""
        self.clock.ahead = timedelta()
        self.carnet.host_clock = HostClock(self.clock)

    def desk(self, *, currency: str = "EUR", name: str = "Szalon") -> Desk:
        """The owner of a new business."""
        business_id = new_business_id()
        self.carnet.store.open_ledger(business_id)
        opening = OpenBusiness(business_id=business_id, name=name, currency=currency, time_zone=ZONE)
        ledger = self.carnet.ledger(business_id)
        by = OPERATOR.model_copy(update={"secret": proof_of_secret(ledger.recorder.secret())})
        (done,) = ledger.execute([order(opening, by)])
        assert isinstance(done, Done)
        created_at = to_milliseconds(self.clock())
        key = issue_key(
            self.carnet.store, PEPPER, business_id, Role.OWNER, name="owner", created_at=created_at
        )
        return Desk(self.client, key, self.clock, self.carnet, business_id)


@contextmanager
def house_at(database: str, views: ReadTables, clock: Clock | None = None) -> Iterator[House]:
    """The application on a migrated database."""
    clock = clock or Clock()
    carnet = Carnet(database, clock=clock, views=VIEWS)
    views.create()
    try:
        runner = Runner(carnet.store, views)
        app = create_app(carnet, views, pepper=PEPPER, rate=1_000_000, runner=runner, pages=True)
        frame: Serving = app.state["frame"]
        frame.patience_s = PATIENCE_S
        frame.reads = FreshReads(carnet.store, views, runner, patience_s=PATIENCE_S)
        with TestClient(app) as client:
            yield House(client, clock, carnet)
    finally:
        carnet.close()
        views.close()
