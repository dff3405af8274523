"""What reading is measured against: Litestar, and one SELECT by psycopg of an answer that lies ready as text.

`python -m tests.bench.ready_app URL PORT POOL` serves it by granian, one process, threads like connections.
"""

import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import psycopg
from granian.constants import Interfaces
from granian.server import Server
from litestar import Litestar, Response, get
from litestar.concurrency import set_asyncio_executor
from psycopg_pool import ConnectionPool

SELECT = "SELECT body FROM ready WHERE path = %s"


def fill(url: str, answers: Mapping[str, bytes]) -> None:
    """Lay answers ready: path → body."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE ready (path text PRIMARY KEY, body text NOT NULL)")
        with connection.cursor().copy("COPY ready FROM STDIN") as copy:
            for path, body in answers.items():
                copy.write_row((path, body.decode()))
        connection.execute("ANALYZE ready")


def create_app(url: str, pool_size: int) -> Litestar:
    pool = ConnectionPool(url, min_size=pool_size, max_size=pool_size, kwargs={"autocommit": True}, open=True)

    def found(path: str) -> Response[bytes]:
        with pool.connection() as connection:
            row = connection.execute(SELECT, [path], prepare=True).fetchone()
        assert row is not None, path
        return Response(row[0].encode(), media_type="application/json")

    @get("/v1/packages/{package_id:str}", sync_to_thread=True)
    def package(package_id: str) -> Response[bytes]:
        return found(f"/v1/packages/{package_id}")

    @get("/v1/customers/{customer_id:str}/packages", sync_to_thread=True)
    def packages_of(customer_id: str) -> Response[bytes]:
        return found(f"/v1/customers/{customer_id}/packages")

    @get("/v1/packages", sync_to_thread=True)
    def packages(limit: int, purchased_to: str) -> Response[bytes]:
        return found(f"/v1/packages?limit={limit}&purchased_to={purchased_to}")

    set_asyncio_executor(ThreadPoolExecutor(pool_size))
    return Litestar([package, packages_of, packages], on_shutdown=[pool.close])


def main(url: str, port: int, pool_size: int) -> None:
    # granian imports the application in the process that serves it: the loader makes it there.
    server = Server("carnet-bench", port=port, interface=Interfaces.ASGI, log_access=False)
    server.serve(target_loader=lambda: create_app(url, pool_size), wrap_loader=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
