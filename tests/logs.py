"""The log while tests run: warnings alone, unless a test is about what a log holds."""

import logging

import structlog

QUIET = structlog.make_filtering_bound_logger(logging.WARNING)


def warnings_alone() -> None:
    """A line for each request would be written, and thrown away, tens of thousands of times."""
    every_line()
    structlog.configure(wrapper_class=QUIET)


def every_line() -> None:
    """As an operator has it who looks for something."""
    structlog.reset_defaults()
