"""Structured logs on standard error: one line an event, nothing personal in it."""

import logging
import sys

import structlog

log = structlog.get_logger("safar")


def set_up_logging(level: str, role: str) -> None:
    """Write log lines of at least `level`, each naming the process's `role`."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(bool_as_flag=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # The pool reports every failed try of an outage; what it means for us is logged where it is felt.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    structlog.contextvars.bind_contextvars(role=role)
