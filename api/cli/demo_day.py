"""The day of `carnet demo` at a salon and a kennel, scene by scene, through the real HTTP API.

Every scene is a situation at the desk. All that it shows comes from the API's answers.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from api.cli import demo_plans
from api.cli.demo_cards import badge, card, history, money
from api.cli.demo_desk import Desk, Json

ZONE = ZoneInfo("Europe/Budapest")


class Demo:
    def __init__(self, desk: Desk, console: Console) -> None:
        self.desk = desk
        self.console = console
        self.staff: dict[str, str] = {}
        self.services: dict[str, str] = {}
        self.anna = ""
        self.today = datetime.now(ZONE).date()

    def play(self) -> str:
        """Play every scene in turn. Returns the id of a package to go on with."""
        self._set_the_stage()
        package = self._how_many_left()
        self._disputed(package)
        self._asked_again(package)
        self._paid_in_parts()
        self._corrected(package)
        self._expiry_removed(package)
        self._bought_again()
        self._three_dogs()
        self._late_cancellation()
        self._money_back()
        self._membership()
        self._top_up()
        self._last_unit()
        self._own_key(package)
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
        sold_on = f"{self.today - timedelta(30)}"
        package = self._sell(anna["id"], offer, price=special, payment=payment, effective_at=sold_on)
        self.anna = anna["id"]
        for by, days in (("Zsófi", 20), ("Tamás", 12), ("Zsófi", 5)):
            self._use(package, "Massage 60", by, effective_at=f"{self.today - timedelta(days)}")
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
        correction = {
            "line": 1,
            "change": 1,
            "reason": f"Massage of {self.today - timedelta(5)} was cut short",
        }
        self.desk.post(f"/packages/{package}/corrections", correction)
        self._show(package)
        self.console.print(history(self.desk.get(f"/packages/{package}/history")["data"][-1:]))

    def _expiry_removed(self, package: str) -> None:
        self._scene("It need not end", "Anna goes abroad for a while; the owner takes the expiry away.")
        changed = self.desk.post(
            f"/packages/{package}/expiry", {"expires_on": None, "reason": "Abroad until autumn"}
        )
        told = changed["expires_on"] or "never expires"
        self.console.print(Text.assemble(badge(changed["status"]), f"  {told}, {changed['remaining']} left"))

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

    def _asked_again(self, package: str) -> None:
        self._scene("The till lost the answer", "It sends the same command again, under the same key.")
        use = {"service_id": self.services["Massage 60"], "staff_id": self.staff["Zsófi"]}
        answers = [self.desk.send(f"/packages/{package}/redemptions", use, "till-1") for _ in range(2)]
        same = answers[0].json() == answers[1].json()
        used = self.desk.get(f"/packages/{package}")["used"]
        self.console.print(f"Two answers, {'the same' if same else 'different'}; used once: {used}/5.")

    def _late_cancellation(self) -> None:
        self._scene(
            "Too late", "Eszter calls off two hours before. The rule takes the unit; the owner is kind."
        )
        cancellation = {"notice_hours": 24, "late": "forfeit", "text": "Cancel a day ahead."}
        self.desk.post("/policies", {"cancellation": cancellation})
        offer = self._offer("Massage ×3", 25000, "Massage 60", 3)
        eszter = self._customer("Eszter Tóth")["id"]
        package = self._sell(eszter, offer)
        soon = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        booking = {"customer_id": eszter, "service_id": self.services["Massage 60"], "starts_at": soon}
        booked = self.desk.post("/bookings", booking)
        gone = self.desk.post(f"/bookings/{booked['id']}/cancellation", {"by": "customer"})
        self._left(f"cancelled: {gone['cancellation']['outcome']}", package)
        rows = self.desk.get(f"/packages/{package}/history")["data"]
        taken = next(row["redemption_id"] for row in rows if row["change"] == -1)
        kind = {"reason": "First time, and her child was ill"}
        self.desk.post(f"/redemptions/{taken}/restorations", kind)
        self._left("given back, with the reason", package)

    def _money_back(self) -> None:
        self._scene(
            "The therapist is ill", "A facial paid by card is called off by the salon; points say sorry."
        )
        hanna = self._customer("Hanna Varga")["id"]
        in_a_week = (datetime.now(UTC) + timedelta(days=7)).strftime("%Y-%m-%dT10:00:00Z")
        booking = {"customer_id": hanna, "service_id": self.services["Facial"], "starts_at": in_a_week}
        path = f"/bookings/{self.desk.post('/bookings', booking)['id']}"
        price = {"amount": 7000, "currency": "EUR"}
        paid = self.desk.post(f"{path}/payments", {"amount": price, "method": "card"})
        gone = self.desk.post(f"{path}/cancellation", {"by": "business", "reason": "The therapist is ill"})
        refund = {"amount": gone["to_refund"], "reason": "The therapist is ill"}
        back = self.desk.post(f"/payments/{paid['payment_id']}/refunds", refund)
        self.console.print(f"to refund {money(gone['to_refund'])}, refunded {money(back['refunded'])}")
        points = self.desk.post(f"/customers/{hanna}/points", {"action": "add", "points": 30})
        self.console.print(f"points: {points['balance']}")

    def _membership(self) -> None:
        self._scene("The month turns", "Nóra's club grants four massages a month; two unused ones roll over.")
        nora = self._customer("Nóra Molnár")["id"]
        demo_plans.renewal(self.desk, self.console, nora, self.services["Massage 60"], self.today)
        demo_plans.credits(self.desk, self.console, nora)

    def _top_up(self) -> None:
        self._scene("Never run out", "When two are left, Ivett's saved card is charged for five more.")
        ivett, offer = self._customer("Ivett Papp")["id"], self._offer("Facial ×5", 30000, "Facial", 5)
        package = self._sell(ivett, offer)
        demo_plans.top_up(self.desk, self.console, ivett, package, offer, self.services["Facial"])

    def _left(self, told: str, package: str) -> None:
        card = self.desk.get(f"/packages/{package}")
        self.console.print(f"{told:<30} {card['remaining']} of {card['total']} left")

    def _last_unit(self) -> None:
        self._scene("The last one", "Two tills redeem the last unit in the same moment. One of them gets it.")
        package = self._sell(self._customer("Flóra Kiss")["id"], self._offer("One facial", 7000, "Facial", 1))
        use = {"service_id": self.services["Facial"], "staff_id": self.staff["Tamás"]}
        path = f"/packages/{package}/redemptions"
        with ThreadPoolExecutor(2) as tills:
            answers = list(tills.map(lambda till: self.desk.send(path, use, f"race-{till}"), (1, 2)))
        for till, answer in enumerate(answers, 1):
            told = "redeemed" if answer.is_success else f"refused: {answer.json()['code']}"
            self.console.print(f"till {till}: {answer.status_code} {told}")

    def _own_key(self, package: str) -> None:
        self._scene("On her own phone", "Anna's key shows her own cards, and nobody else's.")
        body = {"name": "Anna's phone", "role": "customer", "customer_id": self.anna}
        own = self.desk.with_key(self.desk.post("/keys", body)["key"])
        card = own.get(f"/packages/{package}")
        self.console.print(f"her card: {card['remaining']} of {card['total']} left")
        others = self._sell(
            self._customer("Gábor Fekete")["id"], self._offer("Facial ×2", 14000, "Facial", 2)
        )
        self.console.print(f"his card: {own.send_get(f'/packages/{others}')}")

    def _as_it_was(self, package: str) -> None:
        self._scene("As it was", "Two clocks: what had happened by a day, and what the books knew by then.")
        for days in (25, 15, 8):
            day = f"{self.today - timedelta(days)}"
            card = self.desk.get(f"/packages/{package}", effective_as_of=day)
            self.console.print(f"by {day}   {card['used']}/{card['total']} used")
        yesterday = f"{self.today - timedelta(1)}"
        known = self.desk.send_get(f"/packages/{package}", as_of=yesterday)
        self.console.print(f"known {yesterday}: {known}: it was all entered today")
