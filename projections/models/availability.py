"""Why no unit of a package can be used now: the one rule for cards, lists and credits."""

from datetime import datetime
from typing import Literal, assert_never

from domain.moments import local_day
from domain.package.state import Status
from projections.engine.definition import Row
from projections.models.card_columns import expiry_of, owed_for

Unavailable = Literal[
    "package-cancelled", "insufficient-units", "package-expired", "package-frozen", "payment-required"
]
"""The code of the refusal that any use of the package would meet, whoever asks and wherever."""


def unavailable_because(
    card: Row, moment: datetime, status: Status, *, payment_required: bool
) -> Unavailable | None:
    """Why no unit can be used at a moment; None where one can. `status`: its `card_status` then.

    `payment_required`: whether the business lets nobody use what is not paid in full.
    """
    match status:
        case "cancelled":
            return "package-cancelled"
        case "fully_used":
            return "insufficient-units"
        case "expired":
            return "package-expired"
        case "active":
            return _unavailable_though_active(card, moment, payment_required=payment_required)
        case _:
            assert_never(status)


def _unavailable_though_active(card: Row, moment: datetime, *, payment_required: bool) -> Unavailable | None:
    if card["frozen_until"] is not None and expiry_of(card).is_frozen(local_day(moment, card["time_zone"])):
        return "package-frozen"
    if payment_required and owed_for(card):
        return "payment-required"
    return "insufficient-units" if card["remaining"] == card["held"] else None
