"""The first request of a browser: the page at once, and a place only when its cookie has come back."""

from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from safar.gate.door.looks import Looks, is_browser, is_crawler, is_preview
from safar.gate.line.scarce import SHARE_LEAST, bits_needed, share_of_network
from safar.gate.tickets import proof as work
from safar.gate.tickets.model import WorkLimits
from safar.kernel import clock
from safar.kernel.context import make_context
from safar.kernel.database import value
from safar.kernel.web.networks import routed_network
from tests.stage.gate import Drop, OpenShop, Shop, build_shop
from tests.stage.serving import Serve

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0 Safari/537.36"
WHATSAPP = "WhatsApp/2.23.20.0 A"
FACEBOOK = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
TELEGRAM = "TelegramBot (like TwitterBot)"
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BROWSER = {"user-agent": CHROME, "accept": "text/html", "sec-fetch-mode": "navigate"}


async def rows_of_visits(shop: Shop) -> tuple[int, int, int]:
    async with shop.context.database.connection() as connection:
        counts = [
            await value(connection, query, {})
            for query in (
                "SELECT count(*) FROM gate_visits",
                "SELECT count(*) FROM capacity_holds",
                "SELECT count(*) FROM journal_events WHERE name LIKE 'visit.%%'",
            )
        ]
    return counts[0], counts[1], counts[2]


@pytest.mark.finding("security-4")
async def test_requests_without_a_cookie_take_nothing_that_lasts(open_shop: OpenShop) -> None:
    shop = await open_shop(50)
    async with shop.stranger(**BROWSER) as client:
        for _request in range(60):
            client.cookies.clear()
            answer = await client.get("/p/tea")
            assert answer.status_code in (200, 303)  # the page, or where to get a place with the cookie
            assert "visitor=" in answer.headers["set-cookie"]
            assert "pass=" not in answer.headers["set-cookie"]
    assert (await shop.figures()).inside == 0
    assert await rows_of_visits(shop) == (0, 0, 0)
    human = shop.stranger(**BROWSER)
    await human.get("/p/tea", follow_redirects=True)
    assert (await human.get("/p/tea", follow_redirects=True)).text == "the shelf of /p/tea"
    assert "pass" in human.cookies


@pytest.mark.finding("security-4")
async def test_a_first_visitor_sees_the_page_at_once_and_has_a_place_when_the_cookie_is_back(
    open_shop: OpenShop,
) -> None:
    shop = await open_shop(2)
    human = shop.stranger(**BROWSER)
    first = await human.get("/p/tea")
    assert (first.status_code, first.text) == (200, "the shelf of /p/tea")
    assert "first" in human.cookies
    assert (await shop.figures()).inside == 0
    assert (await human.get("/here?at=/p/tea")).status_code == 204  # what the page itself asks for
    assert "first" not in human.cookies
    assert (await shop.figures()).inside == 1
    assert (await human.get("/p/cup")).status_code == 200
    assert (await shop.figures()).inside == 1


@pytest.mark.finding("security-4")
async def test_without_scripts_the_second_page_takes_the_place(open_shop: OpenShop) -> None:
    shop = await open_shop(2)
    human = shop.stranger(**BROWSER)
    await human.get("/p/tea")
    assert (await human.get("/p/cup")).status_code == 200
    assert "pass" in human.cookies
    assert (await shop.figures()).inside == 1


@pytest.mark.finding("security-4")
async def test_when_full_a_first_visitor_gets_a_number_on_the_waiting_page(open_shop: OpenShop) -> None:
    shop = await open_shop(1)
    await shop.visitor().get("/p/tea")
    await shop.app.state.board.refresh()
    human = shop.stranger(**BROWSER)
    sent = await human.get("/p/tea")
    assert (sent.status_code, "ticket" in human.cookies) == (303, False)
    assert (await shop.figures()).site.issued == 0
    page = await human.get(sent.headers["location"])
    assert page.status_code == 200
    assert 'id="wait"' in page.text
    assert (await human.get("/wait/poll?next=/p/tea")).json()["place"] == 1


@pytest.mark.finding("security-4")
async def test_the_first_page_keeps_the_place_for_a_short_while_only(
    open_shop: OpenShop, serve: Serve
) -> None:
    with clock.held(clock.now()):
        async for shop in limited(open_shop, serve, 2, visit_first_minutes=5.0):
            visitor = shop.visitor()
            for minutes in (5, 15):
                await visitor.get("/p/tea")
                async with shop.context.database.connection() as connection:
                    ends_at = await value(connection, "SELECT expires_at FROM capacity_holds", {})
                assert (ends_at - clock.now()).total_seconds() == minutes * 60


