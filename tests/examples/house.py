"""The house: its terms, places, staff, keys, and what it sells."""

from dataclasses import replace

from tests.examples.recording import Recording


def house(tell: Recording) -> tuple[str, str]:
    """A location and a member of staff."""
    tell("process.live")
    tell("process.ready")
    tell("welcome.show")
    tell("docs.show")
    tell("schema.show")
    tell("problems.list")
    tell("problems.show", code="insufficient-units")
    tell(
        "policies.change",
        {
            "cancellation": {
                "notice_hours": 24,
                "late": "forfeit",
                "text": "Free until 24 hours before the start.",
            },
            "deduct": "at_attendance",
            "earn": [{"on": "payment", "points": 1, "per_amount": {"amount": 1000, "currency": "EUR"}}],
            "categories": ["VIP", "Regular", "New"],
            "locale": "hu-HU",
            "message_language": "en",
            "message_channels": {"session_reminder": ["email", "sms"]},
            "reason_codes": [
                {"code": "twice", "text": "Entered twice", "groups": ["correction", "voiding"]},
                {"code": "complaint", "text": "A complaint", "groups": ["refund", "cancellation", "price"]},
            ],
            "reason_code_required": ["refund"],
        },
    )
    place: str = tell("locations.open", {"name": "Szalon Rosa, Belváros", "address": "Fő utca 1, Budapest"})[
        "id"
    ]
    other = tell("locations.open", {"name": "Szalon Rosa, Buda"})["id"]
    tell("locations.close", location_id=other)
    tell("locations.reopen", location_id=other)
    tell("locations.list")
    tell("me.show")
    tell("business.show")
    return place, staff(tell, place)


def staff(tell: Recording, place: str) -> str:
    member: str = tell("staff.register", {"name": "Kovács Béla", "role": "staff", "locations": [place]})["id"]
    tell("staff.change", {"role": "manager"}, staff_id=member)
    leaver = tell("staff.register", {"name": "Tóth Kata"})["id"]
    tell("staff.deactivate", staff_id=leaver)
    tell("staff.reactivate", staff_id=leaver)
    tell("staff.show", staff_id=member)
    tell("staff.list")
    key = tell("keys.issue", {"name": "Till at the entrance", "role": "staff", "staff_id": member})["id"]
    tell("keys.revoke", key_id=key)
    tell("keys.list")
    code = tell("sign_ins.link", {"role": "manager", "staff_id": member})["code"]
    signed_in = tell("sign_ins.use", {"code": code})
    own = Recording(replace(tell.desk, key=signed_in["key"]), tell.exchanged)
    own("sign_ins.end")
    tell("sign_ins.request", {"business_id": tell.desk.business_id, "email": "anna@example.com"})
    webhooks(tell)
    return member


def catalogue(tell: Recording, place: str) -> tuple[str, str]:
    """A service and an offer of it."""
    massage = {
        "name": "Massage 60",
        "service_type": "Massage",
        "duration_minutes": 60,
        "list_price": {"amount": 5000, "currency": "EUR"},
        "tax_rate": 2700,
    }
    service: str = tell("services.define", massage)["id"]
    tell("services.change", {"duration_minutes": 55}, service_id=service)
    facial = tell("services.define", {"name": "Facial", "service_type": "Care"})["id"]
    tell("services.retire", service_id=facial)
    tell("services.reinstate", service_id=facial)
    tell("services.show", service_id=service)
    tell("services.list", query={"retired": False})
    ten = {
        "name": "Massage ×10",
        "price": {"amount": 45000, "currency": "EUR"},
        "lines": [{"quantity": 10, "services": [service], "label": "Massage 60"}],
        "validity": {"rule": "after_purchase", "count": 6, "unit": "months"},
        "sharing": "household",
    }
    offer: str = tell("offers.publish", ten)["id"]
    tell("offers.revise", ten | {"price": {"amount": 48000, "currency": "EUR"}}, offer_id=offer)
    five = tell("offers.publish", ten | {"name": "Massage ×5", "price": 25000, "locations": [place]})["id"]
    tell("offers.retire", offer_id=five)
    tell("offers.reinstate", offer_id=five)
    tell("offers.show", offer_id=offer)
    tell("offers.list", query={"retired": False})
    return service, offer


def webhooks(tell: Recording) -> None:
    asked = {
        "url": "https://books.example.org/facts",
        "fact_names": ["package.purchased"],
        "description": "Bookkeeping",
    }
    webhook = tell("webhooks.add", asked)["id"]
    tell("webhooks.pause", webhook_id=webhook)
    tell("webhooks.resume", webhook_id=webhook)
    tell("webhooks.replay", {"position": 1}, webhook_id=webhook)
    tell("webhooks.rotate", webhook_id=webhook)
    tell("webhooks.remove", webhook_id=webhook)
    tell("webhooks.list")
