"""Packages: sold, paid, used, put right, and looked at from every side."""

from api.outbound.planning import Planner
from domain.moments import rfc3339, to_milliseconds
from tests.examples.recording import Recording


def packages(tell: Recording, anna: str, service: str, offer: str, member: str, place: str) -> None:
    package = tell(
        "packages.sell",
        {
            "customer_id": anna,
            "offer_id": offer,
            "payment": {"amount": {"amount": 20000, "currency": "EUR"}, "method": "card"},
            "note": "A present for her birthday",
        },
    )["id"]
    paid = tell(
        "payments.record",
        {
            "amount": {"amount": 28000, "currency": "EUR"},
            "method": "cash",
            "external_ref": {"source": "till", "ref": "2026-0815"},
        },
        package_id=package,
    )["payment_id"]
    tell(
        "payments.refund",
        {"amount": 3000, "reason": "Paid too much", "reason_code": "complaint"},
        payment_id=paid,
    )
    use = tell(
        "redemptions.redeem", {"service_id": service, "quantity": 2, "staff_id": member}, package_id=package
    )["redemption_id"]
    tell("redemptions.restore", {"quantity": 1, "reason": "Only one came"}, redemption_id=use)
    tell("redemptions.redeem_from_customer", {"service_id": service}, customer_id=anna)
    tell("redemptions.show", redemption_id=use)
    tell("payments.find", query={"external_ref": "till:2026-0815"})
    changes(tell, package, place)
    endings(tell, anna, offer)
    imports(tell)
    offline(tell, anna, service, offer)
    questions(tell, package, anna)


def changes(tell: Recording, package: str, place: str) -> None:
    tell(
        "packages.correct",
        {"line": 1, "change": 1, "reason": "One was entered twice", "reason_code": "twice"},
        package_id=package,
    )
    tell("packages.set_expiry", {"expires_on": "2027-06-30", "reason": "Was ill in May"}, package_id=package)
    tell("packages.freeze", {"until": "2026-11-30", "reason": "Abroad until December"}, package_id=package)
    tell("packages.unfreeze", package_id=package)
    tell("packages.adjust_price", {"price": 46000, "reason": "A discount was forgotten"}, package_id=package)
    tell("packages.share", {"sharing": "household"}, package_id=package)
    tell(
        "packages.change_locations",
        {"locations": [place], "reason": "Only the old town has her therapist"},
        package_id=package,
    )
    tell("packages.change_locations", {"locations": [], "reason": "Comes to any branch"}, package_id=package)
    tell("packages.add_note", {"text": "Prefers Béla"}, package_id=package)
    tell("packages.record_reminder", {"expires_on": "2027-06-30"}, package_id=package)


def endings(tell: Recording, anna: str, offer: str) -> None:
    messages(tell)
    mistaken = tell("packages.sell", {"customer_id": anna, "offer_id": offer})["id"]
    tell("packages.void", {"reason": "Sold twice"}, package_id=mistaken)
    given = tell("packages.sell", {"customer_id": anna, "offer_id": offer})["id"]
    friend = tell("customers.register", {"name": "Szabó Cili"})["id"]
    present = {"to_customer_id": friend, "line": 1, "quantity": 2, "reason": "A present"}
    moved = tell("transfers.move", present, package_id=given)["transfer_id"]
    tell("transfers.undo", {"reason": "She has one already"}, transfer_id=moved)
    ended = tell("packages.sell", {"customer_id": anna, "offer_id": offer})["id"]
    tell("packages.cancel", {"reason": "Moved away", "release_holds": True}, package_id=ended)
    tell("packages.reinstate", {"expires_on": "2027-05-31", "reason": "Stays after all"}, package_id=ended)


def imports(tell: Recording) -> None:
    source = {"source": "old-till"}
    clients = "reference,name,mobile\n17,Nagy Éva,+36 20 123 4567\n"
    tell("imports.customers", clients.encode(), query=source)
    balances = (
        "reference,customer,name,service,units,used_before,price,paid,currency,purchased_on,expires_on\n"
        "S-9,17,Massage ×10,Massage 60,10,4,50000,50000,EUR,2026-05-04,2027-05-04\n"
    )
    batch = tell("imports.packages", balances.encode(), query=source)["import_id"]
    tell("imports.list")
    tell("imports.reverse", {"reason": "The wrong file"}, import_id=batch)


def offline(tell: Recording, anna: str, service: str, offer: str) -> None:
    """What a till did without a network: a sale, a use of it, and a use of what it did not have."""
    sold = "pkg_till3-0017"
    happened = rfc3339(tell.desk.clock())
    sale = {"id": sold, "customer_id": anna, "offer_id": offer, "effective_at": happened}
    use = {"service_id": service, "effective_at": happened}
    redemptions = f"/v1/packages/{sold}/redemptions"
    tell(
        "inbox.send",
        {
            "commands": [
                {"key": "till3-0017", "command": "/v1/packages", "body": sale},
                {"key": "till3-0018", "command": redemptions, "body": {"id": "red_till3-0018", **use}},
                {"key": "till3-0019", "command": redemptions, "body": {**use, "quantity": 40}},
            ]
        },
    )


def messages(tell: Recording) -> None:
    """The e-mails so far, as they wait for the mail server."""
    desk = tell.desk
    now_ms = to_milliseconds(desk.clock())
    Planner(desk.carnet, since=0).plan(desk.business_id, 0, now_ms, waiting=0)
    tell("messages.list", query={"state": "waiting", "limit": 1})


def questions(tell: Recording, package: str, anna: str) -> None:
    tell("packages.show", package_id=package)
    tell("packages.units", query={"limit": 3}, package_id=package)
    tell("packages.payments", package_id=package)
    tell("packages.receipt", package_id=package)
    tell("packages.history", query={"limit": 5}, package_id=package)
    tell("packages.notes", package_id=package)
    tell("packages.facts", query={"limit": 2}, package_id=package)
    tell("packages.refund_quote", package_id=package)
    tell("packages.explain", package_id=package)
    tell("packages.verification", package_id=package)
    tell("packages.list", query={"status": ["active"], "owing": True, "limit": 1})
    tell("packages.list_of_customer", query={"limit": 1, "include": ["units"]}, customer_id=anna)
