"""Which services the units of a package are good for: what lists of packages are filtered by."""

from collections.abc import Sequence

from sqlalchemy import Column, MetaData, Table, Text

from domain.ledger.mapper import Recorded
from domain.package import PackagePurchased
from projections.definition import Log, Row

TABLE = Table(
    "package_services",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("service_id", Text, primary_key=True),
    Column("package_id", Text, primary_key=True),
)


def rows(recorded: Recorded) -> Sequence[Row]:
    assert isinstance(recorded.fact, PackagePurchased)
    services = {service.id for line in recorded.fact.lines for service in line.services}
    return [{"service_id": id, "package_id": recorded.stream_id} for id in sorted(services)]


PACKAGE_SERVICES = Log("package_services", 1, TABLE, frozenset({PackagePurchased}), rows)
