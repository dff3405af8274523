"""Requests to an application whose database is in trouble, and how long each of them waits."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import cast

import httpx
from litestar import Litestar
from litestar.testing import TestClient

from api.http.serving import Serving
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import Desk, House, house_at
from tests.ready import WAIT_S_MAX

UNHURRIED_S = WAIT_S_MAX


@dataclass(frozen=True)
class Waited:
    """What one request got, after how many seconds."""

    status: int
    code: str | None
    seconds: float


@contextmanager
def salon(database: str, views: str) -> Iterator["Salon"]:
    """A house whose database may fail."""
    with house_at(database, ReadTables(views, READ_MODELS)) as house:
        yield Salon(house)


class Salon:
    """A desk that sells, with a key that the application has seen and one package."""

    def __init__(self, house: House) -> None:
        self._frame: Serving = cast("TestClient[Litestar]", house.client).app.state["frame"]
        self._frame.patience_s = UNHURRIED_S
        self.desk: Desk = house.desk()
        self.customer, massage = self.desk.customer(), self.desk.service()
        self.package = self.desk.sell(self.customer, self.desk.offer(massage, quantity=1_000))["id"]
        self.use = {"service_id": massage}
        self.redeem("first")
        self.desk.get("/v1/packages")

    @contextmanager
    def hurried(self, patience_s: float) -> Iterator[None]:
        """Requests inside wait so long in all, and those outside for as long as it takes on a busy machine."""
        usual, self._frame.patience_s = self._frame.patience_s, patience_s
        try:
            yield
        finally:
            self._frame.patience_s = usual

    def redeem(self, key: str) -> Waited:
        path = f"/v1/packages/{self.package}/redemptions"
        began = monotonic()
        return _waited(self.desk.post(path, self.use, key=key), began)

    def ask(self) -> Waited:
        """A page of cards."""
        began = monotonic()
        return _waited(self.desk.ask("/v1/packages"), began)

    def at_once(self, writers: int, name: str) -> list[Waited]:
        """Redemptions of so many tills at the same time."""
        with ThreadPoolExecutor(writers) as threads:
            return list(threads.map(lambda n: self.redeem(f"{name}-{n}"), range(writers)))

    @property
    def remaining(self) -> int:
        return int(self.desk.card(self.package)["remaining"])


def _waited(answer: httpx.Response, began: float) -> Waited:
    code = answer.json().get("code") if answer.status_code >= 400 else None
    assert answer.status_code < 400 or "retry-after" in answer.headers
    return Waited(answer.status_code, code, monotonic() - began)
