"""A visitor is known by a signed cookie alone; nobody can make one up."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse

from safar.customers.visitor import COOKIE, VisitorLayer, came_by, visitor_of
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.surface import Surface, build_surface
from tests.stage.serving import Serve

SEND, CAMPAIGN = new_id(), new_id()


def _nothing(request: Request) -> Mapping[str, Any]:
    return {"shop_name": "Safar"}


async def _who(request: Request) -> JSONResponse:
    visitor = visitor_of(request)
    return JSONResponse(
        {
            "visitor": str(visitor.visitor_id),
            "customer": str(visitor.customer_id),
            "campaign": str(visitor.campaign_id),
            "link": str(visitor.link_id),
        }
    )


async def _link(request: Request) -> JSONResponse:
    came_by(request, campaign_id=CAMPAIGN, link_id=SEND)
    return await _who(request)


@pytest.fixture
async def base(context: Context, serve: Serve) -> str:
    routes = [
        PublicRoute("/who", _who, why="a test"),
        PublicRoute("/link", _link, why="a test"),
        PublicRoute("/health", _who, why="a test"),
    ]
    app: Starlette = build_surface(
        context, Surface("front", _nothing), routes, inside=[lambda app: VisitorLayer(app, context)]
    )
    return await serve(app)


async def test_a_new_visitor_keeps_the_same_identity(base: str) -> None:
    async with httpx.AsyncClient(base_url=base) as client:
        first = await client.get("/who")
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
        second = await client.get("/who")
        assert second.json() == first.json()
        assert "set-cookie" not in second.headers
    assert first.json()["visitor"] == first.json()["customer"]
    UUID(first.json()["visitor"])


@pytest.mark.finding("security-2")
async def test_who_follows_a_link_came_by_it_and_stays_who_they_are(base: str) -> None:
    async with httpx.AsyncClient(base_url=base) as client:
        before = (await client.get("/who")).json()
        await client.get("/link")
        after = (await client.get("/who")).json()
    came = {"campaign": str(CAMPAIGN), "link": str(SEND)}
    assert after == {"visitor": before["visitor"], "customer": before["visitor"], **came}


@pytest.mark.parametrize("spoil", ["cut", "changed", "foreign", "html", "long"])
async def test_a_forged_cookie_is_a_new_visitor(base: str, context: Context, spoil: str) -> None:
    async with httpx.AsyncClient(base_url=base) as client:
        mine = (await client.get("/link")).json()
        good = client.cookies[COOKIE]
    forged = {
        "cut": good[:-3],
        "changed": "A" + good[1:] if good[0] != "A" else "B" + good[1:],
        "foreign": context.vault.sign("order", f"{mine['visitor']}.."),
        "html": "<script>alert(1)</script>'--",
        "long": "a" * 3000,
    }[spoil]
    async with httpx.AsyncClient(base_url=base, headers={"cookie": f"{COOKIE}={forged}"}) as client:
        answer = await client.get("/who")
    assert answer.status_code == 200
    assert answer.json()["visitor"] != mine["visitor"]
    assert answer.json()["customer"] == answer.json()["visitor"]
    assert COOKIE in answer.headers["set-cookie"]


async def test_no_cookie_is_put_on_what_caches_share(base: str) -> None:
    async with httpx.AsyncClient(base_url=base) as client:
        assert "set-cookie" not in (await client.get("/health")).headers


async def test_visitors_at_the_same_time_are_not_mixed_up(base: str) -> None:
    async with httpx.AsyncClient(base_url=base) as client:
        seen = set()
        for _turn in range(20):
            client.cookies.clear()
            seen.add((await client.get("/who")).json()["visitor"])
    assert len(seen) == 20
