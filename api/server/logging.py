"""The log of every process that serves or works: one JSON object a line on standard error."""

import logging
import sys

import structlog

from api.server.settings import LogLevel


def log_as_json(level: LogLevel) -> None:
    """Log as JSON from now on: our own lines and those of the libraries."""
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
