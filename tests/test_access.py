"""Who may go where: each route says it itself, and every route of both surfaces is tried here as it says."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from safar.console.build import build_console
from safar.front.build import build_front
from safar.gate.site.sites import ensure_site
from safar.gate.tickets.model import SHOP
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.kernel.web.access import PublicRoute, Role, StaffRoute
from safar.kernel.web.surface import Surface, build_surface
from tests.stage.people import signed_in
from tests.stage.serving import Serve
from tests.stage.thorough import THOROUGH

RANKS = {"agent": 1, "manager": 2, "owner": 3}
ANSWERS = ("text/html", "application/json")


@pytest.fixture
async def console(context: Context, serve: Serve) -> str:
    async with context.database.transaction() as connection:
        await ensure_site(connection, SHOP, 50)
    return await serve(build_console(context))


def routes_of(app: Starlette) -> Iterator[tuple[str, str, Role | None]]:
    """Return each route as its method, its path and the lowest role that may; None: anybody at all."""
    for route in app.routes:
        assert isinstance(route, (StaffRoute, PublicRoute))
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, route.path, route.role if isinstance(route, StaffRoute) else None


@pytest.fixture
def routes(context: Context) -> list[tuple[str, str, Role | None]]:
    return list(routes_of(build_console(context)))


def _address(path: str) -> str:
    """Return an address under the route's path: of things that do not exist."""
    return (
        path.replace("{path:path}", "console/none.css")
        .replace("{event_id:int}", "1")
        .format(
            group="shop",
            reader="none",
            id=new_id(),
            customer_id=new_id(),
            staff_id=new_id(),
            verb="start",
            digest="0",
            key=SHOP,
            provider="stripe",
            product_id=new_id(),
            upload_id=new_id(),
            width="320",
            kind="csv",
            slug="none",
            code="NONE",
            name="none",
            which="logo",
            country="GB",
        )
    )


async def _status(client: httpx.AsyncClient, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Return the status and where it leads to, without waiting for the end of a stream."""
    async with client.stream(method, _address(path), headers=headers) as answer:
        return answer.status_code, answer.headers.get("location", "")


async def _answer(_request: Request) -> Response:
    return PlainTextResponse("open")


def test_a_route_that_does_not_say_who_may_use_it_keeps_its_surface_from_starting(context: Context) -> None:
    surface = Surface("console", lambda _request: {})
    for route in (Route("/new", _answer), Mount("/new", routes=[StaffRoute("/x", _answer, role="owner")])):
        with pytest.raises(TypeError, match="does not say who may use it"):
            build_surface(context, surface, [route])


async def test_a_staff_route_on_a_surface_without_a_sign_in_is_closed(context: Context, serve: Serve) -> None:
    route = StaffRoute("/new", _answer, role="agent")
    base = await serve(build_surface(context, Surface("front", lambda _request: {}), [route]))
    async with httpx.AsyncClient(base_url=base) as client:
        answer = await client.get("/new", headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (401, "sign_in_needed")


def test_everything_on_the_front_is_public_on_purpose(context: Context) -> None:
    for route in build_front(context).routes:
        assert isinstance(route, PublicRoute), f"{route}: nobody of the staff signs in on the front"
        assert len(route.why) > 5, f"{route}: say why strangers may use it"


def test_the_console_is_open_to_strangers_only_where_they_sign_in(context: Context) -> None:
    public = {route.path for route in build_console(context).routes if isinstance(route, PublicRoute)}
    assert public == {"/static/{digest}/{path:path}", "/health", "/sign-in"}


async def test_without_a_session_every_page_leads_to_the_sign_in(
    console: str, routes: list[tuple[str, str, Role | None]]
) -> None:
    async with httpx.AsyncClient(base_url=console) as stranger:
        for method, path, role in routes:
            page = await _status(stranger, method, path, accept="text/html")
            program = await _status(stranger, method, path, accept="application/json")
            stream = await _status(stranger, method, path, accept="text/event-stream")
            if role is None:
                assert page[0] not in (303, 403), (method, path)
                continue
            assert page[0] == 303, (method, path)
            assert page[1].startswith("/sign-in?next="), (method, path)
            assert program[0] == stream[0] == 401, (method, path)


async def test_a_forged_or_ended_session_is_no_session(context: Context, console: str) -> None:
    async with await signed_in(context, console, "owner") as owner:
        assert (await owner.get("/staff")).status_code == 200
        token = owner.cookies["staff"]
        assert (await owner.post("/sign-out")).status_code == 303
    for forged in (token, token[:-1] + "x", "", "x" * 5000, "%00", "' OR '1'='1", token.swapcase()):
        async with httpx.AsyncClient(base_url=console) as stranger:
            answer = await stranger.get("/staff", headers={"cookie": f"staff={forged}"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/staff")


@pytest.mark.parametrize("role", ["agent", "manager", "owner"])
async def test_each_role_may_what_its_rank_allows_and_nothing_more(
    context: Context, console: str, routes: list[tuple[str, str, Role | None]], role: str
) -> None:
    async with await signed_in(context, console, role) as client:
        for turn, (method, path, needed) in enumerate(routes):
            if needed is None or path == "/sign-out":
                continue
            may = RANKS[role] >= RANKS[needed]
            # What is refused is refused in both; pages that open take long, so the roles take turns.
            for accept in ANSWERS[(turn + RANKS[role]) % 2 :][:1] if may and not THOROUGH else ANSWERS:
                status, leads_to = await _status(client, method, path, accept=accept)
                if may:
                    assert status not in (401, 403), (method, path, status)
                    assert status < 500, (method, path, status)
                    assert not leads_to.startswith("/sign-in"), (method, path)
                else:
                    assert status == 403, (method, path, status)


async def test_a_write_sent_by_another_site_is_refused_on_every_route(
    context: Context, console: str, routes: list[tuple[str, str, Role | None]]
) -> None:
    async with await signed_in(context, console, "owner") as client:
        for method, path, _role in routes:
            if method == "GET":
                continue
            foreign = await _status(client, method, path, **{"sec-fetch-site": "cross-site"})
            origin = await _status(client, method, path, origin="https://evil.example")
            assert foreign[0] == origin[0] == 403, (method, path)
