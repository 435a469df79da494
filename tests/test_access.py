"""Who may go where: every route of both surfaces is listed here; a new one that is not fails the test."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from safar.console.build import build_console
from safar.front.build import build_front
from safar.gate.model import SHOP
from safar.gate.sites import ensure_site
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
    ("POST", "/gate/sites"): "manager",
    ("POST", "/gate/rooms"): "manager",
    ("GET", "/gate/{key}"): "manager",
    ("GET", "/gate/{key}/figures"): "manager",
    ("POST", "/gate/{key}/capacity"): "manager",
    ("POST", "/gate/{key}/pace"): "manager",
    ("POST", "/gate/{key}/opening"): "manager",
    ("POST", "/gate/{key}/message"): "manager",
    ("POST", "/gate/{key}/state"): "manager",
    ("POST", "/gate/{key}/invitations"): "manager",
    ("POST", "/gate/{key}/removal"): "manager",
    ("GET", "/prices"): "manager",
    ("GET", "/prices/codes"): "manager",
    ("POST", "/prices/codes"): "manager",
    ("GET", "/prices/codes/{code}"): "manager",
    ("POST", "/prices/codes/{code}"): "manager",
    ("GET", "/prices/tax"): "manager",
    ("POST", "/prices/tax"): "manager",
    ("POST", "/prices/tax/{country}/remove"): "manager",
    ("GET", "/prices/shipping"): "manager",
    ("POST", "/prices/shipping"): "manager",
    ("GET", "/prices/shipping/{id}"): "manager",
    ("POST", "/prices/shipping/{id}"): "manager",
    ("POST", "/prices/shipping/{id}/remove"): "manager",
    ("POST", "/prices/shipping/{id}/methods"): "manager",
    ("POST", "/prices/shipping/{id}/methods/{key}/remove"): "manager",
    ("GET", "/shop-front"): "manager",
    ("POST", "/shop-front"): "manager",
    ("GET", "/orders"): "agent",
    ("GET", "/orders/{id}"): "agent",
    ("GET", "/orders/picking.pdf"): "agent",
    ("POST", "/orders/packed"): "agent",
    ("POST", "/orders/shipped"): "agent",
    ("POST", "/orders/{id}/packed"): "agent",
    ("POST", "/orders/{id}/shipped"): "agent",
    ("POST", "/orders/{id}/delivered"): "agent",
    ("POST", "/orders/{id}/cancelled"): "manager",
    ("POST", "/orders/{id}/link"): "agent",
    ("GET", "/orders/{id}/packing-slip.pdf"): "agent",
    ("GET", "/orders/{id}/invoice.pdf"): "agent",
    ("POST", "/orders/{id}/given-up"): "manager",
    ("POST", "/orders/{id}/returns"): "agent",
    ("GET", "/returns"): "agent",
    ("GET", "/returns/{id}"): "agent",
    ("POST", "/returns/{id}/approved"): "agent",
    ("POST", "/returns/{id}/refused"): "agent",
    ("POST", "/returns/{id}/received"): "agent",
    ("POST", "/returns/{id}/refunded"): "manager",
    ("GET", "/carriers"): "agent",
    ("POST", "/carriers"): "manager",
    ("GET", "/payments"): "agent",
    ("GET", "/payments/ways"): "manager",
    ("GET", "/payments/ways/{provider}"): "manager",
    ("POST", "/payments/ways/{provider}"): "manager",
    ("POST", "/payments/ways/{provider}/test"): "manager",
    ("GET", "/payments/orders/{id}"): "agent",
    ("POST", "/payments/orders/{id}/receipts"): "manager",
    ("POST", "/payments/orders/{id}/refunds"): "manager",
    ("POST", "/payments/refunds/{id}/done"): "manager",
    ("POST", "/payments/refunds/{id}/retry"): "manager",
    ("POST", "/payments/receipts/{id}/order"): "manager",
    ("POST", "/payments/receipts/{id}/closed"): "manager",
    ("GET", "/catalogue"): "agent",
    ("POST", "/catalogue/{id}/price"): "manager",
    ("GET", "/catalogue/lookup"): "agent",
    ("GET", "/catalogue/new"): "manager",
    ("POST", "/catalogue/products"): "manager",
    ("GET", "/catalogue/products/{product_id}"): "agent",
    ("POST", "/catalogue/products/{product_id}"): "manager",
    ("POST", "/catalogue/products/{product_id}/publication"): "manager",
    ("POST", "/catalogue/products/{product_id}/withdrawal"): "manager",
    ("GET", "/catalogue/products/{product_id}/variants/new"): "manager",
    ("POST", "/catalogue/products/{product_id}/variants"): "manager",
    ("GET", "/catalogue/variants/{id}"): "agent",
    ("POST", "/catalogue/variants/{id}"): "manager",
    ("POST", "/catalogue/products/{product_id}/images/uploads"): "manager",
    ("POST", "/catalogue/products/{product_id}/images/{digest}"): "manager",
    ("POST", "/catalogue/products/{product_id}/images/{digest}/first"): "manager",
    ("POST", "/catalogue/products/{product_id}/images/{digest}/remove"): "manager",
    ("GET", "/catalogue/categories"): "agent",
    ("POST", "/catalogue/categories"): "manager",
    ("POST", "/catalogue/categories/remove"): "manager",
    ("GET", "/catalogue/currencies"): "agent",
    ("POST", "/catalogue/currencies"): "manager",
    ("GET", "/catalogue/files"): "manager",
    ("GET", "/catalogue/files/products.{kind}"): "manager",
    ("POST", "/catalogue/files/uploads"): "manager",
    ("GET", "/catalogue/files/{upload_id}"): "manager",
    ("POST", "/catalogue/files/{upload_id}"): "manager",
    ("GET", "/images/{digest}/{width}.webp"): "agent",
    ("GET", "/drawn/{slug}.svg"): "agent",
    ("GET", "/stock/files"): "manager",
    ("GET", "/stock/files/stock.{kind}"): "manager",
    ("POST", "/stock/files/uploads"): "manager",
    ("GET", "/stock/files/{upload_id}"): "manager",
    ("POST", "/stock/files/{upload_id}"): "manager",
    ("GET", "/stock"): "agent",
    ("GET", "/stock/suggestions"): "agent",
    ("POST", "/stock/suggestions/run"): "manager",
    ("GET", "/stock/suggestions/{id}"): "agent",
    ("POST", "/stock/suggestions/{id}/draft"): "manager",
    ("GET", "/stock/{id}/demand"): "agent",
    ("POST", "/stock/{id}/rule"): "manager",
    ("GET", "/stock/watchers"): "manager",
    ("POST", "/stock/watchers/{id}"): "manager",
    ("GET", "/stock/{id}"): "agent",
    ("POST", "/stock/{id}/receive"): "manager",
    ("POST", "/stock/{id}/adjust"): "manager",
    ("POST", "/stock/{id}/transfer"): "manager",
    ("POST", "/stock/{id}/return"): "manager",
    ("POST", "/stock/{id}/send-back"): "manager",
    ("POST", "/stock/{id}/write-off"): "manager",
    ("POST", "/stock/{id}/policy"): "manager",
    ("POST", "/stock/{id}/lots"): "manager",
    ("GET", "/stock/find"): "agent",
    ("GET", "/stock/moves"): "agent",
    ("GET", "/stock/lots"): "agent",
    ("POST", "/stock/lots/{id}/date"): "manager",
    ("GET", "/stock/locations"): "agent",
    ("POST", "/stock/locations"): "manager",
    ("GET", "/stock/locations/{id}"): "agent",
    ("GET", "/stock/purchases"): "agent",
    ("POST", "/stock/purchases"): "manager",
    ("GET", "/stock/purchases/{id}"): "agent",
    ("POST", "/stock/purchases/{id}/lines"): "manager",
    ("POST", "/stock/purchases/{id}/sent"): "manager",
    ("POST", "/stock/purchases/{id}/expected"): "manager",
    ("POST", "/stock/purchases/{id}/receipts"): "agent",
    ("POST", "/stock/purchases/{id}/closure"): "manager",
    ("GET", "/stock/suppliers"): "agent",
    ("POST", "/stock/suppliers"): "manager",
    ("GET", "/stock/suppliers/{id}"): "agent",
    ("POST", "/stock/suppliers/{id}/items"): "manager",
    ("POST", "/stock/suppliers/{id}/items/removal"): "manager",
    ("GET", "/stock/transfers"): "agent",
    ("POST", "/stock/transfers"): "manager",
    ("GET", "/stock/transfers/{id}"): "agent",
    ("POST", "/stock/transfers/{id}/lines"): "manager",
    ("POST", "/stock/transfers/{id}/sent"): "manager",
    ("POST", "/stock/transfers/{id}/arrivals"): "agent",
    ("POST", "/stock/transfers/{id}/cancellation"): "manager",
    ("GET", "/stock/counts"): "agent",
    ("POST", "/stock/counts"): "manager",
    ("GET", "/stock/counts/{id}"): "agent",
    ("POST", "/stock/counts/{id}/entries"): "agent",
    ("POST", "/stock/counts/{id}/finished"): "agent",
    ("POST", "/stock/counts/{id}/approval"): "manager",
    ("POST", "/stock/counts/{id}/reopening"): "manager",
    ("POST", "/stock/counts/{id}/cancellation"): "manager",
    ("GET", "/staff"): "owner",
    ("POST", "/staff"): "owner",
    ("POST", "/staff/{staff_id}/disable"): "owner",
    ("POST", "/staff/{staff_id}/renew"): "owner",
    ("GET", "/audit"): "manager",
    ("GET", "/running"): "manager",
    ("POST", "/running/setbacks"): "manager",
    ("POST", "/running/failures/{reader}/{event_id:int}/{verb}"): "manager",
    ("POST", "/customers/{id}/export"): "manager",
    ("POST", "/customers/{id}/erasure"): "manager",
}

# Everything on the front is open to strangers: on purpose, for this reason.
FRONT: dict[tuple[str, str], str] = {
    ("GET", "/static/{digest}/{path:path}"): "files that are the same for everybody",
    ("GET", "/health"): "says only that the process lives",
    ("GET", "/health/shop"): "says only what of the machinery stands still",
    ("GET", "/ready"): "says only that the database answers",
    ("GET", "/robots.txt"): "for search engines",
    ("GET", "/favicon.ico"): "an icon",
    ("GET", "/"): "the shop window",
    ("GET", "/images/{digest}/{width}.webp"): "a picture of a product",
    ("GET", "/drawn/{slug}.svg"): "the drawn picture of a product",
    ("GET", "/p/{slug}"): "a product",
    ("GET", "/c/{category:path}"): "a category",
    ("GET", "/search"): "all products, or those searched for",
    ("GET", "/search/suggestions"): "a part of the search",
    ("GET", "/info/{key}"): "what the shop says of itself",
    ("GET", "/sitemap.xml"): "for search engines",
    ("GET", "/wishlist"): "the wishlist of the signed cookie",
    ("POST", "/wishlist"): "the wishlist of the signed cookie",
    ("POST", "/wishlist/link"): "the wishlist of the signed cookie",
    ("POST", "/wishlist/link/end"): "the wishlist of the signed cookie",
    ("POST", "/wishlist/{sku}/remove"): "the wishlist of the signed cookie",
    ("POST", "/wishlist/{sku}/cart"): "the wishlist and the cart of the signed cookies",
    ("GET", "/wishlist/{signed}"): "whoever has the signed link may look",
    ("GET", "/back-in-stock"): "says only what happens next",
    ("POST", "/back-in-stock"): "anybody may ask; the address has to confirm it",
    ("GET", "/back-in-stock/{signed}"): "whoever has the signed link",
    ("POST", "/back-in-stock/{signed}"): "whoever has the signed link",
    ("POST", "/back-in-stock/{signed}/cancel"): "whoever has the signed link",
    ("GET", "/cart"): "the cart of the signed cookie",
    ("POST", "/cart/code"): "the cart of the signed cookie",
    ("POST", "/cart/lines"): "the cart of the signed cookie",
    ("POST", "/cart/lines/{sku}"): "the cart of the signed cookie",
    ("POST", "/cart/lines/{sku}/remove"): "the cart of the signed cookie",
    ("GET", "/checkout"): "the cart of the signed cookie",
    ("POST", "/checkout"): "anybody may buy",
    ("GET", "/checkout/quote"): "leads back to the checkout",
    ("POST", "/checkout/quote"): "the cart of the signed cookie",
    ("POST", "/checkout/forget"): "takes a cookie away",
    ("POST", "/buy"): "anybody may buy",
    ("GET", "/orders/{signed}"): "whoever has the signed link",
    ("POST", "/orders/{signed}/cancellation"): "whoever has the signed link",
    ("GET", "/orders/{signed}/invoice.pdf"): "whoever has the signed link",
    ("GET", "/orders/{signed}/return"): "whoever has the signed link",
    ("POST", "/orders/{signed}/returns"): "whoever has the signed link",
    ("GET", "/pay/{signed}"): "whoever has the signed link",
    ("GET", "/pay/{signed}/back"): "whoever has the signed link",
    ("POST", "/pay/notices/stripe"): "Stripe, whose signature is checked on the raw body",
    ("POST", "/pay/notices/pix/{token}"): "the bank that was told the secret part of the address",
    ("POST", "/pay/notices/pix/{token}/pix"): "the bank that was told the secret part of the address",
    ("GET", "/chat"): "anybody may ask; shows the thread of the signed cookie",
    ("POST", "/chat/messages"): "anybody may ask",
    ("GET", "/chat/history"): "the thread of the signed cookie",
    ("GET", "/chat/stream"): "the thread of the signed cookie",
    ("GET", "/l/{token}"): "whoever has the signed link",
    ("GET", "/unsubscribe/{token}"): "whoever has the signed link",
    ("POST", "/unsubscribe/{token}"): "whoever has the signed link",
    ("GET", "/wait"): "the queue, with the signed ticket",
    ("GET", "/wait/poll"): "the queue, with the signed ticket",
    ("POST", "/wait/work"): "gives a place for the proof of work of the signed challenge",
    ("POST", "/leave"): "gives back the place of the signed pass",
    ("GET", "/here"): "gives a place to whoever's cookie has come back",
    ("POST", "/stay"): "keeps the place of the signed pass",
    ("GET", "/invited/{token}"): "whoever has the signed link",
    ("GET", "/forward-auth/{site}"): "says where a visitor of another site may go, by the signed pass",
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
    return (
        path.replace("{path:path}", "console/none.css")
        .replace("{event_id:int}", "1")
        .format(
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
            country="GB",
        )
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
