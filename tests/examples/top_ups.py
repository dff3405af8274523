"""Auto top-up: a rule is set, a use opens an attempt, and the payment system answers it."""

from tests.examples.recording import Recording


def top_ups(tell: Recording, service: str) -> None:
    lines = [{"quantity": 3, "services": [service]}]
    offer = tell("offers.publish", {"name": "Massage ×3", "price": 15000, "lines": lines})["id"]
    rosa = tell("customers.register", {"name": "Fehér Rosa"})["id"]
    package = tell("packages.sell", {"customer_id": rosa, "offer_id": offer})["id"]
    agreed = {"offer_id": offer, "threshold": 1, "payment_method_ref": "pm_1Q0xRosa", "monthly_cap": 2}
    rule = tell("top_ups.set", agreed, customer_id=rosa)["id"]
    tell("redemptions.redeem", {"service_id": service, "quantity": 2}, package_id=package)
    attempt = tell("top_ups.list_attempts", query={"due": True, "limit": 1})["data"][0]["id"]
    paid = {"attempt_id": attempt, "outcome": "paid", "external_ref": {"source": "payments", "ref": "ch_77"}}
    tell("top_ups.answer", paid, top_up_id=rule)
    tell("top_ups.pause", top_up_id=rule)
    tell("top_ups.resume", top_up_id=rule)
    tell("top_ups.show", top_up_id=rule)
    tell("top_ups.list_of_customer", query={"limit": 1}, customer_id=rosa)
    tell("top_ups.remove", top_up_id=rule)
