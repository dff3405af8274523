"""Rival (b) over HTTP: a Litestar application as Litestar's documentation would have it.

`python -m tests.bench.crud_app URL PORT POOL` serves it by granian, one process, threads like connections.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from granian.constants import Interfaces
from granian.server import Server
from litestar import Litestar, Request, Response, post
from litestar.concurrency import set_asyncio_executor
from litestar.plugins.pydantic import PydanticPlugin
from pydantic import BaseModel, ConfigDict, Field

from tests.bench.rivals import Crud, Refused, shown


class Use(BaseModel):
    """What is used of a package."""

    model_config = ConfigDict(extra="forbid")

    service_id: str
    quantity: Annotated[int, Field(ge=1, le=1_000)] = 1


def create_app(url: str, pool_size: int) -> Litestar:
    crud = Crud(url, pool_size=pool_size)

    @post("/v1/packages/{package_id:str}/redemptions", sync_to_thread=True)
    def use(package_id: str, data: Use) -> dict[str, Any]:
        return shown(crud.use(package_id, data.service_id, data.quantity))

    def refused(_: Request[Any, Any, Any], error: Refused) -> Response[dict[str, str]]:
        return Response({"code": "insufficient-units"}, status_code=409)

    set_asyncio_executor(ThreadPoolExecutor(pool_size))
    return Litestar(
        [use],
        plugins=[PydanticPlugin(validate_strict=True)],
        exception_handlers={Refused: refused},
        on_shutdown=[crud.close],
    )


def main(url: str, port: int, pool_size: int) -> None:
    # granian imports the application in the process that serves it: the loader makes it there.
    server = Server("carnet-bench", port=port, interface=Interfaces.ASGI, log_access=False)
    server.serve(target_loader=lambda: create_app(url, pool_size), wrap_loader=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
