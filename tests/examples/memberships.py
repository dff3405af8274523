"""Plans in the catalogue, and a membership with its whole life."""

from tests.examples.recording import Recording


def memberships(tell: Recording, anna: str, service: str) -> None:
    gold = {
        "name": "Massage club",
        "price": {"amount": 18000, "currency": "EUR"},
        "lines": [{"quantity": 4, "services": [service], "label": "Massage 60"}],
        "period": {"count": 1, "unit": "months"},
        "rollover_limit": 2,
    }
    plan: str = tell("plans.publish", gold)["id"]
    tell("plans.revise", gold | {"price": {"amount": 19000, "currency": "EUR"}}, plan_id=plan)
    tell("plans.retire", plan_id=plan)
    tell("plans.reinstate", plan_id=plan)
    tell("plans.show", plan_id=plan)
    tell("plans.list", query={"retired": False})
    # A chosen id: those of its packages follow from it, and some lists are in their order.
    body = {"id": "mem_massage_club", "plan_id": plan, "customer_id": anna, "starts_on": "2026-10-01"}
    member: str = tell("memberships.start", body)["id"]
    tell("memberships.renew", {"period": 2}, membership_id=member)
    tell("memberships.pause", {"until": "2026-11-08", "reason": "A week abroad"}, membership_id=member)
    tell("memberships.resume", membership_id=member)
    tell("memberships.show", membership_id=member)
    tell("memberships.history", membership_id=member)
    tell("memberships.list", query={"status": ["active"], "limit": 1})
    tell("memberships.list_of_customer", query={"limit": 1}, customer_id=anna)
    tell("memberships.end", {"at": "period_end", "reason": "Moves to another town"}, membership_id=member)
