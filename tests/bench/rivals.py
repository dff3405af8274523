"""What Carnet is measured against, each written as its own documentation would have it.

(a) `Stock`: the library eventsourcing with its own PostgreSQL recorder and an ordinary aggregate.
(b) `Crud`: SQLAlchemy Core, a table of packages with a counter and a table of history, also over HTTP.

Neither keeps request keys, a hash chain, unit values, roles or a second clock: they do less per command.
"""

from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    RowMapping,
    Table,
    Text,
    create_engine,
    func,
    insert,
    update,
)
from sqlalchemy.types import BigInteger

from tests.bench.clients import request
from tests.bench.race import UNITS

NAME = "Massage ×20"


class Refused(Exception):
    """There is no unit left."""


class StockPackage(Aggregate):
    """A package as the library's tutorial would write it."""

    def __init__(self, business_id: str, customer_id: str, name: str, units: int) -> None:
        self.business_id = business_id
        self.customer_id = customer_id
        self.name = name
        self.remaining = units
        self.used: list[str] = []

    def redeem(self, service_id: str) -> None:
        if self.remaining == 0:
            raise Refused
        self._redeemed(service_id)

    @event("Redeemed")
    def _redeemed(self, service_id: str) -> None:
        self.remaining -= 1
        self.used.append(service_id)


class Stock:
    """(a) The application and recorder of eventsourcing as they come."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        address = urlsplit(url)
        self._application: Application[UUID] = Application(
            {
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": address.path.removeprefix("/"),
                "POSTGRES_HOST": address.hostname or "",
                "POSTGRES_PORT": str(address.port),
                "POSTGRES_USER": address.username or "",
                "POSTGRES_PASSWORD": "none",
                "POSTGRES_POOL_SIZE": str(pool_size),
            }
        )

    def close(self) -> None:
        self._application.close()

    def sell(self, businesses: int, packages: int) -> list[UUID]:
        sold = [
            StockPackage(f"biz_{number % businesses}", f"cus_{number}", NAME, UNITS)
            for number in range(packages)
        ]
        self._application.save(*sold)
        return [package.id for package in sold]

    def redeem(self, package_id: UUID) -> None:
        while True:
            package: StockPackage = self._application.repository.get(package_id)
            package.redeem("svc_massage")
            try:
                self._application.save(package)
            except IntegrityError:
                continue
            return


METADATA = MetaData()
PACKAGES = Table(
    "packages",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("business_id", Text, nullable=False, index=True),
    Column("customer_id", Text, nullable=False, index=True),
    Column("customer_name", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("price", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("purchased_at", DateTime(timezone=True), nullable=False),
    Column("total", Integer, nullable=False),
    Column("remaining", Integer, CheckConstraint("remaining >= 0"), nullable=False),
)
USES = Table(
    "uses",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("package_id", ForeignKey(PACKAGES.c.id), nullable=False, index=True),
    Column("service_id", Text, nullable=False),
    Column("units", Integer, nullable=False),
    Column("remaining", Integer, nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)


class Crud:
    """(b) A counter that is updated and a history that is inserted, in one transaction."""

    numbers: ClassVar = count(1)

    def __init__(self, url: str, *, pool_size: int) -> None:
        address = url.replace("postgresql://", "postgresql+psycopg://")
        self._engine = create_engine(address, pool_size=pool_size, max_overflow=0)

    def close(self) -> None:
        self._engine.dispose()

    def migrate(self) -> None:
        METADATA.create_all(self._engine)

    def sell(self, businesses: int, packages: int) -> list[str]:
        rows = [_sold(f"pkg_{next(self.numbers)}", number, businesses) for number in range(packages)]
        with self._engine.begin() as connection:
            connection.execute(insert(PACKAGES), rows)
        return [row["id"] for row in rows]

    def redeem(self, package_id: str) -> None:
        self.use(package_id, "svc_massage", 1)

    def request(self, package_id: str) -> bytes:
        """The same over HTTP."""
        return request(f"/v1/packages/{package_id}/redemptions", b'{"service_id": "svc_massage"}', {})

    def use(self, package_id: str, service_id: str, units: int) -> RowMapping:
        """The package after its use. Raises Refused."""
        taken = (
            update(PACKAGES)
            .where(PACKAGES.c.id == package_id, PACKAGES.c.remaining >= units)
            .values(remaining=PACKAGES.c.remaining - units)
            .returning(PACKAGES)
        )
        with self._engine.begin() as connection:
            package = connection.execute(taken).mappings().first()
            if package is None:
                raise Refused
            use = {"package_id": package_id, "service_id": service_id, "units": units}
            connection.execute(insert(USES).values(**use, remaining=package["remaining"]))
        return package


def _sold(package_id: str, number: int, businesses: int) -> dict[str, Any]:
    return {
        "id": package_id,
        "business_id": f"biz_{number % businesses}",
        "customer_id": f"cus_{number}",
        "customer_name": "Ágnes Tóth",
        "name": NAME,
        "price": 50_000,
        "currency": "EUR",
        "purchased_at": datetime.now(UTC),
        "total": UNITS,
        "remaining": UNITS,
    }


def shown(package: RowMapping) -> dict[str, Any]:
    """The package as (b) answers it over HTTP."""
    return {
        "id": package["id"],
        "name": package["name"],
        "customer": {"id": package["customer_id"], "name": package["customer_name"]},
        "price": {"amount": package["price"], "currency": package["currency"]},
        "purchased_at": package["purchased_at"].isoformat(),
        "total": package["total"],
        "used": package["total"] - package["remaining"],
        "remaining": package["remaining"],
        "status": "active" if package["remaining"] else "fully_used",
    }
