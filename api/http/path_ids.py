"""The ids that addresses name."""

from collections.abc import Mapping

PATH_IDS: Mapping[str, tuple[str, str]] = {
    "service_id": ("svc", "service"),
    "offer_id": ("off", "offer"),
    "plan_id": ("pln", "plan"),
    "staff_id": ("stf", "member of staff"),
    "location_id": ("loc", "location"),
    "segment_id": ("seg", "segment"),
    "customer_id": ("cus", "customer"),
    "participant_id": ("par", "participant"),
    "package_id": ("pkg", "package"),
    "redemption_id": ("red", "redemption"),
    "payment_id": ("pay", "payment"),
    "membership_id": ("mem", "membership"),
    "booking_id": ("bkg", "booking"),
    "entry_id": ("pts", "addition of points"),
    "transfer_id": ("trf", "transfer"),
    "import_id": ("imp", "import"),
    "top_up_id": ("top", "rule that tops up"),
    "photo_id": ("pho", "photo"),
    "key_id": ("key", "key"),
    "webhook_id": ("whk", "webhook"),
}
"""Parameter of a path → the prefix of its ids, and what they name."""
