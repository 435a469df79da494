"""The console as staff sees it."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.console.sentences import SENTENCES
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.web.actor import Actor
from safar.kernel.web.surface import Surface, build_surface
from safar.shop.console import pages
from tests.stage.serving import Serve

STAFF_ID = new_id()


class SignedIn:
    """In place of the sign-in: the role that the request names, or nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        role = dict(scope["headers"]).get(b"x-role", b"").decode()
        actor = Actor(STAFF_ID, "staff@safar.example", "Sam", role) if role else None
        scope["state"] = {**scope.get("state", {}), "staff": actor}
        await self._app(scope, receive, send)


def page_values(request: Request) -> Mapping[str, Any]:
    return {"shop_name": "Safar", "staff": request.state.staff, "nav": []}


@pytest.fixture
async def desk(context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser on the console."""
    app = build_surface(context, Surface("console", page_values), pages.routes, inside=[SignedIn])
    app.state.sentences = SENTENCES
    base = await serve(app)
    async with httpx.AsyncClient(base_url=base, headers={"x-role": "manager"}, timeout=20) as client:
        yield client


def figure(text: str, label: str) -> str:
    """Return the figure shown under `label`."""
    found = re.search(rf'stat-label">{label}</div><div class="stat-value">(?:<a[^>]*>)?([^<]+)', text)
    assert found, label
    return found[1]
