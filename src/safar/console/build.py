"""The console as one application: the rooms' staff pages behind sign-in."""

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from safar.journal.live import with_live_feed
from safar.kernel.context import Context
from safar.kernel.web.surface import Surface, build_surface


def _page_values(request: Request) -> Mapping[str, Any]:
    return {"staff": getattr(request.state, "staff", None), "nav": []}


async def _health(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


def build_console(context: Context) -> Starlette:
    """Return the staff application."""
    routes = [Route("/health", _health)]
    return build_surface(
        context, Surface("console", _page_values), routes, lifespan=with_live_feed(context.database)
    )
