"""A writer or a reader at a server, as a process of its own: `python crowd.py writer|reader URL KEY CUSTOMER OFFER`.

It works until its standard input ends, and then prints what it met as JSON. It imports nothing that takes long.
"""

import json
import os
import sys
from http.client import HTTPConnection
from threading import Event, Thread
from time import sleep
from typing import Any
from urllib.parse import urlsplit

PAUSE_S = 0.25


class Client:
    """One connection to a server."""

    def __init__(self, url: str, key: str) -> None:
        place = urlsplit(url)
        self._connection = HTTPConnection(place.hostname or "", place.port, timeout=30)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._name = f"crowd-{os.getpid()}"
        self._asked = 0

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, int, Any]:
        """Status, position and body of the answer."""
        self._asked += 1
        headers = self._headers | {"Idempotency-Key": f"{self._name}-{self._asked}"}
        self._connection.request(method, path, body and json.dumps(body), headers)
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        return answer.status, int(answer.getheader("Ledger-Position", "0")), told


def _end_with_input(ended: Event) -> None:
    sys.stdin.read()
    ended.set()


def main(role: str, url: str, key: str, customer: str, offer: str) -> None:
    ended = Event()
    Thread(target=_end_with_input, args=(ended,), daemon=True).start()
    client = Client(url, key)
    met: dict[str, Any] = {"role": role, "good": 0, "stale": 0, "wrong": []}
    rows = 0
    while not ended.is_set():
        if role == "writer":
            sold = {"customer_id": customer, "offer_id": offer}
            status, _, told = client.ask("POST", "/v1/packages", sold)
            right = status == 201
        else:
            _, head, _ = client.ask("GET", "/v1/business")
            status, position, told = client.ask("GET", f"/v1/packages?customer_id={customer}&limit=100")
            stale = told.get("stale") is True
            right = status == 200 and len(told["data"]) >= rows and (stale or position >= head)
            rows = max(rows, len(told.get("data", ())))
            met["stale"] += stale
        met["good"] += right
        if not right:
            met["wrong"].append([status, told.get("code"), len(told.get("data", ())), rows])
        sleep(PAUSE_S)
    print(json.dumps(met))


if __name__ == "__main__":
    main(*sys.argv[1:])
