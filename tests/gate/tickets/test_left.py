"""A place that was given back opens nothing any more, in whichever process its pass is shown."""

import httpx
import pytest

from safar.gate.door.board import SiteBoard
from safar.gate.line.visits import LEAVING, free_left_places, leave_soon_many
from safar.gate.site.sites import NewSite, open_site
from safar.gate.tickets.left import Left
from safar.gate.tickets.model import SHOP, SiteKind
from safar.kernel import clock
from safar.kernel.ids import new_id
from safar.settings import Settings
from tests.stage.gate import OpenShop, Shop, build_shop, with_cookies
from tests.stage.serving import Serve

FIRST_NETWORK, OTHER_NETWORKS = "198.51.100", ("203.0.113", "192.0.2", "100.64.7", "100.64.8", "100.64.9")


@pytest.mark.finding("security-15")
async def test_who_enters_keeps_the_cookie_and_leaves_is_served_no_more(open_shop: OpenShop) -> None:
    """Invariant 7, admitted ≤ capacity, against the loop enter, keep the cookie, leave."""
    shop = await open_shop(2)
    kept = []
    for _round in range(6):
        visitor = shop.visitor()
        assert (await visitor.get("/p/tea")).status_code == 200
        kept.append(with_cookies(visitor))
        await visitor.post("/leave")
    for _round in range(2):
        visitor = shop.visitor()
        assert (await visitor.get("/p/tea")).status_code == 200
        kept.append(with_cookies(visitor))
    served = [(await shop.stranger(cookie=cookies).get("/p/cup")).status_code for cookies in kept]
    assert served.count(200) == (await shop.figures()).inside == 2
    assert served[-2:] == [200, 200]


@pytest.mark.finding("security-15")
async def test_another_process_learns_who_has_left_with_its_next_reading(
    open_shop: OpenShop, serve: Serve
) -> None:
    shop = await open_shop(1)
    other = build_shop(shop.context)
    base = await serve(other)
    await other.state.board.refresh()
    visitor = shop.visitor()
    assert (await visitor.get("/p/tea")).status_code == 200
    cookies = with_cookies(visitor)
    thief = shop.stranger(cookie=cookies)
    assert (await thief.get(f"{base}/p/tea")).status_code == 200
    await visitor.post("/leave")
    assert (await shop.visitor().get("/p/tea")).status_code == 200  # the next one is inside
    await other.state.board.refresh()
    assert (await thief.get(f"{base}/p/tea")).status_code == 303
    late = SiteBoard(shop.context, SHOP)  # a process that starts afterwards knows it, too
    await late.refresh()
    assert len(late.left) == 1


@pytest.mark.finding("security-15")
async def test_a_pass_kept_from_before_a_closed_tab_ends_with_the_place(open_shop: OpenShop) -> None:
    with clock.held(clock.now()) as held:
        shop = await open_shop(1)
        visitor = shop.visitor()
        await visitor.get("/p/tea")
        cookies = with_cookies(visitor)
        entry_pass = shop.app.state.board.room(SHOP).cookies.seal.pass_(visitor.cookies["pass"])
        await shop.context.batched(leave_soon_many, entry_pass.visit_id)
        held.advance(seconds=LEAVING.total_seconds() + 1)
        await free_left_places(shop.context.database)
        assert (await shop.visitor().get("/p/tea")).status_code == 200
        await shop.app.state.board.refresh()
        assert (await shop.stranger(cookie=cookies).get("/p/tea")).status_code == 303


def test_what_has_left_is_remembered_for_as_long_as_a_pass_lasts() -> None:
    left = Left(900)
    assert left.seconds_to_read() == 900  # at the start, all that a pass may still say
    gone = new_id()
    left.read([gone], 0.0)
    assert gone in left
    assert new_id() not in left


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"proxies_trusted": 1})


async def outlet(open_shop: OpenShop) -> Shop:
    shop = await open_shop(1)
    new = NewSite(
        key="outlet", capacity=1, kind=SiteKind.EXTERNAL, title="Outlet", url="https://outlet.example"
    )
    async with shop.context.database.transaction() as connection:
        await open_site(connection, new, staff_id=new_id())
    await shop.app.state.board.refresh()
    return shop


async def handed(browser: httpx.AsyncClient) -> str:
    answer = await browser.get("/wait?site=outlet&next=https://outlet.example/shoes")
    return str(answer.headers.get("location", ""))


async def opened(shop: Shop, address: str, **headers: str) -> tuple[int, str]:
    """What forward-auth says to the way in with the pass in the address, and the cookie that comes of it."""
    uri = address.removeprefix("https://outlet.example")
    answer = await shop.stranger(**headers).get(
        "/forward-auth/outlet?answer=401", headers={"x-forwarded-uri": uri}
    )
    return answer.status_code, answer.headers.get("set-cookie", "").split(";")[0]


@pytest.mark.finding("security-15")
async def test_a_pass_of_another_site_opens_it_from_its_own_network_only(open_shop: OpenShop) -> None:
    shop = await outlet(open_shop)
    agent = {"user-agent": "a browser"}
    browser = shop.visitor(**agent, **{"x-forwarded-for": f"{FIRST_NETWORK}.7"})
    address = await handed(browser)
    assert "gate_pass=" in address
    _status, cookie = await opened(shop, address, **agent, **{"x-forwarded-for": f"{FIRST_NETWORK}.7"})
    assert cookie.startswith("pass_outlet=")

    async def may(network: str) -> bool:
        asking = shop.stranger(**agent, cookie=cookie, **{"x-forwarded-for": f"{network}.200"})
        return (await asking.get("/forward-auth/outlet?answer=401")).status_code == 200

    assert await may(FIRST_NETWORK)
    assert not await may(OTHER_NETWORKS[0])


@pytest.mark.finding("security-15")
async def test_a_visitor_who_changes_networks_keeps_the_place_but_not_from_everywhere(
    open_shop: OpenShop,
) -> None:
    shop = await outlet(open_shop)
    browser = shop.visitor(**{"user-agent": "a browser"})
    browser.headers["x-forwarded-for"] = f"{FIRST_NETWORK}.7"
    assert "gate_pass=" in await handed(browser)
    came_in = []
    for network in OTHER_NETWORKS:
        browser.headers["x-forwarded-for"] = f"{network}.7"
        came_in.append("gate_pass=" in await handed(browser))
    assert came_in == [True, True, True, False, False]
    async with shop.context.database.connection() as connection:
        found = await connection.execute("SELECT held FROM capacity_accounts WHERE key = 'outlet'")
        assert await found.fetchone() == (1,)
