"""Customers, their households, photos and segments."""

from tests.api.images import JPEG
from tests.examples.recording import Recording


def people(tell: Recording) -> str:
    """A customer with a dog."""
    anna: str = tell(
        "customers.register",
        {
            "name": "Nagy Anna",
            "email": "anna@example.com",
            "mobile": "+36 20 123 4567",
            "category": "VIP",
            "consents": {"session_reminder": True},
            "participants": [{"name": "Max", "kind": "dog"}],
            "external_ref": {"source": "old-till", "ref": "4711"},
        },
    )["id"]
    photo = tell("photos.upload", JPEG)["id"]
    tell("customers.change", {"photo": photo, "date_of_birth": "1990-05-17"}, customer_id=anna)
    tell("photos.show", photo_id=photo)
    household(tell, anna)
    standing(tell)
    erasing(tell)
    tell("customers.show", customer_id=anna)
    tell("customers.history", customer_id=anna)
    tell("customers.list", query={"search": "anna", "category": ["VIP"]})
    filters = {"unused_service_type": ["Massage"], "status": ["active"]}
    segment = tell("segments.save", {"name": "Never had a massage", "filters": filters})["id"]
    tell("segments.list")
    tell("segments.remove", segment_id=segment)
    return anna


def household(tell: Recording, anna: str) -> None:
    bella = tell("participants.add", {"name": "Bella", "kind": "dog"}, customer_id=anna)["participants"][-1][
        "id"
    ]
    tell("participants.change", {"name": "Bella II"}, customer_id=anna, participant_id=bella)
    tell("participants.remove", customer_id=anna, participant_id=bella)
    tell("participants.return", customer_id=anna, participant_id=bella)


def standing(tell: Recording) -> None:
    peter = tell("customers.register", {"name": "Kis Péter"})["id"]
    tell("customers.block", {"reason": "Did not come three times"}, customer_id=peter)
    tell("customers.unblock", customer_id=peter)
    tell("customers.deactivate", customer_id=peter)
    tell("customers.activate", customer_id=peter)
    double = tell("customers.register", {"name": "Kis P.", "mobile": "+36 30 765 4321"})["id"]
    merge = {"absorbed_customer_id": double, "choices": {"mobile": "absorbed"}}
    tell("customers.merge", merge, customer_id=peter)
    tell("customers.unmerge", {"absorbed_customer_id": double}, customer_id=peter)
    tell("customers.bulk", {"action": "categorise", "category": "VIP", "customer_ids": [peter]})


def erasing(tell: Recording) -> None:
    eva = tell("customers.register", {"name": "Tóth Éva", "email": "eva@example.com"})["id"]
    tell("customers.erase", {"unused": "cancel"}, customer_id=eva)
    tell("customers.erasure", customer_id=eva)
