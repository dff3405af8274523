"""The log of every process that serves or works: one stream of JSON objects, a line each, on standard error."""

import atexit
import logging
from typing import Any

import structlog
from pydantic_core import to_json

from api.server.log_lines import LINES, hold_standard_streams
from api.server.settings import LogLevel

OF_THE_SERVER: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "loggers": {name: {"handlers": [], "propagate": True} for name in ("_granian", "granian.access")},
}
"""For the server's library: its own lines go the way of all."""


def log_as_json(level: LogLevel) -> None:
    """Log as JSON from now on: our own lines and those of the libraries. No line keeps or fails who logs it."""
    hold_standard_streams()
    least = logging.getLevelNamesMapping()[level.upper()]
    shared: tuple[structlog.typing.Processor, ...] = (
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    renderer = structlog.processors.JSONRenderer(serializer=_json)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(LINES),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(LINES)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=least, handlers=[handler], force=True)
    logging.raiseExceptions = False
    atexit.register(LINES.drain)


def _json(event: Any, **_: Any) -> str:
    return to_json(event, fallback=str).decode()
