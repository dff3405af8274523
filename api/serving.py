"""Serving the API: granian, in as many processes as the settings say.

    serve(settings)          # until SIGTERM or SIGINT; drains what is under way

Each process opens the installation for itself, keeps the read models fresh in a thread of its own when
`CARNET_RUNNER` is on, and answers in a pool of threads: the core is synchronous.
"""

import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import structlog
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from litestar import Litestar
from litestar.concurrency import set_asyncio_executor

from api.application import create_app
from api.cards import VIEWS
from api.installation import opened
from api.settings import Settings, pepper_of

DRAIN_S = 10
"""After SIGTERM a process is given so long to answer what it has begun."""
HEADER_READ_MS_MAX = 5_000
RUNNER_RESTS = 9.0
"""The runner beside the server takes a tenth of a thread's time; `carnet work` takes what it needs."""


def serve(settings: Settings) -> None:
    """Serve until told to stop."""
    server = Granian(
        "api.serving",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.processes,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_READ_MS_MAX),
        log_enabled=settings.log != "error",
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_S,
    )
    server.serve(target_loader=lambda: application(settings), wrap_loader=False)


def application(settings: Settings) -> Litestar:
    """The application of one process. What it opens is closed when the server shuts it down."""
    log_as_json(settings.log)
    with ExitStack() as stack:
        here = stack.enter_context(opened(settings, VIEWS))
        threads = ThreadPoolExecutor(settings.pool, "carnet")
        stack.callback(threads.shutdown)
        set_asyncio_executor(threads)
        runner = here.runner(rest=RUNNER_RESTS)
        if settings.runner:
            runner.start()
            stack.callback(runner.stop)
        app = create_app(
            here.carnet,
            here.views,
            pepper=pepper_of(settings),
            rate=settings.rate,
            processes=settings.processes,
            runner=runner,
        )
        app.on_shutdown.append(stack.pop_all().close)
    return app


def log_as_json(level: str) -> None:
    """One JSON object a line on the standard error stream, from our own log and from the libraries'."""
    least = logging.getLevelNamesMapping()[level.upper()]
    shared: tuple[structlog.typing.Processor, ...] = (
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    renderer = structlog.processors.JSONRenderer()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=least, handlers=[handler], force=True)
