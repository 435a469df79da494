"""A surface is one web application (front, console): the rooms' routes behind one edge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from safar.kernel import errors
from safar.kernel.context import Context
from safar.kernel.database import connection_lost
from safar.kernel.log import error_kind, log, route_of
from safar.kernel.web.access import check_declared
from safar.kernel.web.edge import Edge
from safar.kernel.web.pages import error_response
from safar.kernel.web.static import static_routes


@dataclass(frozen=True, slots=True)
class Surface:
    """How a surface looks: the folder of its layout and error page, and what every page of it gets."""

    name: str
    page_values: Callable[[Request], Mapping[str, Any]]
    uploads: bool = False
    signed: tuple[str, ...] = ()


def build_surface(
    context: Context,
    surface: Surface,
    routes: Sequence[BaseRoute],
    *,
    inside: Sequence[Callable[[ASGIApp], ASGIApp]] = (),
    lifespan: Any = None,
) -> Starlette:
    """Return the application of `surface`: `routes` behind the edge, `inside` layers between them.

    Raises TypeError for a route that does not say who may use it.
    """
    check_declared(routes)
    app = Starlette(
        routes=[*static_routes(), *routes],
        exception_handlers={
            errors.SafarError: _on_safar_error,
            HTTPException: _on_http_exception,
            psycopg.errors.LockNotAvailable: _on_busy,
            psycopg.errors.QueryCanceled: _on_busy,
            psycopg.errors.DeadlockDetected: _on_busy,
            psycopg.OperationalError: _on_busy,
            psycopg.DataError: _on_unfit_value,
        },
        lifespan=lifespan,
    )
    app.state.context = context
    app.state.surface = surface
    for layer in reversed(inside):
        app.add_middleware(cast("Any", layer))
    app.add_middleware(Edge, context=context, uploads=surface.uploads, signed=surface.signed)
    return app


async def _on_safar_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.SafarError)
    return error_response(request, error)


_BY_STATUS: dict[int, type[errors.SafarError]] = {
    400: errors.BadRequest,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
}


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_response(request, _BY_STATUS.get(error.status_code, errors.BadRequest)())


async def _on_busy(request: Request, error: Exception) -> Response:
    log.warning("request.busy", route=route_of(request.scope), error=error_kind(error))
    lost = connection_lost(error)  # perhaps after its commit was sent
    return error_response(request, errors.Interrupted() if lost else errors.Overloaded())


async def _on_unfit_value(request: Request, error: Exception) -> Response:
    """Answer a value that no check has caught and the database cannot hold: a NUL, a number too large."""
    log.warning("request.unfit_value", route=route_of(request.scope), error=error_kind(error))
    return error_response(request, errors.BadRequest())
