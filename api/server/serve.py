"""Serving the API: granian, in as many processes as the settings say.

    serve(settings)          # until SIGTERM or SIGINT; drains what is under way

Each process opens the installation for itself and answers in a pool of threads: the core is synchronous. With
`CARNET_RUNNER` on, the read models are kept fresh by one process of their own on PostgreSQL. On SQLite, which
has one writer anyway, a thread in each serving process does it.
"""

import gc
import logging
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_start_method

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from litestar import Litestar
from litestar.concurrency import set_asyncio_executor
from litestar.types import ASGIApp

from api.http.keys_in_use import known_while_in_use
from api.resources.packages.card import VIEWS
from api.server.app import create_app
from api.server.background import in_background
from api.server.connections import ConnectionLimits, Connections, Requests, watched
from api.server.descriptors import connections_within
from api.server.ending import OF_A_TERMINAL, end_on
from api.server.erasures import apply_again, complete
from api.server.installation import opened
from api.server.logging import OF_THE_SERVER, log_as_json
from api.server.parent import end_with
from api.server.pepper import peppers_of
from api.server.port import held
from api.server.registration import registered
from api.server.rights import warn_of_readers
from api.server.runner_process import RunnerProcess, require_worker
from api.server.settings import Settings
from domain.ledger.erasure_journal import ErasureJournal
from domain.moments import to_milliseconds
from projections.engine.lag_trend import sampling
from projections.engine.zones import renew

log = logging.getLogger("carnet.server")

DRAIN_S = 10
"""Seconds a process has after SIGTERM to answer what it has begun."""
END_S_MAX = 2.0 * DRAIN_S
"""Seconds after which a server that was told to end has ended with all its processes."""
FIRST_REQUEST_S, BODY_S, ANSWER_READ_S = 10, 20, 30
"""The longest waits for a client: for its first request, for a body, for an answer to be read."""
BUFFER_BYTES_MAX = 128 * 1024
"""What the server's library holds of a head, or of answers, for each connection."""
COLLECTOR = (10_000, 250, 100)
"""Thresholds of the garbage collector. Templates leave cycles: those of twenty pages, which take 20 ms, are taken
together. The whole heap is looked at hardly ever."""
TURN_S = 0.02
"""Seconds one thread may hold the interpreter while others want it. The event loop then does not interrupt a
batch that is being decided; it runs while the batch is stored. Measured: 1 to 7 % more commands. Only on
PostgreSQL: on SQLite the runner is a thread of the server, and a request would wait this long for it."""
RUNNER_RESTS = 9.0
"""Rest of a runner in a thread of the server, in multiples of a step: it works a tenth of the time."""


class InOrder(Granian):  # type: ignore[misc, valid-type]  # which class it is depends on the interpreter
    """Ends with status 0 whenever it was told to end.

    A signal to the whole group ends the processes that serve beside this one, and this one may hear of their end
    first. That is not the failure for which the library would exit with 1.
    """

    def shutdown(self, exit_code: int = 0) -> None:
        try:
            super().shutdown(exit_code)
        except SystemExit:
            if exit_code or not self.interrupt_signal:
                raise


def serve(settings: Settings, *, copy: bool = False) -> None:
    """Serve until told to stop. `copy` as for `registered`.

    Raises AddressUnusable, and what `registered` raises, before anything is served.
    """
    log_as_json(settings.log)
    with held(settings.host, settings.port) as address, registered(settings, copy=copy):
        _prepare(settings)
        _serve_at(address, settings)


def _prepare(settings: Settings) -> None:
    """Before anything is served, look whether the user of the database may do all that the settings ask for, and erase
    whom the journal names and a restored database knows.

    Raises RoleNeeded, and ReadOnlyBooks where somebody would have to be erased in books that cannot be written here.
    """
    if settings.ledger_file is not None:
        warn_of_readers(settings.ledger_file)
    journal = ErasureJournal(settings.erasures)
    with opened(settings) as here:
        if settings.runner:
            require_worker(here)
            renew(here.views)
        applied = apply_again(here.carnet, journal)
        if not here.carnet.store.read_only:
            complete(here.carnet, journal, to_milliseconds(here.carnet.clock()))
    for entry in applied:
        log.warning("erased %s of %s again: the database was restored", entry.customer_id, entry.business_id)


