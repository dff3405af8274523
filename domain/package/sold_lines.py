"""The lines of a package as they are fixed when it begins: a snapshot of its services, and the value of every unit."""

from collections.abc import Mapping
from functools import lru_cache

from domain.catalogue.facts import OfferLine
from domain.catalogue.offers import check_lines
from domain.catalogue.state import Service
from domain.package.fact_parts import SoldLine, SoldService
from domain.refusals import LimitReached
from domain.unit_values import runs, spread, weights_of
from domain.values import UNITS_PER_PACKAGE_MAX

SNAPSHOTS = 1_024
"""Services that are remembered as they are sold: nearly every sale is of one that was just sold."""


def check_sold(
    lines: tuple[OfferLine, ...], services: Mapping[str, Service | None], *, retired_too: bool = False
) -> None:
    """Check the lines of a package of its own. Raises LimitReached, and Invalid as `check_lines` does."""
    if sum(line.quantity for line in lines) > UNITS_PER_PACKAGE_MAX:
        raise LimitReached("package-units", UNITS_PER_PACKAGE_MAX)
    check_lines(lines, services, retired_too=retired_too)


def sold_lines(
    lines: tuple[OfferLine, ...], services: Mapping[str, Service | None], price: int
) -> tuple[SoldLine, ...]:
    """The lines with the price spread over their units, by the list prices of their services."""
    sold = [[_snapshot(id, services) for id in line.services] for line in lines]
    list_prices = [[_known(services, id).terms.list_price for id in line.services] for line in lines]
    weights = weights_of(list_prices)
    per_unit = [weight for weight, line in zip(weights, lines, strict=True) for _ in range(line.quantity)]
    values, made = spread(price, per_unit), list[SoldLine]()
    for line, snapshot, weight in zip(lines, sold, weights, strict=True):
        own, values = values[: line.quantity], values[line.quantity :]
        made.append(
            SoldLine(
                label=line.label or " / ".join([service.name for service in snapshot])[:200],
                services=tuple(snapshot),
                quantity=line.quantity,
                values=runs(own),
                weight=weight,
                tax_rate=line.tax_rate,
            )
        )
    return tuple(made)


def _known(services: Mapping[str, Service | None], service_id: str) -> Service:
    service = services[service_id]
    assert service is not None, "lines are checked when an offer is published"
    return service


def _snapshot(service_id: str, services: Mapping[str, Service | None]) -> SoldService:
    terms = _known(services, service_id).terms
    return _sold(service_id, terms.name, terms.service_type, terms.tax_rate)


@lru_cache(maxsize=SNAPSHOTS)
def _sold(id: str, name: str, service_type: str, tax_rate: int | None) -> SoldService:
    return SoldService(id=id, name=name, service_type=service_type, tax_rate=tax_rate)
