"""Bad input on every route that writes: a clear error in the reader's language, and nothing written."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from safar.catalogue.actions import import_products, variant_id_of
from safar.channels.actions import ensure_channels
from safar.console.build import build_console
from safar.customers.visitor import Visitor, signed
from safar.front.build import build_front
from safar.gate.site.sites import ensure_site
from safar.gate.tickets.model import SHOP
from safar.inbox.webhooks import SIGNED_PATHS
from safar.kernel.context import Context
from safar.kernel.ids import derived_id, new_id
from safar.kernel.secrets import Vault
from safar.payments.public import SIGNED_PATHS as PAYMENT_NOTICES
from safar.stock import actions as stock
from safar.stock.model import MAIN, StockReceipt
from tests.stage.hostile import GARBAGE, IDS, NUMBERS, SEGMENTS, TAGS, TOO_MUCH, UNREADABLE, WORDS
from tests.stage.people import signed_in
from tests.stage.serving import Serve
from tests.stage.shop import ITEMS
from tests.stage.writes import CONSOLE, FRONT, MUG, Write, buyer

LANGUAGES = ("en", "fa")
# Written on purpose when something is refused: a wrong password is counted, and in the audit log.
_MAY_GROW = {"staff_sign_in_failures"}
_TRIED_DOORS = {"/sign-in", "/password"}


@pytest.fixture
async def shop(context: Context) -> None:
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
        await stock.ensure_locations(connection)
        await ensure_site(connection, SHOP, 5000)
        await import_products(connection, ITEMS)
        receipts = [StockReceipt(new_id(), variant_id_of("MUG"), MAIN, 500, "delivery", None, None)]
        await stock.receive_stock_many(connection, receipts)


@asynccontextmanager
async def _surface(name: str, context: Context, serve: Serve) -> AsyncIterator["Client"]:
    """Serve a surface; its client is inside the shop with something in the cart, or signed in as owner."""
    if name == "console":
        base = await serve(build_console(context))
        async with await signed_in(context, base) as http, Client(context, http) as client:
            yield client
        return
    base = await serve(build_front(context))
    async with httpx.AsyncClient(base_url=base) as http:
        assert (await http.get("/")).status_code == 200
        assert (await http.post("/cart/lines", data={"sku": "MUG"})).status_code == 303
        async with Client(context, http) as client:
            yield client


class Client:
    """Sends what should be refused, and looks at the tables before and after."""

    def __init__(self, context: Context, http: httpx.AsyncClient) -> None:
        self.context = context
        self.http = http
        self._known: tuple[str, dict[str, int]] = ("", {})  # what a snapshot of the database showed

    async def __aenter__(self) -> "Client":
        # One connection with one prepared statement: the tables are counted thousands of times.
        self._lent = self.context.database.connection()
        self._connection = await self._lent.__aenter__()
        found = await self._connection.execute("SELECT relname FROM pg_stat_user_tables ORDER BY relname")
        tables = [name for (name,) in await found.fetchall() if name not in _MAY_GROW]
        self._counts = " UNION ALL ".join(
            [
                "SELECT '', 0, pg_current_snapshot()::text",
                *(f"SELECT '{name}', count(*), '' FROM {name}" for name in tables),
            ]
        ).encode()
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self._lent.__aexit__(*error)

    async def rows(self) -> dict[str, int]:
        """Return how many rows each table has: counted, unless nothing has been written since the last time.

        A snapshot names the transactions that it sees: while it is the same, so is every table.
        """
        seen = await self._connection.execute("SELECT pg_current_snapshot()::text", prepare=True)
        if await seen.fetchone() != (self._known[0],):
            counted = await self._connection.execute(self._counts, prepare=True)
            (_name, _count, snapshot), *rows = await counted.fetchall()
            self._known = snapshot, {name: count for name, count, _snapshot in rows}
        return self._known[1]

    async def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send; whatever comes back is an answer that a person or a program can use."""
        answer = await self.http.request(method, path, **request)
        assert answer.status_code < 500 or answer.status_code == 503, (path, request, answer.text[:300])
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert not [tag for tag in TAGS if tag in answer.text], (path, request)
        return answer

    async def refused(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send what must be refused: a 4xx that says why, and no row more or less."""
        before = await self.rows()
        answer = await self.send(method, path, **request)
        assert 400 <= answer.status_code < 500, (path, request, answer.status_code)
        await self._same(before, path, request)
        return answer

    async def tried(self, method: str, path: str, **request: Any) -> None:
        """Send what may be taken or refused; what was refused has written nothing."""
        before = await self.rows()
        answer = await self.send(method, path, **request)
        if answer.status_code >= 400:
            await self._same(before, path, request)

    async def _same(self, before: dict[str, int], path: str, request: dict[str, Any]) -> None:
        assert await self.rows() == before, (path, request)


def _writes(app: Starlette) -> Iterator[str]:
    for route in app.routes:
        if isinstance(route, Route) and (route.methods or set()) - {"GET", "HEAD"}:
            yield route.path


def _address(context: Context, path: str) -> str:
    """Return an address of the route: a thing that is there for the catalogue, else one that is not."""
    token = context.vault.sign("link", "x")
    named = {
        "customer_id": new_id(),
        "sku": "MUG",
        "verb": "start",
        "staff_id": new_id(),
        "key": SHOP,
        "token": token,
    }
    named["provider"] = "transfer"
    named |= {"product_id": derived_id("product", UUID(MUG)), "digest": "0" * 32, "width": "320"}
    named |= {"upload_id": new_id(), "kind": "pdf", "slug": "none"}
    named |= {"signed": token, "code": "NONE", "country": "none", "reader": "none", "group": "times"}
    named |= {"name": "none", "which": "logo"}
    path = path.replace("{event_id:int}", "1")
    return path.format(id=MUG if path.startswith(("/catalogue", "/stock")) else new_id(), **named)


@pytest.mark.parametrize(("build", "listed"), [(build_front, FRONT), (build_console, CONSOLE)])
def test_every_route_that_writes_is_tried_here(
    build: Any, listed: dict[str, Write], context: Context
) -> None:
    assert set(_writes(build(context))) == listed.keys()


@pytest.mark.parametrize(("name", "listed"), [("front", FRONT), ("console", CONSOLE)])
@pytest.mark.usefixtures("shop")
async def test_a_body_that_cannot_be_read_is_refused_in_the_readers_language(
    name: str, listed: dict[str, Write], context: Context, serve: Serve
) -> None:
    async with _surface(name, context, serve) as client:
        for turn, (path, write) in enumerate(listed.items()):
            for number, body in enumerate(UNREADABLE):
                if write.bodyless and body is not TOO_MUCH:
                    continue
                if body is TOO_MUCH and path.startswith(
                    (*SIGNED_PATHS, *PAYMENT_NOTICES)
                ):  # providers post as much as 4 MB
                    continue
                # The console has one reader for all its forms: each route meets a third of the bodies.
                if name == "console" and body is not TOO_MUCH and (turn + number) % 3:
                    continue
                address, headers = _address(context, path), {"content-type": body.kind}
                told = []
                # Both languages for each body, over the routes, and for each route, over the bodies.
                for language in LANGUAGES if (turn + number) % 4 == 0 else LANGUAGES[:1]:
                    answer = await client.refused(
                        "POST",
                        address,
                        content=body.content,
                        headers={**headers, "accept-language": language},
                    )
                    assert answer.status_code in body.status, (path, body.name, answer.status_code)
                    told.append(_message(answer, language))
                assert len(set(told)) == len(told), (path, body.name, told)


def _message(answer: httpx.Response, language: str) -> str:
    """Return what the answer says; a page must be in the language, and in its direction."""
    if answer.headers["content-type"].startswith("application/json"):
        told = answer.json()
        assert told["error"]
        assert told["message"]
        return str(told["message"])
    direction = "rtl" if language == "fa" else "ltr"
    assert re.search(rf'<html lang="{language}"[^>]* dir="{direction}"', answer.text), answer.text[:200]
    return answer.text


@pytest.mark.parametrize(("name", "listed"), [("front", FRONT), ("console", CONSOLE)])
@pytest.mark.usefixtures("shop")
async def test_hostile_values_in_every_field_are_refused_or_kept_as_text(
    name: str, listed: dict[str, Write], context: Context, serve: Serve
) -> None:
    async with _surface(name, context, serve) as client:
        for path, write in listed.items():
            for turn, field in enumerate(write.body):
                await _try_field(client, path, write, field, turn, public=name == "front")
        for shown in (
            "/",
            "/cart",
            "/chat",
            "/catalogue",
            "/stock",
            "/campaigns",
            "/inbox",
            "/staff",
            "/audit",
        ):
            await client.send("GET", shown)


async def _try_field(client: Client, path: str, write: Write, field: str, turn: int, *, public: bool) -> None:
    """Send hostile values in one field of an otherwise good body, as a form and as JSON.

    The public gets all of them in every field, by turns in one way and the other. For staff, whose forms are
    all read by the same reader, the fields take turns: each gets a sixth of the values, one of them as JSON.
    """
    refused = [
        *(NUMBERS[write.signed :] if field in write.numbers else ()),
        *(IDS if field in write.ids else ()),
    ]
    exact = field in write.numbers | write.ids
    values = list(dict.fromkeys([*refused, *GARBAGE, *WORDS]))
    for number, value in enumerate(values if public else values[turn % 6 :: 6]):
        body = {**write.body, field: value}
        for key in {"id", "order_id", "move_id", "campaign_id"} & body.keys() - {field}:
            body[key] = str(new_id())
        must = exact and not (field == "quantity" and value in ("", " ") and path == "/cart/lines")
        for form in ((turn + number) % 2 == 0,) if public else (True, False)[: 2 if number == 0 else 1]:
            address = _address(client.context, path)
            request: dict[str, Any] = {"data": body} if form else {"json": body}
            if path == "/checkout":  # an order that was taken has emptied the cart
                await client.send("POST", "/cart/lines", data={"sku": "MUG"})
            if must:
                await client.refused("POST", address, **request)
                continue
            if path in _TRIED_DOORS:
                await client.send("POST", address, **request)
            else:
                await client.tried("POST", address, **request)


@pytest.mark.parametrize(("name", "listed"), [("front", FRONT), ("console", CONSOLE)])
@pytest.mark.usefixtures("shop")
async def test_hostile_addresses_and_wrong_methods_are_refused(
    name: str, listed: dict[str, Write], context: Context, serve: Serve
) -> None:
    build = build_front if name == "front" else build_console
    routes = [route for route in build(context).routes if isinstance(route, Route)]
    async with _surface(name, context, serve) as client:
        for route in routes:
            for turn, slot in enumerate(
                re.findall(r"{[^}]+}", route.path) if "static" not in route.path else ()
            ):
                turn += len(route.path)  # noqa: PLW2901 - which third: another one for each address
                for segment in SEGMENTS if name == "front" else SEGMENTS[turn % 3 :: 3]:
                    path = _address(
                        context,
                        route.path.replace(slot, segment, 1)
                        .replace("{signed}", "x")
                        .replace("{slug}", "x")
                        .replace("{customer_id}", "x"),
                    )
                    for method in (route.methods or set()) - {"HEAD"}:
                        body = listed[route.path].body if method == "POST" else None
                        await client.refused(method, path, data=body)
        for path in {route.path for route in routes if "{" not in route.path}:
            taken = set().union(*(route.methods or set() for route in routes if route.path == path))
            for method in {"POST", "PUT", "PATCH", "DELETE"} - taken:
                answer = await client.refused(method, path)
                assert answer.status_code == 405, (method, path, answer.status_code)


@pytest.mark.parametrize("query", [*WORDS, *GARBAGE[:4], "-1", "99999999999999999999", "١"])
@pytest.mark.parametrize("name", ["front", "console"])
@pytest.mark.usefixtures("shop")
async def test_hostile_queries_are_answered_with_a_page(
    name: str, query: str, context: Context, serve: Serve
) -> None:
    names = (
        "q",
        "page",
        "category",
        "next",
        "before",
        "after",
        "state",
        "folder",
        "lang",
        "campaign",
        "open",
        "kind",
    )
    pages = {
        "front": (
            "/",
            "/p/none",
            "/c/none",
            "/search",
            "/search/suggestions",
            "/wishlist",
            "/back-in-stock",
            "/sitemap.xml",
            "/cart",
            "/checkout",
            "/chat",
            "/chat/history",
            "/wait",
            "/wait/poll",
        ),
        "console": (
            "/",
            "/customers",
            "/campaigns",
            "/campaigns/products",
            "/journey",
            "/journey/report",
            "/inbox",
            "/channels",
            "/gate",
            "/orders",
            "/catalogue",
            "/stock",
            "/audit",
            "/sign-in",
        ),
    }
    async with _surface(name, context, serve) as client:
        for path in pages[name]:
            await client.send("GET", path, params=dict.fromkeys(names, query))
        for path in ("/stock/" + MUG,) if name == "console" else ("/p/retrospot-mug-mug",):
            await client.send("GET", path, params=dict.fromkeys(names, query))


@pytest.mark.usefixtures("shop")
async def test_forged_cut_and_foreign_signatures_open_nothing(context: Context, serve: Serve) -> None:
    """Cookies and links of another installation, of another purpose, cut short, or changed a little."""
    other = Vault("somebody else's secret")
    owner = Visitor(new_id(), new_id(), new_id())
    good = signed(context.vault, owner)
    forged = [
        "",
        ".",
        "x",
        "a.b.c",
        "%00",
        "x" * 4000,
        good[:-1],
        good[:-2] + "AA",
        signed(other, owner),
        context.vault.sign("order", "x"),
        context.vault.sign("visitor", ["not", "text"]),
        context.vault.sign("cart", {"a": 1}),
        context.vault.sign("pass", 7),
    ]
    # Whoever brings no cookie of ours is on a first page each time, of which a network has so many a minute.
    context = replace(
        context, settings=context.settings.model_copy(update={"gate_first_pages_per_minute": 9999})
    )
    base = await serve(build_front(context))
    async with httpx.AsyncClient(base_url=base) as http, Client(context, http) as client:
        for text in forged:
            for cookie in ("visitor", "cart", "pass", "ticket", "lang", "currency"):
                for path in ("/", "/cart", "/chat/history", "/wait", "/wait/poll"):
                    http.cookies.clear()
                    answer = await client.send("GET", path, headers={"cookie": f"{cookie}={text}"})
                    assert answer.status_code in (200, 303, 403, 410), (cookie, text, path)
                    if path == "/chat/history":
                        assert answer.json() == {"messages": []}
            http.cookies.clear()
            for path in ("/orders/", "/l/", "/unsubscribe/"):
                answer = await client.refused(
                    "GET", f"{path}{httpx.URL('/' + text).raw_path.decode()[1:] or 'x'}"
                )
                assert answer.status_code in (400, 404), (path, text, answer.status_code)


@pytest.mark.usefixtures("shop")
async def test_another_visitors_order_id_says_nothing_about_the_order(context: Context, serve: Serve) -> None:
    base = await serve(build_front(context))
    order = {"id": str(new_id()), "sku": "MUG", "quantity": 1, **buyer()}
    async with (
        httpx.AsyncClient(base_url=base) as ada,
        httpx.AsyncClient(base_url=base) as stranger,
        Client(context, stranger) as client,
    ):
        await ada.get("/")
        first = await ada.post("/buy", json=order)
        assert first.status_code == 201
        await stranger.get("/")
        own = await stranger.post("/buy", json={**order, "email": "eve@customers.example"})
        assert own.status_code == 201
        assert own.json()["order"] != first.json()["order"]
        for other in ({"quantity": 2}, {"name": "Eve"}, {"address": "9 Back Lane"}):
            answer = await client.refused("POST", "/buy", json={**order, **other})
            assert (answer.status_code, answer.json()["error"]) == (409, "same_key_other_body")
            assert "url" not in answer.json()


@pytest.mark.usefixtures("shop")
async def test_what_strangers_wrote_is_only_text_on_the_pages_of_the_staff(
    context: Context, serve: Serve
) -> None:
    front, console = await serve(build_front(context)), await serve(build_console(context))
    async with httpx.AsyncClient(base_url=front) as stranger:
        await stranger.get("/")
        for text in WORDS:
            said = await stranger.post("/chat/messages", json={"id": str(new_id()), "text": text})
            assert said.status_code == 201
            bought = {
                **buyer(),
                "id": str(new_id()),
                "sku": "MUG",
                "quantity": 1,
                "name": text,
                "address": text,
            }
            assert (await stranger.post("/buy", json=bought)).status_code in (201, 422)
    async with await signed_in(context, console) as owner, Client(context, owner) as client:
        pages = ["/", "/inbox", "/orders", "/customers", "/audit", "/channels"]
        for listing in ("/inbox", "/orders", "/customers"):
            found = re.findall(
                rf'href="({listing}/[0-9a-f-]{{36}})', (await client.send("GET", listing)).text
            )
            assert found, listing
            pages += dict.fromkeys(found)
        shown = [await client.send("GET", path) for path in pages]
        assert [(page.url, page.status_code) for page in shown if page.status_code != 200] == []
        assert any("&lt;script&gt;alert(1)" in page.text for page in shown), "shown, as the text it is"
