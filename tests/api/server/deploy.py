"""A deploy of the next release and the way back, on one database, under writers and readers at both releases.

The long form: `python -m tests.api.server.deploy sqlite|postgres [CLIENTS]`.
"""

import re
import shlex
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from api.server.installation import migrate, opened
from api.server.settings import Settings
from tests.api.server.checkouts import NEW_CARDS, NEW_FACTS, ROOT, Crowd, Release, crowd, next_release
from tests.postgres import PostgresServer, find_binaries

SHELF = 20
CLIENTS = 600
"""Customers imported before the deploy: more facts than a list applies by itself to a table that is building."""
Json = dict[str, Any]


class Desk:
    """Somebody who asks one server."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30, trust_env=False
        )

    def get(self, path: str) -> tuple[int, Json]:
        answer = self._client.get(path)
        return answer.status_code, answer.json()

    def good(self, path: str) -> Json:
        status, told = self.get(path)
        assert status == 200, told
        return told

    def refused(self, path: str) -> Json:
        status, told = self.get(path)
        assert status == 503, told
        return told

    def send(self, path: str, table: str) -> None:
        headers = {"Content-Type": "text/csv", "Idempotency-Key": path}
        answer = self._client.post(path, content=table, headers=headers)
        assert answer.status_code == 201, answer.text

    def do(self, path: str, body: Json, key: str) -> Json:
        answer = self._client.post(path, json=body, headers={"Idempotency-Key": key})
        assert answer.status_code == 201, answer.text
        told: Json = answer.json()
        return told


class Place:
    """A business with a shelf of packages, on one database."""

    def __init__(self, database: str, clients: int = CLIENTS) -> None:
        self.clients = clients
        self.settings = settings = {
            "CARNET_DATABASE": database,
            "CARNET_PEPPER": "0123456789abcdef" * 4,
            "CARNET_RATE": "100000",
        }
        read = Settings.read(settings)
        migrate(read)
        with opened(read) as here:
            self.business_id, self.key = here.open_business("Szalon", "EUR", "Europe/Budapest")

    def stock(self, url: str) -> None:
        """Sell packages to a regular, and one to each of two guests."""
        desk = Desk(url, self.key)
        service = desk.do("/v1/services", {"name": "Massage", "service_type": "Massage"}, "service")["id"]
        lines = [{"quantity": 10, "services": [service]}]
        self.offer = desk.do("/v1/offers", {"name": "Ten", "price": 50_000, "lines": lines}, "offer")["id"]
        self.service = service
        self.regular, self.guest, self.other = (
            desk.do("/v1/customers", {"name": name}, name)["id"] for name in ("Anna", "Bela", "Csilla")
        )
        self.packages = [
            desk.do("/v1/packages", {"customer_id": customer, "offer_id": self.offer}, f"sold-{customer}")[
                "id"
            ]
            for customer in (self.guest, self.other)
        ]
        for n in range(SHELF):
            body = {"customer_id": self.regular, "offer_id": self.offer}
            desk.do("/v1/packages", body, f"sold-{n}")
        rows = "".join(f"old-{n},Client {n}\n" for n in range(self.clients))
        desk.send("/v1/imports/customers?source=old", f"reference,name\n{rows}")

    def join(self, here: Crowd, role: str, url: str, customer: str) -> None:
        here.add(role, url, self.key, customer, self.offer)


def commands(page: str) -> Iterator[list[str]]:
    """The commands of a how-to page, in their order."""
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return (shlex.split(found) for found in re.findall(r"^ *\$ carnet (.+)$", text, re.MULTILINE))


def in_a_week() -> str:
    return (date.today() + timedelta(days=7)).isoformat()


def assert_nobody_noticed(met: list[Json]) -> None:
    assert len(met) == 8
    for each in met:
        assert each["wrong"] == [], each
        assert each["good"] > 0, each


def deploy(place: Place, newer: Path, folder: Path) -> None:
    """Forth to the code in `newer` and back, step by step. Fails where anybody notices who did not ask it."""
    old = Release(ROOT, place.settings)
    new = Release(newer, place.settings)
    with old.serving(folder / "old.log") as at_old, crowd() as others:
        place.stock(at_old)
        before = Desk(at_old, place.key)
        of_guest = f"/v1/packages?customer_id={place.guest}"
        for customer in (place.regular, place.guest):
            place.join(others, "writer", at_old, customer)
            place.join(others, "reader", at_old, customer)
        place.join(others, "writer", at_old, place.other)
        place.join(others, "reader", at_old, place.other)

        # 1. Bring the database up to date. Old servers go on.
        steps = commands("change-a-read-model-in-production.md")
        assert "begun anew, to be filled from the ledger: cards" in new.run(*next(steps))
        # 2. Start the first new server. Its cards are not complete, and it says so; all else is answered.
        with new.serving(folder / "new.log", RUNNER="off") as at_new:
            after = Desk(at_new, place.key)
            refused = after.refused("/v1/packages?limit=100")
            assert refused["code"] == "projection-lagging"
            assert 0 <= refused["share"] < 1
            assert refused["position"] < refused["head"]
            assert after.good("/readyz")["building"] == 1
            assert len(after.good("/v1/services")["data"]) == 1
            assert before.good(of_guest)["data"]
            place.join(others, "writer", at_new, place.guest)

            # 3. Fill the new table.
            new.run(*next(steps))
            assert "cards_v9" in new.run(*next(steps))
            assert after.good(of_guest)["data"]
            assert after.good("/readyz")["building"] == 0
            place.join(others, "reader", at_new, place.guest)

            # 4. The new server writes facts that the old one cannot read.
            corrected, frozen = place.packages
            correction = {"line": 1, "change": -1, "reason": "other"}
            after.do(f"/v1/packages/{corrected}/corrections", correction, "corrected")
            assert before.refused(f"/v1/packages/{corrected}")["code"] == "event-unreadable"
            after.do(f"/v1/packages/{frozen}/freeze", {"reason": "ill", "until": in_a_week()}, "frozen")
            assert before.refused(f"/v1/packages/{frozen}")["code"] == "event-unreadable"
            fresh = before.good(f"/v1/packages?customer_id={place.regular}&limit=1")
            assert fresh["stale"] is True
            assert before.good("/readyz")["unreadable"] == 1
            assert before.good("/readyz")["stopped"] == 0
            assert before.good("/v1/services")["stale"] is False
            sold = before.do(
                "/v1/packages", {"customer_id": place.regular, "offer_id": place.offer}, "after the fact"
            )
            assert before.good(f"/v1/packages/{sold['id']}")["id"] == sold["id"]
            before.do(f"/v1/packages/{sold['id']}/redemptions", {"service_id": place.service}, "used")
            assert after.good(of_guest)["stale"] is False
            status = old.command("status")
            assert status.returncode == 1
            assert "is left to newer code" in status.stderr

            assert_nobody_noticed(others.end())
            assert after.good("/readyz")["stopped"] == 0

        # 5. Going back: the old table is there, and says that it is behind.
        back = before.good(of_guest)
        assert back["data"]
        assert back["stale"] is True

        # 6. When nobody wants to go back any more.
        assert "cards_v8 is dropped" in new.run(*next(steps))
        assert before.refused(of_guest)["code"] == "projection-lagging"
        assert list(steps) == []


def main(store: str, clients: str = "20000") -> None:
    with TemporaryDirectory() as folder:
        newer = next_release(Path(folder, "next"), *NEW_CARDS, *NEW_FACTS)
        if store == "sqlite":
            deploy(Place(f"sqlite:///{folder}/carnet.db", int(clients)), newer, Path(folder))
            return
        with PostgresServer(binaries=find_binaries(), max_connections=60) as server:
            server.create_database("deploy")
            deploy(Place(server.url("deploy"), int(clients)), newer, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