@pytest.mark.finding("goods-D")
async def test_previews_and_crawlers_take_no_places_and_the_human_gets_in_at_once(drop: Drop) -> None:
    for name in (WHATSAPP, FACEBOOK, TELEGRAM, GOOGLE):
        async with httpx.AsyncClient(base_url=drop.base, headers={"user-agent": name}) as program:
            page = await program.get(drop.path)
            assert page.status_code == 200
            assert 'property="og:title" content="Retrospot mug"' in page.text
            assert (await program.get("/here", headers={"referer": drop.base + drop.path})).status_code == 204
            await program.get(drop.path)  # with the cookies it was given
    async with drop.context.database.connection() as connection:
        assert await value(connection, "SELECT count(*) FROM gate_visits", {}) == 0
        assert await value(connection, "SELECT sum(issued) FROM gate_sites", {}) == 0
        assert (
            await value(connection, "SELECT count(*) FROM journal_events WHERE name = 'product.viewed'", {})
            == 0
        )
    async with httpx.AsyncClient(base_url=drop.base, headers=BROWSER) as human:
        assert "Retrospot mug" in (await human.get(drop.path)).text
        assert (await human.get(drop.path)).status_code == 200
        assert any(name.startswith("pass_") for name in human.cookies)


@pytest.mark.finding("goods-D")
async def test_while_the_room_is_full_a_preview_is_of_the_product_and_not_of_the_waiting_room(
    drop: Drop,
) -> None:
    await drop.visitor().get(drop.path)  # the only place
    await drop.work()
    for name in (WHATSAPP, FACEBOOK, TELEGRAM, GOOGLE):
        for _again in range(4):  # more than the few pages that programs are shown
            async with httpx.AsyncClient(base_url=drop.base, headers={"user-agent": name}) as program:
                page = await program.get(drop.path, follow_redirects=True)
            assert page.status_code in ((200, 503) if name == GOOGLE else (200,))
            assert 'property="og:title" content="Retrospot mug"' in page.text
            assert "Waiting room" not in page.text
    async with httpx.AsyncClient(base_url=drop.base, headers={"user-agent": CHROME}) as blocked:
        blocked.cookies.jar.clear()
        sent = await blocked.get(drop.path)
        blocked.cookies.jar.clear()
        page = await blocked.get(sent.headers["location"])
        assert "<title>Retrospot mug" in page.text
        assert "cookies" in page.text


@pytest.mark.finding("goods-D")
async def test_a_browser_without_cookies_is_told_so_instead_of_an_empty_cart(drop: Drop) -> None:
    async with httpx.AsyncClient(base_url=drop.base, headers=BROWSER) as blocked:
        refused = await blocked.post("/cart/lines", data={"sku": "CLOCK"})
        assert refused.status_code == 403
        assert "cookies" in refused.text
        blocked.cookies.jar.clear()
        cart = await blocked.get("/cart", headers={"sec-fetch-site": "same-origin"})
        assert "Your browser blocks cookies" in cart.text
        assert "Your cart is empty" not in cart.text
        blocked.cookies.jar.clear()
        typed = await blocked.get("/cart", headers={"sec-fetch-site": "none"})
        assert "Your cart is empty" in typed.text
        blocked.cookies.jar.clear()
        program = await blocked.post("/cart/lines", json={"sku": "CLOCK"})
        assert (program.status_code, program.json()["error"]) == (403, "cookies_needed")


@pytest.mark.finding("security-4")
async def test_a_head_and_a_prefetched_page_take_no_place(open_shop: OpenShop) -> None:
    shop = await open_shop(2)
    visitor = shop.visitor()
    assert (await visitor.head("/p/tea")).status_code == 200
    assert (await visitor.get("/p/tea", headers={"sec-purpose": "prefetch;prerender"})).status_code == 200
    assert "pass" not in visitor.cookies
    assert (await shop.figures()).inside == 0


async def limited(open_shop: OpenShop, serve: Serve, capacity: int, **update: object) -> AsyncIterator[Shop]:
    shop = await open_shop(capacity)
    settings = shop.context.settings.model_copy(update={"proxies_trusted": 1, **update})
    context = make_context(settings, shop.context.database.url)
    await context.database.open()
    app = build_shop(context)
    there = Shop(context, app, await serve(app), shop.visitors)
    await there.app.state.board.refresh()
    yield there
    await context.batchers.drained()
    await context.database.close()


def from_network(shop: Shop, number: int, network: str = "198.51.100") -> httpx.AsyncClient:
    return shop.visitor(**{"x-forwarded-for": f"{network}.{number % 250}"})


