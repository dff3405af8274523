"""The books, three weeks later: facts, proof and reports."""

from tests.examples.recording import Recording


def books(tell: Recording, anna: str) -> None:
    tell.desk.clock.forward(weeks=3)
    tell("ledger.head")
    tell("ledger.verification")
    tell("ledger.verify")
    tell("ledger.verifications")
    tell("facts.list", query={"after": 3, "kind": ["service", "offer"], "from": "2026-11-01", "limit": 2})
    tell("read_models.list", query={"limit": 2})
    (package, *_) = tell.desk.get(f"/v1/customers/{anna}/packages")["data"]
    tell("read_models.steps", query={"stream_id": package["id"], "limit": 2}, name="units")
    tell("reports.liability", query={"effective_as_of": "2026-11-15"})
    tell("reports.movements", query={"from": "2026-11-01", "to": "2026-11-15"})
    tell(
        "reports.movement_lines",
        query={"from": "2026-11-01", "to": "2026-11-15", "cause": "redeemed"},
    )
    tell("reports.sales", query={"from": "2026-11-01", "to": "2026-11-15"})
    tell("reports.reasons", query={"from": "2026-11-01", "to": "2026-11-15"})
    tell("reports.reason_lines", query={"from": "2026-11-01", "group": "refund", "limit": 2})
    tell("reports.late_entries", query={"from": "2026-11-01"})
    tell("reports.corrections", query={"from": "2026-11-01", "limit": 2})
    tell("reports.expiring", query={"from": "2027-01-01", "to": "2027-12-31"})
    tell("reports.outstanding")
    tell("customers.export", query={"search": "anna"})
    tell("packages.export", query={"status": ["active"]})
    tell("packages.export_history", query={"to": "2026-11-02"})
    tell("bookings.export", query={"from": "2026-11-01"})
    tell("points.export", query={"action": ["added"]})
