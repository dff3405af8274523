"""What stands in the addresses of pages: ids of a customer, of what is theirs, and of some things of the business.

A page whose address has another parameter needs a line here.
"""

from collections.abc import Callable, Mapping
from typing import Any

Named = Mapping[str, str]
"""The parameters of addresses, by their names."""
Get = Callable[..., Any]
"""A question to the API: its path without the version, and its parameters."""

OF_CUSTOMER = {"package_id": "packages", "booking_id": "bookings"}
OF_BUSINESS = {
    "offer_id": "offers",
    "service_id": "services",
    "staff_id": "staff",
    "location_id": "locations",
    "segment_id": "segments",
    "membership_id": "memberships",
    "plan_id": "plans",
    "key_id": "keys",
}
"""Parameter → the list whose first row names it."""
FIXED = {"position": "12", "name": "cards", "operation": "packages.show"}
"""A fact, a read model and a route that every business has."""


def named_of(get: Get, customer_id: str) -> Named:
    """As this customer has them. What the customer or the business has none of is left out."""
    lists = {name: f"/customers/{customer_id}/{rows}" for name, rows in OF_CUSTOMER.items()}
    lists |= {name: f"/{rows}" for name, rows in OF_BUSINESS.items()}
    found = {"customer_id": customer_id, **FIXED}
    for name, path in lists.items():
        if rows := get(path)["data"]:
            found[name] = rows[0]["id"]
    if "package_id" in found:
        rows = get(f"/packages/{found['package_id']}/history")["data"]
        if uses := [row["redemption_id"] for row in rows if row.get("redemption_id")]:
            found["redemption_id"] = uses[0]
    return found
