"""The customers of a business, for its list: in the order they were registered.

Names and contacts are in the directory, and are joined when a list is answered.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, select

from domain.customer import FACTS, CustomerRegistered, evolve
from domain.ledger.mapper import Recorded
from projections.definition import Key, Keyed, Row
from projections.views import Snapshot

TABLE = Table(
    "customers",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("blocked", Boolean, nullable=False),
    Column("external_ref", Text),
    Column("participants", Text, nullable=False),
    Column("version", Integer, nullable=False),
)
Index("customers_in_order", TABLE.c.business_id, TABLE.c.position)
Index("customers_by_external_ref", TABLE.c.business_id, TABLE.c.external_ref)
