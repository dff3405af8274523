"""Scenes of the demo in which packages come by themselves: a membership renews, and a rule tops up."""

from datetime import date, timedelta

from rich.console import Console

from api.cli.demo_cards import money
from api.cli.demo_desk import Desk

BEGAN = timedelta(35)
"""How long ago the membership began: more than a month, so that its second period has begun."""
GRANTED = 4
"""Massages that the plan grants each month."""


def renewal(desk: Desk, console: Console, customer: str, service: str, today: date) -> None:
    """Of four massages a month three are left: two roll over into the second month."""
    plan = desk.post(
        "/plans",
        {
            "name": "Massage club",
            "price": {"amount": 16000, "currency": "EUR"},
            "lines": [{"quantity": GRANTED, "services": [service]}],
            "period": {"count": 1, "unit": "months"},
            "rollover_limit": 2,
        },
    )
    began = today - BEGAN
    body = {"plan_id": plan["id"], "customer_id": customer, "starts_on": f"{began}"}
    membership = desk.post("/memberships", body)
    first = membership["current"]["package_id"]
    use = {"service_id": service, "effective_at": f"{began + timedelta(3)}"}
    desk.post(f"/packages/{first}/redemptions", use)
    renewed = desk.post(f"/memberships/{membership['id']}/renewals", {"period": 2})
    before, now = (desk.get(f"/packages/{id}") for id in (first, renewed["current"]["package_id"]))
    rolled = now["remaining"] - GRANTED
    console.print(
        f"first month:  {before['used']} of {GRANTED} used, {rolled} roll over, {before['remaining']} lapses"
    )
    console.print(f"second month: {now['remaining']} to use; owing {money(now['owing'])}")


def credits(desk: Desk, console: Console, customer: str) -> None:
    """What a customer may still use, by service."""
    for service in desk.get(f"/customers/{customer}/credits")["services"]:
        console.print(f"{service['available']} × {service['name']} to use")


def top_up(desk: Desk, console: Console, customer: str, package: str, offer: str, service: str) -> None:
    """The use that leaves two units makes the next package due; the charge that succeeds sells it."""
    rule = desk.post(
        f"/customers/{customer}/top-ups",
        {"offer_id": offer, "threshold": 2, "payment_method_ref": "pm_demo", "monthly_cap": 2},
    )
    desk.post(f"/packages/{package}/redemptions", {"service_id": service, "quantity": 3})
    (attempt,) = desk.get("/top-up-attempts", due="true")["data"]
    console.print(f"2 left: {money(attempt['price'])} are due, to be charged to pm_demo")
    paid = {
        "attempt_id": attempt["id"],
        "outcome": "paid",
        "external_ref": {"source": "payments", "ref": "ch_1"},
    }
    settled = desk.post(f"/top-ups/{rule['id']}/outcome", paid)
    console.print(f"paid, and sold at once: {settled['available']} left")
