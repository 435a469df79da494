"""Who may use a route stands where the route is: staff of a role at least, or everybody for a reason."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.kernel.errors import Forbidden
from safar.kernel.web.actor import actor_of

Role = Literal["agent", "manager", "owner"]
Endpoint = Callable[[Request], Awaitable[Response]]


class StaffRoute(Route):
    """A route for signed-in staff of at least this role; nobody else gets as far as its endpoint."""

    def __init__(
        self, path: str, endpoint: Endpoint, *, role: Role, methods: list[str] | None = None
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.role: Role = role
        self.app = _for_staff(self.app, role)


class PublicRoute(Route):
    """A route that is open to strangers, on purpose: `why` says what makes that right."""

    def __init__(self, path: str, endpoint: Endpoint, *, why: str, methods: list[str] | None = None) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.why = why


def check_declared(routes: Iterable[BaseRoute]) -> None:
    """Raise TypeError for a route that does not say who may use it."""
    for route in routes:
        if not isinstance(route, (StaffRoute, PublicRoute)):
            raise TypeError(f"{route} does not say who may use it: make it a StaffRoute or a PublicRoute")


def _for_staff(app: ASGIApp, role: Role) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if not actor_of(Request(scope)).may(role):
            raise Forbidden
        await app(scope, receive, send)

    return guarded
