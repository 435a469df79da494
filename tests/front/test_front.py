"""The front as a whole: its layers together, its plain pages, and what it says when it is overloaded."""

import asyncio

import httpx
import pytest
from starlette.routing import Route

import safar.shop.public
from safar.capacity.actions import release_many
from safar.customers.visitor import COOKIE, new_visitor, signed
from safar.front.build import build_front, passes_by
from safar.gate.line.calling import call_next
from safar.gate.site.sites import ensure_site, site_figures
from safar.gate.tickets.model import SHOP
from safar.kernel.context import Context, make_context
from safar.settings import Settings
from tests.stage.serving import Serve


@pytest.fixture
async def front(context: Context, serve: Serve) -> str:
    """A front with room for one visitor."""
    async with context.database.transaction() as connection:
        await ensure_site(connection, SHOP, 1)
    return await serve(build_front(context))


def returning(context: Context, front: str) -> httpx.AsyncClient:
    """A browser that has kept the shop's cookie before."""
    return httpx.AsyncClient(base_url=front, cookies={COOKIE: signed(context.vault, new_visitor())})


async def test_visitor_and_gate_stand_before_every_shop_page_and_before_no_other(
    context: Context, front: str
) -> None:
    async with returning(context, front) as first, returning(context, front) as second:
        await first.get("/")
        assert {"visitor", "pass"} <= set(first.cookies)
        assert (await second.get("/p/tea")).headers["location"] == "/wait?next=%2Fp%2Ftea"
        assert {"visitor", "ticket"} <= set(second.cookies)
        for path in ("/cart", "/checkout", "/"):
            assert (await second.get(path)).status_code == 303
        for path in ("/health", "/ready", "/robots.txt", "/favicon.ico", "/wait", "/wait/poll"):
            assert (await second.get(path, follow_redirects=True)).status_code == 200


@pytest.mark.parametrize("path", [
    "/wait", "/wait/poll", "/static/x/front/front.css", "/health", "/health/shop", "/ready", "/l/abc",
    "/unsubscribe/abc",
    "/orders/abc", "/chat/messages", "/leave", "/favicon.ico", "/nothing", "*", "",
])  # fmt: skip
def test_open_paths(path: str) -> None:
    assert passes_by(path)


@pytest.mark.parametrize(
    "path", ["/", "/c/tea", "/search", "/wishlist", "/p/tea", "/cart", "/cart/lines", "/checkout", "/buy"]
)
def test_gated_paths(path: str) -> None:
    assert not passes_by(path)


# A customer's own order, what the shop says of itself, and what was asked for by e-mail.
_OPEN = ("/newsletter", "/find-order", "/orders/", "/info/", "/sitemap.xml", "/back-in-stock")


def test_every_page_of_the_shop_is_gated_but_not_the_customers_own_affairs() -> None:
    for route in safar.shop.public.routes:
        assert isinstance(route, Route)
        assert passes_by(route.path) == route.path.startswith(_OPEN), route.path


async def test_the_visitor_keeps_one_identity_through_queue_and_shop(context: Context, front: str) -> None:
    async with returning(context, front) as first, returning(context, front) as second:
        await first.get("/")
        await second.get("/")
        await first.post("/leave")
        async with context.database.transaction() as connection:
            await call_next(connection, SHOP)
        async with asyncio.timeout(10):
            while (await second.get("/wait/poll")).json()["state"] != "admitted":
                await asyncio.sleep(0)  # the front's own reading, four times a second
        await second.get("/")
        assert "pass" in second.cookies
    async with context.database.connection() as connection:
        told = await connection.execute(
            "SELECT name, customer_id FROM journal_events WHERE name LIKE 'visit.%' ORDER BY id"
        )
        events = await told.fetchall()
    assert [name for name, _ in events] == ["visit.arrived", "visit.admitted"] * 2
    assert len({customer for _, customer in events}) == 2


async def test_ready_tells_whether_the_database_answers(context: Context, front: str) -> None:
    async with httpx.AsyncClient(base_url=front) as client:
        answer = await client.get("/ready")
        assert (answer.status_code, answer.text.splitlines()[0]) == (200, "ready")
        await context.database.close()
        async with asyncio.timeout(30):
            while (await client.get("/ready")).status_code != 503:
                await asyncio.sleep(0.05)  # the front's own reading, once a second
        shop = await client.get("/health/shop")
        assert (shop.status_code, shop.text) == (503, "the database does not answer")
        assert (await client.get("/health")).status_code == 200


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fa", "rtl"), ("hi", "ltr")])
async def test_an_unknown_page_is_not_found_in_the_visitors_language(
    front: str, language: str, direction: str
) -> None:
    async with httpx.AsyncClient(base_url=front, headers={"accept-language": language}) as client:
        page = await client.get("/no-such-page?q=%3Cscript%3E")
    assert page.status_code == 404
    assert f'lang="{language}" dir="{direction}"' in page.text
    assert "<script>" not in page.text


async def test_a_database_that_is_away_gives_a_503_page_that_tries_again(
    settings: Settings, database_url: str, serve: Serve
) -> None:
    impatient = settings.model_copy(update={"batch_deadline_s": 0.2})
    away = make_context(impatient, database_url)  # its pool was never opened
    async with returning(away, await serve(build_front(away))) as client:
        page = await client.get("/")
    assert page.status_code == 503
    assert int(page.headers["retry-after"]) > 0
    assert '<meta http-equiv="refresh"' in page.text


async def test_a_front_opens_its_site_by_itself(context: Context, serve: Serve) -> None:
    await serve(build_front(context))
    async with asyncio.timeout(10):
        while True:
            async with context.database.connection() as connection:
                now_there = await site_figures(connection, SHOP)
            if now_there is not None:
                break
    assert now_there.site.capacity == context.settings.site_capacity


async def test_an_idle_place_goes_to_the_next_visitor(context: Context, front: str) -> None:
    async with returning(context, front) as first, returning(context, front) as second:
        await first.get("/")
        await second.get("/")
        async with context.database.transaction() as connection:
            held = await connection.execute("SELECT id FROM capacity_holds WHERE state = 'live'")
            await release_many(connection, [hold_id for (hold_id,) in await held.fetchall()])
            await call_next(connection, SHOP)
            now_there = await site_figures(connection, SHOP)
    assert now_there is not None
    assert now_there.site.called == 1