@pytest.mark.finding("security-4")
async def test_past_its_share_a_network_works_for_its_places_and_others_come_in(
    open_shop: OpenShop, serve: Serve
) -> None:
    async for shop in limited(open_shop, serve, 20):
        answers = [await from_network(shop, number).get("/p/tea") for number in range(12)]
        share = share_of_network(20, shop.context.settings.gate_network_percent)
        assert [answer.status_code for answer in answers].count(200) == share == SHARE_LEAST
        assert (await shop.figures()).inside == share
        assert (await from_network(shop, 1, "203.0.113").get("/p/tea")).status_code == 200
        over = from_network(shop, 13)
        sent = await over.get("/p/tea")
        page = await over.get(sent.headers["location"])
        challenge = page.text.split('name="challenge" value="')[1].split('"')[0]
        bits = int(page.text.split('data-bits="')[1].split('"')[0])
        proof = {"challenge": challenge, "answers": ",".join(map(str, work.solved(challenge, bits)))}
        done = await over.post("/wait/work?next=/p/tea", data=proof)
        assert done.headers["location"] == "/p/tea"
        assert (await over.get("/p/tea")).status_code == 200
        assert (await shop.figures()).inside == share + 2


@pytest.mark.finding("security-4")
async def test_a_place_that_is_given_back_is_the_networks_again(open_shop: OpenShop, serve: Serve) -> None:
    async for shop in limited(open_shop, serve, 20):
        visitors = [from_network(shop, number) for number in range(SHARE_LEAST)]
        for visitor in visitors:
            assert (await visitor.get("/p/tea")).status_code == 200
        assert (await from_network(shop, 99).get("/p/tea")).status_code == 303
        await visitors[0].post("/leave")
        assert (await from_network(shop, 100).get("/p/tea")).status_code == 200


@pytest.mark.finding("security-4")
async def test_when_places_get_few_newcomers_work_and_the_page_does_it_in_the_background(
    open_shop: OpenShop, serve: Serve
) -> None:
    async for shop in limited(open_shop, serve, 10, gate_work_percent=70):
        for number in range(7):
            assert (await from_network(shop, 0, f"203.0.{number}").get("/p/tea")).status_code == 200
        late = from_network(shop, 1, "192.0.2")
        asked = (await late.get("/here?at=/p/tea")).json()
        answers = ",".join(map(str, work.solved(asked["challenge"], asked["bits"])))
        done = await late.post(
            asked["to"],
            data={"challenge": asked["challenge"], "answers": answers},
            headers={"accept": "application/json"},
        )
        assert done.status_code == 204
        assert (await late.get("/p/tea")).status_code == 200
        assert (await from_network(shop, 2, "192.0.3").get("/p/tea")).status_code == 303


@given(
    st.integers(1, 100_000),
    st.integers(0, 100_000),
    st.integers(0, 100_000),
    st.integers(1, 100),
    st.integers(1, 100),
)
def test_the_work_only_grows_and_is_never_more_than_a_phone_does_in_three_seconds(
    places: int, taken: int, in_network: int, taken_percent: int, network_percent: int
) -> None:
    limits = WorkLimits(taken_percent, network_percent)
    bits = bits_needed(places=places, taken=taken, in_network=in_network, limits=limits)
    more = bits_needed(places=places, taken=taken + 1, in_network=in_network + 1, limits=limits)
    assert 0 <= bits <= more
    assert work.PUZZLES * 2**bits <= 600_000
    assert bits_needed(places=places, taken=taken, in_network=0, limits=WorkLimits(100, network_percent)) == 0


@given(st.integers(0, 100), st.integers(1, 8), st.booleans())
def test_first_pages_never_fill_more_than_is_free(free: int, processes: int, program: bool) -> None:
    looks = Looks(processes)
    shown = sum(looks.take(free, program=program) for _ in range(300))
    assert shown <= max(-(-free // processes), 10 if program else 0)


@pytest.mark.parametrize(("agent", "browser", "crawler", "preview"), [
    (CHROME, True, False, False), (WHATSAPP, False, True, True), (FACEBOOK, False, True, True),
    (TELEGRAM, False, True, True), (GOOGLE, False, True, False), ("", False, False, False),
    ("Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 Chrome/120", True, False, False),
    ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 [Pinterest/iOS]", True, False, False),
    ("Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Snapchat/12", True, False, False),
    ("python-httpx/0.28", False, False, False),
])  # fmt: skip
def test_who_a_caller_says_it_is(agent: str, browser: bool, crawler: bool, preview: bool) -> None:
    headers = Headers({"user-agent": agent})
    assert (is_browser(headers), is_crawler(headers), is_preview(headers)) == (browser, crawler, preview)


@pytest.mark.parametrize(("address", "network"), [
    ("192.0.2.7", "192.0.2.0/24"), ("::ffff:192.0.2.7", "192.0.2.0/24"), ("127.0.0.1", None), ("::1", None),
    ("2001:db8:1:2:3::5", "2001:db8:1::/48"), ("2001:db8:1:ffff::1", "2001:db8:1::/48"), ("x", None),
])  # fmt: skip
def test_networks(address: str, network: str | None) -> None:
    assert routed_network(address) == network
