"""A question to a replica that has not heard of the last command yet."""

from contextlib import closing

from litestar.testing import TestClient

from api.resources.packages.card import VIEWS
from api.server.app import create_app
from domain.ledger.carnet import Carnet
from domain.ledger.postgres.migrations import migrate
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import PEPPER, house_at
from tests.postgres import PostgresServer, find_binaries


def test_a_position_that_the_replica_has_not_reached_yet_is_a_matter_of_time() -> None:
    with PostgresServer(binaries=find_binaries()) as server:
        url = server.create_database("books")
        migrate(url)
        with house_at(url, ReadTables(url, READ_MODELS)) as house:
            desk = house.desk()
            desk.service()
            desk.get("/v1/services")
            head = desk.head
        server.follow()
        with (
            closing(Carnet(url, views=VIEWS)) as carnet,
            closing(ReadTables(url, READ_MODELS)) as views,
            TestClient(create_app(carnet, views, pepper=PEPPER)) as client,
        ):
            for path in ("/v1/business", "/v1/services", "/v1/facts", "/v1/keys"):
                asked = {"Authorization": f"Bearer {desk.key}"}
                reached = client.get(path, headers={**asked, "Ledger-Min-Position": str(head)})
                assert reached.status_code == 200, reached.text
                early = client.get(path, headers={**asked, "Ledger-Min-Position": str(head + 1)})
                assert (early.status_code, early.json()["code"]) == (503, "projection-lagging")
                assert early.headers["Retry-After"]
