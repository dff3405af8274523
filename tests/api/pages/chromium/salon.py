"""A served salon with a day in its books: that of `carnet demo`, and somebody with names that try to break pages.

with salon_in(folder) as salon:
    salon.url, salon.key("staff"), salon.hostile["package_id"]
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from api.cli.demo_day import Demo
from api.cli.demo_desk import Desk
from tests.api.pages.browser import Browser
from tests.api.pages.chromium.parameters import Named, named_of
from tests.api.server.served import served

MARKUP = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>'{{ 7*7 }}"
RIGHT_TO_LEFT = "שלום \N{ARABIC LETTER MEEM}\N{ARABIC LETTER REH} Anna"
LONG = "Wwwwwwwwww" * 20
"""200 letters without a space."""
EMOJI = "💆🏽\N{ZERO WIDTH JOINER}♀️ 👩‍👩‍👧‍👦 Zoë"
HOSTILE = (MARKUP, RIGHT_TO_LEFT, LONG, EMOJI)


@dataclass
class Salon:
    """`ordinary` and `hostile`: what the pages of Anna show, and those of somebody with hostile names."""

    url: str
    owner_key: str
    client: httpx.Client
    keys: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    _answers: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    @cached_property
    def desk(self) -> Desk:
        """The owner's, over the API."""
        return Desk(self.url, self.owner_key)

    def key(self, role: str, customer_id: str | None = None) -> str:
        """A key of this role; that of a customer opens what is theirs."""
        if role == "owner":
            return self.owner_key
        named = f"{role} {customer_id or ''}".strip()
        if named not in self.keys:
            own = {} if customer_id is None else {"customer_id": customer_id}
            self.keys[named] = self.desk.post("/keys", {"name": named, "role": role, **own})["key"]
        return self.keys[named]

    def key_of(self, role: str, named: Named) -> str:
        """That of a role; of a customer's, the customer that these parameters are of."""
        return self.key(role, named["customer_id"] if role == "customer" else None)

    def session(self, key: str) -> str:
        """Name and value of the cookie of somebody who signed in with this key."""
        if key not in self.sessions:
            browser = Browser(self.client)
            browser.go("/sign-in")
            browser.send("sign-in", api_key=key)
            assert browser.cookie, browser.answer.text
            self.sessions[key] = browser.cookie
        return self.sessions[key]

    def html(self, address: str, role: str, named: Named) -> str:
        """A page as it is sent to this role."""
        browser = Browser(self.client, self.session(self.key_of(role, named)))
        return browser.go(address).text

    def answer(self, address: str, cookie: str) -> httpx.Response:
        """What this address leads to for whoever has this cookie. Each is asked for once."""
        if (address, cookie) not in self._answers:
            self._answers[address, cookie] = Browser(self.client, cookie).go(address)
        return self._answers[address, cookie]

    def number(self) -> int:
        """One that nobody else has here."""
        return next(self._numbers)

    def customer(self, name: str, **more: Any) -> str:
        """A new one, called so and a number, who is found by it."""
        id: str = self.desk.post("/customers", {"name": f"{name} {self.number():03}", **more})["id"]
        return id

    def offers(self) -> list[Any]:
        rows: list[Any] = []
        after: dict[str, str] = {}
        while True:
            found = self.desk.get("/offers", limit="200", **after)
            rows += found["data"]
            if not found["has_more"]:
                return rows
            after = {"cursor": found["next_cursor"]}

    def name_of(self, customer_id: str) -> str:
        name: str = self.desk.get(f"/customers/{customer_id}")["name"]
        return name

    @cached_property
    def ordinary(self) -> Named:
        anna: str = self.desk.get("/customers", search="Anna Kovács")["data"][0]["id"]
        self.book(anna, self.desk.get("/services")["data"][0]["id"], timedelta(days=3))
        return self._of(anna)

    @cached_property
    def hostile(self) -> Named:
        return self._of(self._hostile_customer())

    def _of(self, customer_id: str) -> Named:
        return named_of(self.desk.get, customer_id)

    def _hostile_customer(self) -> str:
        """Each of the names is that of a customer, a service, an offer and a member of staff; the last one is returned
        and has them all."""
        post = self.desk.post
        categories = [name[:40].strip() for name in HOSTILE]
        post("/policies", {"categories": ["VIP", "Regular", "New", *categories]})
        for name, category in zip(HOSTILE, categories, strict=True):
            post("/customers", {"name": name, "category": category})
        services = [
            post("/services", {"name": name, "service_type": name, "list_price": 9_000})["id"]
            for name in HOSTILE
        ]
        lines = [{"quantity": 4, "services": services[:1]}, {"quantity": 2, "services": services}]
        offers = [
            post("/offers", {"name": name, "price": 30_000, "lines": lines[: 1 + n % 2]})["id"]
            for n, name in enumerate(HOSTILE)
        ]
        staff = [post("/staff", {"name": name})["id"] for name in HOSTILE]
        for name in HOSTILE:
            post("/locations", {"name": name})
            post("/segments", {"name": name[:100], "filters": {"status": ["active"]}})
        family = [{"name": name, "kind": "child"} for name in HOSTILE]
        whole = (MARKUP + RIGHT_TO_LEFT + EMOJI + LONG)[:200]
        person = post("/customers", {"name": whole, "participants": family, "category": categories[0]})
        packages = [post("/packages", {"customer_id": person["id"], "offer_id": id})["id"] for id in offers]
        use = {"service_id": services[0], "staff_id": staff[0]}
        for package in packages:
            post(f"/packages/{package}/redemptions", use)
        post(f"/packages/{packages[0]}/notes", {"text": MARKUP})
        post(f"/packages/{packages[0]}/payments", {"amount": 100, "method": "card"})
        self.book(person["id"], services[0], timedelta(days=3))
        id: str = person["id"]
        return id

    def book(self, customer_id: str, service_id: str, ahead: timedelta) -> str:
        """A booking for the morning of the day that is so much later than now."""
        starts_at = (datetime.now(UTC) + ahead).strftime("%Y-%m-%dT09:30:00Z")
        body = {"customer_id": customer_id, "service_id": service_id, "starts_at": starts_at}
        id: str = self.desk.post("/bookings", body)["id"]
        return id


@contextmanager
def salon_in(folder: Path) -> Iterator[Salon]:
    """The salon, served by a process of its own on books in this folder, after its day."""
    with served(folder, RATE="1000000", LOG="warning") as server, httpx.Client(base_url=server.url) as client:
        client.timeout = httpx.Timeout(100.0)
        salon = Salon(server.url, server.key, client)
        Demo(salon.desk, Console(file=StringIO(), width=80)).play()
        yield salon
