"""Who may go where: every route of both surfaces is listed here; a new one that is not fails the test."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from safar.console.build import build_console
from safar.front.build import build_front
from safar.gate.actions import ensure_site
from safar.gate.model import SHOP
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from tests.conftest import Serve
from tests.team.helper import signed_in

RANKS = {"agent": 1, "manager": 2, "owner": 3}

# The lowest role that may; None: anybody, signed in or not.
CONSOLE: dict[tuple[str, str], str | None] = {
    ("GET", "/static/{digest}/{path:path}"): None,
    ("GET", "/health"): None,
    ("GET", "/sign-in"): None,
    ("POST", "/sign-in"): None,
    ("POST", "/sign-out"): "agent",
    ("GET", "/password"): "agent",
    ("POST", "/password"): "agent",
    ("GET", "/"): "agent",
    ("GET", "/today/stream"): "agent",
    ("GET", "/customers"): "agent",
    ("GET", "/customers/{customer_id}"): "agent",
    ("GET", "/customers/{customer_id}/timeline"): "agent",
    ("GET", "/campaigns"): "agent",
    ("GET", "/campaigns/{id}"): "agent",
    ("GET", "/campaigns/{id}/stream"): "agent",
    ("GET", "/campaigns/new"): "manager",
    ("GET", "/campaigns/products"): "manager",
    ("POST", "/campaigns"): "manager",
    ("POST", "/campaigns/preview"): "manager",
    ("POST", "/campaigns/reach"): "manager",
    ("POST", "/campaigns/{id}/{verb}"): "manager",
    ("GET", "/journey"): "agent",
    ("GET", "/journey/report"): "agent",
    ("GET", "/inbox"): "agent",
    ("GET", "/inbox/stream"): "agent",
    ("GET", "/inbox/{id}"): "agent",
    ("POST", "/inbox/{id}/messages"): "agent",
    ("POST", "/inbox/{id}/assignee"): "agent",
    ("POST", "/inbox/{id}/closure"): "agent",
    ("POST", "/inbox/{id}/reopening"): "agent",
    ("GET", "/channels"): "agent",
    ("POST", "/channels/messages/{id}/retry"): "agent",
    ("GET", "/channels/mails/{id}"): "agent",
    ("GET", "/gate"): "manager",
    ("GET", "/gate/figures"): "manager",
    ("POST", "/gate/capacity"): "manager",
    ("POST", "/gate/end"): "manager",
    ("POST", "/gate/open"): "manager",
    ("GET", "/orders"): "agent",
    ("GET", "/orders/{id}"): "agent",
    ("POST", "/orders/{id}/shipped"): "agent",
    ("POST", "/orders/{id}/delivered"): "agent",
    ("POST", "/orders/{id}/cancelled"): "manager",
    ("GET", "/catalogue"): "agent",
    ("POST", "/catalogue/{id}/price"): "manager",
    ("GET", "/stock"): "agent",
    ("GET", "/stock/{id}"): "agent",
    ("POST", "/stock/{id}/receive"): "manager",
    ("POST", "/stock/{id}/adjust"): "manager",
    ("GET", "/staff"): "owner",
    ("POST", "/staff"): "owner",
    ("POST", "/staff/{staff_id}/disable"): "owner",
    ("POST", "/staff/{staff_id}/renew"): "owner",
    ("GET", "/audit"): "manager",
}

# Everything on the front is open to strangers: on purpose, for this reason.
FRONT: dict[tuple[str, str], str] = {
    ("GET", "/static/{digest}/{path:path}"): "files that are the same for everybody",
    ("GET", "/health"): "says only that the process lives",
    ("GET", "/ready"): "says only that the database answers",
    ("GET", "/robots.txt"): "for search engines",
    ("GET", "/favicon.ico"): "an icon",
    ("GET", "/"): "the shop window",
    ("GET", "/p/{slug}"): "a product",
    ("GET", "/cart"): "the cart of the signed cookie",
    ("POST", "/cart/lines"): "the cart of the signed cookie",
    ("POST", "/cart/lines/{sku}"): "the cart of the signed cookie",
    ("POST", "/cart/lines/{sku}/remove"): "the cart of the signed cookie",
    ("GET", "/checkout"): "the cart of the signed cookie",
    ("POST", "/checkout"): "anybody may buy",
    ("POST", "/buy"): "anybody may buy",
    ("GET", "/orders/{signed}"): "whoever has the signed link",
    ("GET", "/chat"): "anybody may ask; shows the thread of the signed cookie",
    ("POST", "/chat/messages"): "anybody may ask",
    ("GET", "/chat/history"): "the thread of the signed cookie",
    ("GET", "/chat/stream"): "the thread of the signed cookie",
    ("GET", "/l/{token}"): "whoever has the signed link",
    ("GET", "/unsubscribe/{token}"): "whoever has the signed link",
    ("POST", "/unsubscribe/{token}"): "whoever has the signed link",
    ("GET", "/wait"): "the queue, with the signed ticket",
    ("GET", "/wait/poll"): "the queue, with the signed ticket",
    ("POST", "/leave"): "gives back the place of the signed pass",
}


@pytest.fixture
async def console(context: Context, serve: Serve) -> str:
    async with context.database.transaction() as connection:
        await ensure_site(connection, SHOP, 50)
    return await serve(build_console(context))


def routes_of(app: Starlette) -> Iterator[tuple[str, str]]:
    for route in app.routes:
        assert isinstance(route, Route), f"{route}: say in this test who may go there"
        for method in (route.methods or set()) - {"HEAD"}:
            yield method, route.path


def _address(path: str) -> str:
    """Return an address under the route's path: of things that do not exist."""
    return path.replace("{path:path}", "console/none.css").format(
        id=new_id(), customer_id=new_id(), staff_id=new_id(), verb="start", digest="0"
    )


async def _status(client: httpx.AsyncClient, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Return the status and where it leads to, without waiting for the end of a stream."""
    async with client.stream(method, _address(path), headers=headers) as answer:
        return answer.status_code, answer.headers.get("location", "")


def test_every_route_of_the_console_is_on_the_list(context: Context) -> None:
    assert set(routes_of(build_console(context))) == CONSOLE.keys()


def test_every_route_of_the_front_is_public_on_purpose(context: Context) -> None:
    assert set(routes_of(build_front(context))) == FRONT.keys()


async def test_without_a_session_every_page_leads_to_the_sign_in(console: str) -> None:
    async with httpx.AsyncClient(base_url=console) as stranger:
        for (method, path), role in CONSOLE.items():
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
    context: Context, console: str, role: str
) -> None:
    async with await signed_in(context, console, role) as client:
        for (method, path), needed in CONSOLE.items():
            if needed is None or path == "/sign-out":
                continue
            for accept in ("text/html", "application/json"):
                status, leads_to = await _status(client, method, path, accept=accept)
                if RANKS[role] >= RANKS[needed]:
                    assert status not in (401, 403), (method, path, status)
                    assert status < 500, (method, path, status)
                    assert not leads_to.startswith("/sign-in"), (method, path)
                else:
                    assert status == 403, (method, path, status)


async def test_a_write_sent_by_another_site_is_refused_on_every_route(context: Context, console: str) -> None:
    async with await signed_in(context, console, "owner") as client:
        for method, path in CONSOLE:
            if method == "GET":
                continue
            foreign = await _status(client, method, path, **{"sec-fetch-site": "cross-site"})
            origin = await _status(client, method, path, origin="https://evil.example")
            assert foreign[0] == origin[0] == 403, (method, path)
