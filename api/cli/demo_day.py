"""`carnet demo`: a day at a salon and a kennel, played through the real HTTP API on a fresh database.

Every scene is a situation at the desk. All that it shows comes from the API's answers. The books are kept, to
go on with.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any

import httpx
from rich.columns import Columns
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from domain.currency import major

Json = dict[str, Any]
START_S_MAX = 60.0
BADGES = {
    "active": "green",
    "fully_used": "blue",
    "expired": "yellow",
    "cancelled": "red",
    "paid": "green",
    "partial": "yellow",
    "unpaid": "red",
}
STAMPS = {
    "available": ("○", "magenta"),
    "used": ("●", "green"),
    "corrected": ("×", "yellow"),
    "lapsed": ("–", "dim"),
}


class Desk:
    """A client of the API that counts its requests, so that each has its own idempotency key."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30)
        self._requests = 0

    def post(self, path: str, body: Json) -> Json:
        """Give a command that must be accepted. Raises SystemExit with the problem if it is refused."""
        self._requests += 1
        answer = self._client.post(
            f"/v1{path}", json=body, headers={"Idempotency-Key": f"demo-{self._requests}"}
        )
        return self._body(answer)

    def refused(self, path: str, body: Json) -> Json:
        """Give a command that must be refused, and return the problem."""
        self._requests += 1
        answer = self._client.post(
            f"/v1{path}", json=body, headers={"Idempotency-Key": f"demo-{self._requests}"}
        )
        if answer.is_success:
            raise SystemExit(f"{path} should have been refused")
        problem: Json = answer.json()
        return problem

    def get(self, path: str, **query: str) -> Json:
        return self._body(self._client.get(f"/v1{path}", params=query))

    def _body(self, answer: httpx.Response) -> Json:
        if not answer.is_success:
            raise SystemExit(
                f"{answer.request.method} {answer.request.url}: {answer.status_code}\n{answer.text}"
            )
        body: Json = answer.json()
        return body


