"""Bookings with their whole life, what a customer has left, and points."""

from datetime import timedelta

from domain.actor import Role
from tests.examples.recording import Recording


def bookings(tell: Recording, anna: str, service: str, member: str) -> None:
    def booked(starts_at: str) -> str:
        body = {"customer_id": anna, "service_id": service, "starts_at": starts_at, "staff_id": member}
        id: str = tell("bookings.make", body)["id"]
        return id

    first = booked("2026-11-05T15:00:00Z")
    tell("bookings.reschedule", {"starts_at": "2026-11-06T15:00:00Z"}, booking_id=first)
    tell("bookings.cancel", {"by": "customer"}, booking_id=first)
    second = booked((tell.desk.clock() + timedelta(minutes=30)).isoformat(timespec="milliseconds"))
    tell("bookings.mark", {"attendance": "attended"}, booking_id=second)
    tell("bookings.complete", booking_id=second)
    tell("bookings.show", booking_id=second)
    third = booked("2026-12-05T15:00:00Z")
    price, amount = {"amount": 6000, "currency": "EUR"}, {"amount": 2000, "currency": "EUR"}
    tell("bookings.record_payment", {"amount": amount, "method": "cash", "price": price}, booking_id=third)
    tell("bookings.payments", booking_id=third)
    tell("bookings.history", query={"order": "newest", "limit": 2}, booking_id=second)
    customer = tell.desk.as_role(Role.CUSTOMER, anna)
    wanted = {"customer_id": anna, "service_id": service, "starts_at": "2026-11-12T15:00:00Z"}
    tell("bookings.confirm", booking_id=customer.do("/v1/bookings", wanted)["id"])
    tell("bookings.list", query={"from": "2026-11-02", "status": ["completed"]})
    tell("bookings.list_of_customer", query={"from": "2026-11-02", "limit": 1}, customer_id=anna)
    tell("credits.show", customer_id=anna)
    tell("activity.show", query={"limit": 1}, customer_id=anna)
    points(tell, anna)


def points(tell: Recording, anna: str) -> None:
    added = tell(
        "points.move", {"action": "add", "points": 50, "source": "Autumn campaign"}, customer_id=anna
    )["id"]
    tell("points.reverse", {"reason": "Was not for her"}, entry_id=added)
    tell("points.list", query={"action": ["added"], "limit": 3}, customer_id=anna)
