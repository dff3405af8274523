"""The services that a package can be used for: a filter of the lists of packages and of customers."""

from collections.abc import Sequence
from typing import get_args

from sqlalchemy import Column, Index, MetaData, Table, Text

from domain.ledger.mapper import Recorded
from domain.package.fact_parts import PackageOpened
from domain.package.facts import OpeningFact
from projections.engine.definition import Log, Moment, Row
from projections.models.versions import VERSIONS

TABLE = Table(
    "package_services",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("service_id", Text, primary_key=True),
    Column("package_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("purchased_at", Moment, nullable=False),
    Index("by_purchase", "business_id", "service_id", "purchased_at", "package_id"),
    Index("by_service", "business_id", "service_id", "customer_id"),
    Index("of_customer", "business_id", "customer_id", "service_id", "package_id"),
)


def rows(recorded: Recorded) -> Sequence[Row]:
    fact = recorded.fact
    assert isinstance(fact, PackageOpened)
    sold = {
        "package_id": recorded.stream_id,
        "customer_id": fact.customer_id,
        "purchased_at": fact.bought_at,
    }
    services = {service.id for line in fact.lines for service in line.services}
    return [{"service_id": id, **sold} for id in sorted(services)]


PACKAGE_SERVICES = Log(
    "package_services",
    VERSIONS["package_services"],
    TABLE,
    frozenset(get_args(OpeningFact)),
    rows,
    by_stream=True,
    stream_column="package_id",
)
