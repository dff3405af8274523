"""Every fact this code can read: the closed registry, checked when it is imported."""

from domain import booking, business, catalogue, customer, package, rewards, staff
from domain.fact import Registry

FACTS = Registry(
    (
        *business.FACTS,
        *staff.FACTS,
        *catalogue.FACTS,
        *customer.FACTS,
        *package.FACTS,
        *booking.FACTS,
        *rewards.FACTS,
    )
)
