"""A till: it sells, uses, gives back and asks, and knows what each answer must say.

It sends a command until it is answered, always with the same key, as a till does that must not lose a customer's unit.
So it knows the balance of its packages at any moment, whatever broke on the way.
"""

import json
import random
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any

import httpx

from api.soak.journal import Acknowledged, Journal

ANSWER_S = 30.0
"""A till waits so long for an answer; the server gives one within 3 s."""
PAUSE_S = 0.05
"""Before the same command is sent again."""
TRIES_MAX = 2_400
"""Two minutes of pauses: longer than any trouble lasts."""
LINE = 10
"""Units of a package that a till sells."""
KEPT = 40
"""Packages that a till goes on with."""

Json = dict[str, Any]


class Unanswered(Exception):
    """A command was sent again for two minutes and never answered."""


@dataclass
class Sold:
    """A package of this till alone, as it must be."""

    id: str
    remaining: int = LINE
    uses: list[str] = field(default_factory=list)
    """Redemptions of one unit that were not given back."""


@dataclass
class Till:
    name: str
    url: str
    key: str
    """Of a member of staff."""
    customer_key: str
    journal: Journal
    over: Event
    chance: random.Random
    service: str
    offer: str
    customer: str
    shared: list[str]
    """Packages that all tills use up together."""
    sold: list[Sold] = field(default_factory=list)
    used_up: dict[str, int] = field(default_factory=dict)
    """Units of shared packages that this till got."""
    _position: int = 0
    """Of this till's last command."""
    _numbers: int = 0
    _client: httpx.Client | None = None

    def work(self) -> None:
        """Until the soak is over."""
        steps = (
            self._sell,
            self._use,
            self._use,
            self._use,
            self._give_back,
            self._share,
            self._look,
            self._list,
        )
        try:
            while not self.over.is_set():
                self.chance.choice(steps)()
        finally:
            if self._client is not None:
                self._client.close()

    def _sell(self) -> None:
        answer = self._command("/v1/packages", {"customer_id": self.customer, "offer_id": self.offer})
        if answer.status_code == 201:
            self.sold = [*self.sold[-KEPT:], Sold(answer.json()["id"])]
        else:
            self.journal.fault("wrong", f"a sale was refused: {answer.text}")

    def _use(self) -> None:
        if not self.sold:
            return
        package = self.chance.choice(self.sold)
        answer = self._command(f"/v1/packages/{package.id}/redemptions", {"service_id": self.service})
        enough = package.remaining > 0
        if answer.status_code == 201 and enough:
            package.remaining -= 1
            package.uses.append(answer.json()["redemption_id"])
        elif (answer.status_code, enough) != (409, False):
            self.journal.fault(
                "wrong", f"{package.remaining} left of {package.id}, and a use got {answer.text}"
            )

    def _give_back(self) -> None:
        package = next((each for each in self.sold if each.uses), None)
        if package is None:
            return
        redemption = package.uses[-1]
        answer = self._command(f"/v1/redemptions/{redemption}/restorations", {})
        if answer.status_code == 201:
            package.uses.remove(redemption)
            package.remaining += 1
        else:
            self.journal.fault("wrong", f"{redemption} could not be given back: {answer.text}")

    def _share(self) -> None:
        """One of the last units of a package that all tills want."""
        package = self.chance.choice(self.shared)
        answer = self._command(f"/v1/packages/{package}/redemptions", {"service_id": self.service})
        if answer.status_code == 201:
            self.used_up[package] = self.used_up.get(package, 0) + 1
        elif answer.status_code != 409:
            self.journal.fault("wrong", f"a use of {package} got {answer.text}")

    def _look(self) -> None:
        """How many are left? The true answer, at once."""
        if not self.sold:
            return
        package = self.chance.choice(self.sold)
        key = self.chance.choice((self.key, self.customer_key))
        answer = self._question(f"/v1/packages/{package.id}", key=key)
        if answer is not None and (left := answer.json()["remaining"]) != package.remaining:
            self.journal.fault("wrong", f"{package.id} has {package.remaining} left, and shows {left}")

    def _list(self) -> None:
        """A list that was asked to be as new as this till's last command shows what it did, or says 503."""
        if not self.sold or not self.journal.acknowledged:
            return
        package, position = self.sold[-1], self._position
        asked = {"customer_id": self.customer, "limit": 20}
        answer = self._question("/v1/packages", asked, {"Ledger-Min-Position": str(position)}, self.key)
        if answer is None:
            return
        rows = {row["id"]: row["remaining"] for row in answer.json()["data"]}
        if package.id in rows and rows[package.id] != package.remaining:
            told = f"the list at {position} shows {rows[package.id]} of {package.id}, not {package.remaining}"
            self.journal.fault("wrong", told)

    # Requests

    def _command(self, path: str, body: Json) -> httpx.Response:
        """Send until it is answered; the same key each time, also when the soak is over. Raises Unanswered."""
        self._numbers += 1
        key, tries_left = f"{self.name}-{self._numbers}", TRIES_MAX
        while True:
            answer = self._sent("commands", "POST", path, body, {"Idempotency-Key": key}, self.key)
            if answer is not None and answer.status_code != 503:
                break
            if (tries_left := tries_left - 1) == 0:
                raise Unanswered(f"{key} to {path} was sent {TRIES_MAX:,} times and never answered")
            Event().wait(PAUSE_S)
            self.journal.sends_again()
        if answer.status_code == 201:
            self._position = int(answer.headers["ledger-position"])
            self.journal.acknowledge(Acknowledged(path, f"Bearer {self.key}", key, body, answer.content))
        return answer

    def _question(
        self, path: str, parameters: Json | None = None, headers: Json | None = None, key: str = ""
    ) -> httpx.Response | None:
        """The answer 200; None where there is none just now."""
        answer = self._sent("questions", "GET", path, parameters, headers or {}, key)
        if answer is None or answer.status_code == 503:
            return None
        if answer.status_code != 200:
            self.journal.fault("wrong", f"GET {path} got {answer.status_code}")
            return None
        return answer

    def _sent(
        self, kind: str, method: str, path: str, content: Json | None, headers: Json, key: str
    ) -> httpx.Response | None:
        """The answer, or None where the connection broke."""
        headers = {**headers, "Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        began = monotonic()
        try:
            answer = (
                self._http.post(path, content=json.dumps(content), headers=headers)
                if method == "POST"
                else self._http.get(path, params=content, headers=headers)
            )
        except httpx.TimeoutException:
            self.journal.fault("late", f"no answer to {method} {path} within {ANSWER_S:.0f} s")
            return None
        except httpx.TransportError:
            self.journal.broke()
            return None
        self.journal.answered(kind, answer.status_code, monotonic() - began)
        return answer

    @property
    def _http(self) -> httpx.Client:
        if self._client is None:
            self._client = httpx.Client(base_url=self.url, timeout=ANSWER_S, trust_env=False)
        return self._client
