"""A path without parameters is looked up; what answers it is what the router would have chosen."""

import httpx
import psycopg
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from safar.kernel.context import Context
from safar.kernel.errors import Conflict
from safar.kernel.web.access import PublicRoute, StaffRoute
from safar.kernel.web.surface import ExactPaths, Surface, build_surface


async def _says(request: Request) -> Response:
    name = request.path_params.get("name", "exact")
    return PlainTextResponse(f"{request.scope['route'].path} {name} {request.method}")


async def _refuses(request: Request) -> Response:
    raise Conflict


async def _cannot(request: Request) -> Response:
    raise psycopg.errors.DeadlockDetected


async def _crashes(request: Request) -> Response:
    raise ZeroDivisionError


@pytest.fixture
def client(context: Context) -> httpx.AsyncClient:
    why = "a test"
    routes = [
        PublicRoute("/goods/list", _says, why=why),
        PublicRoute("/goods/{name}", _says, why=why),
        PublicRoute("/goods/hidden", _says, why=why),
        PublicRoute("/goods/sent", _says, methods=["POST"], why=why),
        PublicRoute("/refuses", _refuses, why=why),
        PublicRoute("/refuses/{name}", _refuses, why=why),
        PublicRoute("/cannot", _cannot, why=why),
        PublicRoute("/crashes", _crashes, why=why),
        StaffRoute("/staff", _says, role="agent"),
    ]
    app = build_surface(context, Surface("front", lambda _request: {}), routes)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop.example")


async def _told(client: httpx.AsyncClient, path: str, method: str = "GET") -> tuple[int, str]:
    answer = await client.request(method, path, headers={"accept": "application/json"})
    return answer.status_code, answer.text


async def test_the_first_route_that_fits_answers_whether_or_not_it_is_looked_up(
    client: httpx.AsyncClient,
) -> None:
    assert await _told(client, "/goods/list") == (200, "/goods/list exact GET")
    assert await _told(client, "/goods/hidden") == (200, "/goods/{name} hidden GET")
    assert await _told(client, "/goods/other") == (200, "/goods/{name} other GET")
    assert await _told(client, "/goods/sent", "POST") == (200, "/goods/sent exact POST")
    assert await _told(client, "/goods/sent") == (200, "/goods/{name} sent GET")


async def test_errors_are_answered_the_same_way(client: httpx.AsyncClient) -> None:
    assert await _told(client, "/refuses") == await _told(client, "/refuses/x")
    assert (await _told(client, "/refuses"))[0] == Conflict.status
    assert (await _told(client, "/cannot"))[0] == 503
    assert (await _told(client, "/crashes"))[0] == 500
    assert (await _told(client, "/nowhere"))[0] == 404
    assert (await _told(client, "/goods/list", "DELETE"))[0] == 405
    assert (await _told(client, "/staff"))[0] in (401, 403)


async def test_what_is_looked_up_never_reaches_the_router(context: Context) -> None:
    async def router(scope: object, receive: object, send: object) -> None:
        raise AssertionError

    layer = ExactPaths(router, [PublicRoute("/here", _says, why="a test")], {})
    transport = httpx.ASGITransport(app=layer)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        assert (await client.get("/here")).text == "/here exact GET"
        with pytest.raises(AssertionError):
            await client.get("/elsewhere")
