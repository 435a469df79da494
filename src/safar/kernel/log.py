"""Structured logs on standard error: one line an event, nothing personal in it.

What somebody typed reaches the text of an error easily (PostgreSQL quotes it, and so does every `KeyError`),
and the path of a request can be a capability: an error is told by kind and place, a request by its route.
"""

import logging
import sys
from collections.abc import MutableMapping
from pathlib import Path
from traceback import FrameSummary, extract_tb
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from starlette.types import Scope

log = structlog.get_logger("safar")

_PACKAGE = Path(__file__).parent.parent
_CAUSES_MAX = 4
_FRAMES_MAX = 12


def set_up_logging(level: str, role: str) -> None:
    """Write log lines of at least `level`, each naming the process's `role`."""
    structlog.configure(
        processors=processors(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries quote what they fail on, and the pool reports every failed try of an outage: what either means
    # for us is logged where it is felt.
    for library in ("psycopg.pool", "psycopg", "asyncio", "procrastinate", "mail.log", "stripe", "httpx"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    structlog.contextvars.bind_contextvars(role=role)


def processors() -> list[Any]:
    """Return what makes a line of an event and its values."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _told_without_values,
        structlog.processors.LogfmtRenderer(bool_as_flag=False),
    ]


def error_kind(error: BaseException) -> str:
    """Return what may be written down of an error: its kind, of PostgreSQL's also code and constraint."""
    psycopg = sys.modules.get("psycopg")  # where it is not loaded, no error is one of it
    if psycopg is None or not isinstance(error, psycopg.Error):
        code = getattr(error, "code", None)
        kind = type(error).__name__
        return f"{kind} {code}" if isinstance(code, str) and code.replace("_", "").isalnum() else kind
    names = (error.sqlstate, error.diag.constraint_name, error.diag.table_name)
    return " ".join((type(error).__name__, *(name for name in names if name)))


def error_origin(error: BaseException) -> str:
    """Return where an error came from and through: file, line and function, outermost first."""
    frames = extract_tb(error.__traceback__)[-_FRAMES_MAX:]
    return " > ".join(_place(frame) for frame in frames)


def route_of(scope: "Scope") -> str:
    """Return the template of the route that a request took, which names no order and no customer."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) else "(no route)"


def _place(frame: FrameSummary) -> str:
    file = Path(frame.filename)
    name = file.relative_to(_PACKAGE) if file.is_relative_to(_PACKAGE) else Path(*file.parts[-2:])
    return f"{name}:{frame.lineno} {frame.name}"


_Line = MutableMapping[str, Any]


def _told_without_values(_logger: Any, _name: str, line: _Line) -> _Line:
    """Put kind and place of an exception, and of what it came from, where its text would be."""
    error = line.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        line["error"], line["at"] = error_kind(error), error_origin(error)
        causes: list[str] = []
        while (error := error.__cause__ or error.__context__) is not None and len(causes) < _CAUSES_MAX:
            causes.append(error_kind(error))
        if causes:
            line["from"] = ", ".join(causes)
    return line
