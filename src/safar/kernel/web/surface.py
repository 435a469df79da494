"""A surface is one web application (front, console): the rooms' routes behind one edge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

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


class SurfaceApp(Starlette):
    """Starlette without its outermost error middleware: unhandled errors are answered by the edge."""

    def build_middleware_stack(self) -> ASGIApp:
        handlers = dict(self.exception_handlers)
        app: ASGIApp = ExactPaths(
            ExceptionMiddleware(self.router, handlers=cast("Any", handlers)), self.router.routes, handlers
        )
        for layer, args, kwargs in reversed(self.user_middleware):
            app = layer(app, *args, **kwargs)
        return app


class StraightPaths:
    """Lets what proves itself by its signature go straight to its routes: it is no visitor and waits at no
    gate."""

    def __init__(
        self,
        app: ASGIApp,
        routes: Sequence[BaseRoute],
        begin: tuple[str, ...],
        handlers: Mapping[Any, Any],
    ) -> None:
        """`handlers`: who answers which error, as for all other routes."""
        self._app = app
        self._begin = begin
        own = [route for route in routes if getattr(route, "path", "").startswith(begin)]
        self._router = ExceptionMiddleware(Router(own), handlers=cast("Any", handlers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(self._begin):
            await self._router(scope, receive, send)
            return
        await self._app(scope, receive, send)


class ExactPaths:
    """The innermost layer: looks a path without parameters up, where the router tries route after route."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], handlers: Mapping[Any, Any]) -> None:
        self._app = app
        by_class = {kind: handler for kind, handler in handlers.items() if isinstance(kind, type)}
        # Where a route looks for who answers its errors.
        self._handlers = (
            by_class,
            {kind: handler for kind, handler in handlers.items() if kind not in by_class},
        )
        self._exact: dict[tuple[str, str], tuple[BaseRoute, Mapping[str, Any]]] = {}
        for route in routes:
            if isinstance(route, Route) and not route.param_convertors:
                for method in route.methods or ():
                    if first := _first_match(routes, method, route.path):
                        self._exact[method, route.path] = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exact = None
        if scope["type"] == "http" and not scope.get("root_path"):
            exact = self._exact.get((scope["method"], scope["path"]))
        if exact is None:
            await self._app(scope, receive, send)
            return
        route, matched = exact
        scope["starlette.exception_handlers"] = self._handlers
        scope["route"] = route
        scope.update(matched)
        await route.handle(scope, receive, send)


def _first_match(
    routes: Sequence[BaseRoute], method: str, path: str
) -> tuple[BaseRoute, Mapping[str, Any]] | None:
    """Return the route that the router would choose, and what it adds to the scope."""
    scope = {"type": "http", "method": method, "path": path, "root_path": ""}
    for route in routes:
        match, child_scope = route.matches(scope)
        if match is Match.FULL:
            return route, child_scope
    return None


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
    app = SurfaceApp(
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
    if surface.signed:
        app.add_middleware(
            StraightPaths, routes=routes, begin=surface.signed, handlers=dict(app.exception_handlers)
        )
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
