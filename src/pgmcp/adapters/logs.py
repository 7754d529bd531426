"""The log: structlog, on stderr alone, since stdout is the protocol's."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import FilteringBoundLogger, Processor


def logger(level: str, form: str) -> FilteringBoundLogger:
    """A logger of pgmcp's own; the embedding program's configuration is left alone.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        form: `console` or `json`.
    """
    last: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    wrapped = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    bound: FilteringBoundLogger = wrapped.bind()
    return bound
