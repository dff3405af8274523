"""The contract suites of `eventsourcing` itself, each test on a fresh business of every store."""

from collections.abc import Iterator
from typing import ClassVar
from uuid import uuid4

import pytest
from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.tests import persistence

from domain.ledger.contract import Store
from tests.domain.ledger.conftest import Database

WAIT_S = 60.0
"""Its tests let ten threads write as fast as they can: on a busy machine one waits for longer than a request may."""


class FreshBusiness:
    """Gives the library's tests a recorder, and ids that are strings as ours are."""

    kind: ClassVar[str]
    _store: Store

    @pytest.fixture(autouse=True)
    def _fresh_store(self, request: pytest.FixtureRequest) -> Iterator[None]:
        database: Database = request.getfixturevalue(f"{self.kind}_database")
        self._store = database.open(wait_s=WAIT_S)
        yield
        self._store.close()

    def new_originator_id(self) -> str:
        return f"agg_{uuid4()}"

    def create_recorder(self) -> ApplicationRecorder:
        business_id = f"biz_{uuid4()}"
        self._store.open_ledger(business_id)
        return self._store.ledger(business_id)


class ApplicationTests(FreshBusiness, persistence.ApplicationRecorderTestCase[ApplicationRecorder]):
    """Not collected itself: only its subclasses name a store."""

    __test__ = False

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class NonInterleavingTests(FreshBusiness, persistence.NonInterleavingNotificationIDsBaseCase):
    __test__ = False


class TestMemoryApplication(ApplicationTests):
    __test__ = True
    kind = "memory"


class TestMemoryNonInterleaving(NonInterleavingTests):
    __test__ = True
    kind = "memory"


class TestSqliteApplication(ApplicationTests):
    __test__ = True
    kind = "sqlite"


class TestSqliteNonInterleaving(NonInterleavingTests):
    __test__ = True
    kind = "sqlite"


class TestPostgresApplication(ApplicationTests):
    __test__ = True
    kind = "postgres"


class TestPostgresNonInterleaving(NonInterleavingTests):
    __test__ = True
    kind = "postgres"