@contextmanager
def served(environment: dict[str, str]) -> Iterator[str]:
    """A `carnet serve` process on a free loopback port, ended with the block; yields its URL."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "api.cli.main", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_until_ready(url, process)
        yield url
    finally:
        process.terminate()
        process.communicate()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr is not None
            raise SystemExit(f"the server stopped:\n{process.stderr.read().decode()}")
        try:
            if httpx.get(f"{url}/readyz", timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit("the server did not answer in time")


# Rendering for a terminal


def badge(word: str) -> Text:
    return Text(f" {word.replace('_', ' ').upper()} ", style=f"reverse {BADGES[word]}")


def card(shown: Json, units: list[Json]) -> Panel:
    """A package as its card: badges, price, progress and one stamp per unit."""
    title = Text(f"{shown['name']}  #{shown['purchase_number']} ")
    head = Text.assemble(badge(shown["status"]), " ", badge(shown["payment_status"]), "  ", _price(shown))
    expiry = f"valid until {shown['expires_on']}" if shown["expires_on"] else "never expires"
    dates = Text(f"bought {shown['purchased_on']}, {expiry}", style="dim")
    lines = [_line(line, [unit for unit in units if unit["line"] == line["line"]]) for line in shown["lines"]]
    return Panel(Group(head, dates, *lines), title=title, title_align="left", width=66)


def _price(shown: Json) -> Text:
    price = Text(money(shown["price"]), style="bold")
    if shown["list_price"] != shown["price"]:
        price.append(f"  ({money(shown['list_price'])})", style="strike dim")
    return price


def _line(line: Json, units: list[Json]) -> Group:
    counted = f"{line['label']}: {line['used']}/{line['total']} used, {line['remaining']} remaining"
    stamps = Text()
    for unit in units:
        mark, style = STAMPS[unit["state"]]
        who = unit["participant"]["name"][0] if unit["participant"] and unit["participant"]["name"] else mark
        stamps.append((who if unit["state"] == "used" else mark) + " ", style=style)
    # A bar does not end its line; padding, even of 0, does.
    bar = Padding(ProgressBar(total=1, completed=line["progress"], width=40), 0)
    return Group(Text(counted), bar, stamps)


def money(shown: Json) -> str:
    return f"{major(shown['amount'], shown['currency']):,f} {shown['currency']}"


def history(rows: list[Json]) -> Table:
    table = Table(box=None, header_style="dim")
    for column in ("version", "date", "what", "change", "left", "by"):
        table.add_column(column)
    for row in rows:
        change = f"{row['change']:+d}" if row["change"] else ""
        left = "" if row["remaining"] is None else str(row["remaining"])
        by = (row["staff"] or {}).get("name") or ""
        who = (row["participant"] or {}).get("name") or ""
        what = f"{row['label']} {who}".strip() if row["kind"] == "use" else row["label"]
        table.add_row(f"v{row['version']}", row["date"], what, change, left, by)
    return table


# The scenes


class Demo:
    def __init__(self, desk: Desk, console: Console) -> None:
        self.desk = desk
        self.console = console
        self.staff: dict[str, str] = {}
        self.services: dict[str, str] = {}

    def play(self) -> str:
        """Play every scene in turn. Returns the id of a package to go on with."""
        self._set_the_stage()
        package = self._how_many_left()
        self._disputed(package)
        self._paid_in_parts()
        self._corrected(package)
        self._expiry_removed(package)
        self._bought_again()
        self._three_dogs()
        self._late_cancellation()
        self._as_it_was(package)
        return package

    def _scene(self, title: str, told: str) -> None:
        self.console.print()
        self.console.rule(f"[bold]{title}")
        self.console.print(told, style="italic")

    def _show(self, package_id: str) -> None:
        units = self.desk.get(f"/packages/{package_id}/units", limit="200")["data"]
        self.console.print(card(self.desk.get(f"/packages/{package_id}"), units))

    def _set_the_stage(self) -> None:
        post = self.desk.post
        self.staff = {name: post("/staff", {"name": name})["id"] for name in ("Zsófi", "Tamás")}
        for name, kind, price in (
            ("Massage 60", "Massage", 9000),
            ("Facial", "Beauty", 7000),
            ("Full groom", "Grooming", 5500),
            ("Daycare", "Daycare", 3000),
        ):
            service = {"name": name, "service_type": kind, "list_price": {"amount": price, "currency": "EUR"}}
            self.services[name] = post("/services", service)["id"]

    def _offer(self, name: str, price: int, service: str, quantity: int, **more: Any) -> str:
        lines = [{"quantity": quantity, "services": [self.services[service]]}]
        offer = {"name": name, "price": {"amount": price, "currency": "EUR"}, "lines": lines, **more}
        id: str = self.desk.post("/offers", offer)["id"]
        return id

    def _customer(self, name: str, **more: Any) -> Json:
        return self.desk.post("/customers", {"name": name, **more})

    def _sell(self, customer: str, offer: str, **more: Any) -> str:
        id: str = self.desk.post("/packages", {"customer_id": customer, "offer_id": offer, **more})["id"]
        return id

    def _use(self, package: str, service: str, by: str, quantity: int = 1, **more: Any) -> Json:
        use = {"service_id": self.services[service], "quantity": quantity, "staff_id": self.staff[by], **more}
        return self.desk.post(f"/packages/{package}/redemptions", use)

    def _how_many_left(self) -> str:
        self._scene("How many do I have left?", "Anna rings up. One look at her card answers it: 3/5 used.")
        validity = {"rule": "after_purchase", "count": 6, "unit": "months"}
        offer = self._offer("Massage ×5 💆", 40000, "Massage 60", 5, validity=validity)
        anna = self._customer("Anna Kovács", email="anna@example.com")
        payment = {"amount": {"amount": 36000, "currency": "EUR"}, "method": "cash"}
        special = {"amount": 36000, "currency": "EUR"}
        package = self._sell(anna["id"], offer, price=special, payment=payment)
        for by in ("Zsófi", "Tamás", "Zsófi"):
            self._use(package, "Massage 60", by)
        self._show(package)
        return package

    def _disputed(self, package: str) -> None:
        self._scene(
            "I never used that one!", "The history says when, and with whom. Nothing in it can be deleted."
        )
        self.console.print(history(self.desk.get(f"/packages/{package}/history")["data"]))

    def _paid_in_parts(self) -> None:
        self._scene(
            "Pay as you come", "Béla's package is issued unpaid; each visit he pays a part, until it is paid."
        )
        offer = self._offer("Facial ×3", 21000, "Facial", 3)
        package = self._sell(self._customer("Béla Nagy")["id"], offer)
        for amount in (7000, 14000):
            self._use(package, "Facial", "Tamás")
            before = self.desk.get(f"/packages/{package}")["payment_status"]
            paid = {"amount": amount, "currency": "EUR"}
            payment = {"amount": paid, "method": "card"}
            after = self.desk.post(f"/packages/{package}/payments", payment)
            told = f" pays {money(paid)}, owing {money(after['owing'])}  "
            self.console.print(Text.assemble(badge(before), told, badge(after["payment_status"])))
        too_much = {"amount": {"amount": 1, "currency": "EUR"}, "method": "card"}
        problem = self.desk.refused(f"/packages/{package}/payments", too_much)
        self.console.print(
            f"One cent more is refused: {problem['code']}, owing {problem['owing']}.", style="dim"
        )

    def _corrected(self, package: str) -> None:
        self._scene(
            "One back, with a reason", "The manager corrects the count; the reason stands in the history."
        )
        correction = {"line": 1, "change": 1, "reason": "Massage of 3 May was cut short"}
        self.desk.post(f"/packages/{package}/corrections", correction)
        self._show(package)
        self.console.print(history(self.desk.get(f"/packages/{package}/history")["data"][-1:]))

    def _expiry_removed(self, package: str) -> None:
        self._scene("It need not end", "Anna goes abroad for a while; the owner takes the expiry away.")
        changed = self.desk.post(
            f"/packages/{package}/expiry", {"expires_on": None, "reason": "Abroad until autumn"}
        )
        self.console.print(f"expires_on: {changed['expires_on']}, status: {changed['status']}")

    def _bought_again(self) -> None:
        self._scene(
            "The same again, four times",
            "Each purchase is a card of its own; the used-up one sinks to the end.",
        )
        offer = self._offer("Full groom ×2 ✂️", 10000, "Full groom", 2)
        customer = self._customer("Dóra Szabó")["id"]
        packages = [self._sell(customer, offer) for _ in range(4)]
        self._use(packages[0], "Full groom", "Zsófi", quantity=2)
        self._use(packages[1], "Full groom", "Zsófi")
        tab = self.desk.get(f"/customers/{customer}/packages")
        self.console.print(f"Packages {tab['active_count']}", style="bold magenta")
        for shown in tab["data"]:
            status = badge(shown["status"])
            left = f" #{shown['purchase_number']}  {shown['remaining']} of {shown['total']} remaining  "
            self.console.print(Text.assemble(left, status, "  collapsed" if shown["collapsed"] else ""))

    def _three_dogs(self) -> None:
        self._scene(
            "Max, Bella and Charlie", "One 20-pack for the household; every stamp shows whose it was."
        )
        offer = self._offer("Daycare ×20 🐕", 50000, "Daycare", 20, sharing="household")
        dogs = [{"name": name, "kind": "dog"} for name in ("Max", "Bella", "Charlie")]
        smith = self._customer("Julia Smith", participants=dogs)
        package = self._sell(smith["id"], offer)
        ids = {participant["name"]: participant["id"] for participant in smith["participants"]}
        for dog, days in (("Max", 4), ("Bella", 3), ("Charlie", 2)):
            self._use(package, "Daycare", "Tamás", quantity=days, participant_id=ids[dog])
        self._show(package)

    def _late_cancellation(self) -> None:
        self._scene("Too late", "A late cancellation costs one session: a correction, with its reason.")
        offer = self._offer("Massage ×3", 25000, "Massage 60", 3)
        package = self._sell(self._customer("Eszter Tóth")["id"], offer)
        correction = {"line": 1, "change": -1, "reason": "Cancelled two hours before"}
        self.desk.post(f"/packages/{package}/corrections", correction)
        self.console.print(history(self.desk.get(f"/packages/{package}/history")["data"]))

    def _as_it_was(self, package: str) -> None:
        self._scene("As it was", "Any card can be asked for as it stood after each fact of its history.")
        versions = [self.desk.get(f"/packages/{package}", at_version=str(n)) for n in (3, 4, 5, 6)]
        told = [f"v{shown['version']}: {shown['used']}/{shown['total']} used" for shown in versions]
        self.console.print(Columns(told, padding=(0, 4)))


def play(folder: Path, console: Console, open_business: Callable[[str], tuple[str, str]]) -> None:
    """Play the demo on a fresh database in `folder`.

    `open_business(database)` makes the books and returns (business id, the owner's key).
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + sum(1 for _ in folder.glob("demo-*.db"))
    database = f"sqlite:///{folder / f'demo-{number}.db'}"
    business_id, key = open_business(database)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    environment["CARNET_DATABASE"] = database
    with served(environment) as url:
        package = Demo(Desk(url, key), console).play()
    verified = subprocess.run(
        [sys.executable, "-m", "api.cli.main", "verify", "--business", business_id],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    console.print()
    console.rule("[bold]And is it all true?")
    console.print((verified.stdout + verified.stderr).strip())
    _what_next(console, database, key, package)
    if verified.returncode:
        raise SystemExit(verified.returncode)


def _what_next(console: Console, database: str, key: str, package: str) -> None:
    carnet = "uv run carnet" if "UV" in os.environ else "carnet"

    def line(text: str) -> None:
        console.print(f"  {text}", soft_wrap=True, highlight=False, markup=False)

    console.print()
    console.rule("[bold]Go on from here")
    console.print("The books stay where they are. Serve them:\n")
    line(f"export CARNET_DATABASE='{database}'")
    line(f"{carnet} serve\n")
    console.print("and ask, from another terminal, or read the API's description at /schema:\n")
    line(f"curl -s http://127.0.0.1:8000/v1/packages/{package} \\")
    line(f"  -H 'Authorization: Bearer {key}'\n")
    console.print("or look at the books themselves:\n")
    line(f"{carnet} history {package}")
    line(f"{carnet} report liability --json")
    line(f"{carnet} status")
