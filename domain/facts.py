"""Every fact this code can read: the closed registry, checked when it is imported."""

from domain import business, catalogue, customer, package, staff
from domain.events import Registry

FACTS = Registry((*business.FACTS, *staff.FACTS, *catalogue.FACTS, *customer.FACTS, *package.FACTS))