def _serve_at(address: str, settings: Settings) -> None:
    connections = connections_within(settings.connections, settings.pool)
    if connections < settings.connections:
        log.warning("%d connections a process: the system allows no more open files", connections)
    server = InOrder(
        "api.server.serve",
        address=address,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.processes,
        # HTTP/2 in clear text is spoken by no browser, and its library waits for the first bytes without an end.
        http=HTTPModes.http1,
        websockets=False,
        backpressure=connections,
        http1_settings=HTTP1Settings(
            # Runs while a head is awaited, so between two requests as well.
            header_read_timeout=settings.idle_s * 1000,
            max_buffer_size=BUFFER_BYTES_MAX,
        ),
        log_level=LogLevels(settings.log),
        log_dictconfig=OF_THE_SERVER,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_S,
    )
    server.signal_handler_reload = None  # it would take SIGHUP
    end_on(OF_A_TERMINAL, partial(signal.raise_signal, signal.SIGTERM))
    load = partial(_loaded, settings, connections, os.getpid())
    if settings.runner and settings.ledger_file is None:
        with RunnerProcess() as beside:
            server.serve(target_loader=partial(load, beside.held_open), wrap_loader=False)
    else:
        server.serve(target_loader=partial(load, None), wrap_loader=False)


def _loaded(settings: Settings, connections: int, parent: int, held_open: int | None) -> ASGIApp:
    """The application of a serving process, made in that process, whether it was forked or started anew.

    `held_open`: the descriptor by which the runner process sees that the server is there; a fork has it too.
    """
    if held_open is not None and get_start_method() == "fork":
        os.close(held_open)
    end_with(parent, DRAIN_S)
    for told in OF_A_TERMINAL:  # the process that started this one ends it
        signal.signal(told, signal.SIG_IGN)
    # Ctrl-C too; the library gives it a handler later, so it is kept back instead.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    app = application(settings)
    keep_from_collector()
    if settings.ledger_file is None:
        sys.setswitchinterval(TURN_S)
    return _with_limits(app, settings, connections)


def keep_from_collector() -> None:
    """Have the garbage collector leave alone what is there, and look seldom.

    The streams kept between commands are a large heap without cycles. A full collection walks it in vain: measured, a
    fifth of the processor time of a command.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


def _with_limits(app: ASGIApp, settings: Settings, connections: int) -> ASGIApp:
    """The application, with the limits on its connections."""
    limits = ConnectionLimits(
        connections=connections,
        per_address=settings.connections_per_address,
        first_request_s=min(FIRST_REQUEST_S, settings.idle_s),
        answer_read_s=min(ANSWER_READ_S, settings.idle_s),
        proxies=settings.trusted_proxies,
    )
    requests = Requests()
    Connections(settings.port, limits, requests).start()
    return watched(app, requests)


def application(settings: Settings) -> Litestar:
    """The application of one process. It closes what it opened when the server shuts it down."""
    log_as_json(settings.log)
    with ExitStack() as stack:
        here = stack.enter_context(opened(settings, VIEWS))
        here.carnet.store.make_ready()
        threads = ThreadPoolExecutor(settings.pool, "carnet")
        stack.callback(threads.shutdown)
        set_asyncio_executor(threads)
        runner = here.runner(rest=RUNNER_RESTS)
        if settings.runner and settings.ledger_file is not None:
            runner.start()
            stack.callback(runner.stop)
            if not here.carnet.store.read_only:
                stack.enter_context(in_background(here, settings))
        peppers = peppers_of(settings, here.carnet.store)
        app = create_app(
            here.carnet,
            here.views,
            pepper=peppers.current,
            previous_pepper=peppers.previous,
            rate=settings.rate,
            processes=settings.processes,
            runner=runner,
            cors_origins=settings.cors_origins,
            loopback_webhooks=settings.webhooks == "loopback",
            proxies=settings.trusted_proxies,
            body_s=min(BODY_S, settings.idle_s),
            pages=settings.pages,
            mails_links=settings.mails_links,
        )
        frame = app.state["frame"]
        stack.enter_context(sampling(frame.trend))
        stack.enter_context(known_while_in_use(frame.keys.uses, frame.keys.look_up))
        stack.callback(frame.after_answers.close)
        stack.callback(frame.letters.close)
        app.on_shutdown.append(stack.pop_all().close)
    return app
