"""The frame of the console: what was done is said once, what is wrong everywhere; one search over all."""

import re
from datetime import timedelta

import httpx
import pytest

from safar.catalogue.actions import import_products
from safar.channels.actions import ensure_channels, note_trouble
from safar.channels.model import EMAIL
from safar.console.build import build_console
from safar.gate.line.calling import end_queue
from safar.gate.site.settings import set_mode
from safar.gate.site.sites import ensure_site
from safar.gate.tickets.model import SHOP, Mode
from safar.kernel import clock
from safar.kernel.context import Context
from safar.stock.actions import ensure_locations
from tests.stage.catalogue import article, saved
from tests.stage.orders import bought, order_of
from tests.stage.people import signed_in, staff_member
from tests.stage.serving import Serve
from tests.stage.shop import ITEMS, MUG, receive

TOLD = re.compile(r'<div id="told">.*?<p>(.*?)</p>', re.DOTALL)


@pytest.fixture
async def base(context: Context, serve: Serve) -> str:
    return await serve(build_console(context))


async def test_what_was_done_is_said_once_on_the_next_page(base: str, context: Context) -> None:
    anna = await staff_member(context, "agent", "Anna")
    async with await signed_in(context, base) as owner:
        answer = await owner.post(f"/staff/{anna.id}/role", data={"role": "manager"})
        assert answer.status_code == 303
        assert TOLD.findall((await owner.get("/staff")).text) == ["Anna is now: Manager."]
        assert TOLD.findall((await owner.get("/staff")).text) == []
        await owner.post(f"/gate/{SHOP}/pace", data={"per_minute": "9"})
        part = await owner.get(f"/gate/{SHOP}/figures", headers={"hx-request": "true"})
        assert TOLD.findall(part.text) == []
        assert TOLD.findall((await owner.get(f"/gate/{SHOP}")).text) == ["Done."]


async def test_nobody_can_say_something_in_our_name(base: str, context: Context) -> None:
    async with await signed_in(context, base) as owner:
        owner.cookies.set("told", "SGVsbG8.forged")
        assert TOLD.findall((await owner.get("/staff")).text) == []


@pytest.mark.parametrize(
    ("mode", "words"), [(Mode.HELD, "entry is paused"), (Mode.DRAINING, "new arrivals are turned away")]
)
async def test_a_gate_that_keeps_customers_out_is_a_red_line_on_every_page(
    base: str, context: Context, mode: Mode, words: str
) -> None:
    owner_id = (await staff_member(context)).id
    async with context.database.transaction() as connection:
        await ensure_site(connection, SHOP, 5)
        await set_mode(connection, SHOP, mode, staff_id=owner_id)
    async with await signed_in(context, base, role="manager") as manager:
        for path in ("/", "/orders", "/audit", "/nowhere"):
            text = (await manager.get(path)).text
            assert words in text
            assert f'href="/gate/{SHOP}"' in text
        await manager.post(f"/gate/{SHOP}/state", data={"state": "open"})
        assert 'id="gate-alarm' not in (await manager.get("/orders")).text
    async with await signed_in(context, base, role="agent") as agent:
        assert "/gate" not in (await agent.get("/")).text


async def test_a_closed_queue_and_a_mail_server_that_is_away_are_red_lines(
    base: str, context: Context
) -> None:
    owner_id = (await staff_member(context)).id
    async with context.database.transaction() as connection:
        await ensure_site(connection, SHOP, 5)
        await end_queue(connection, SHOP, owner_id)
        await ensure_channels(connection)
        await note_trouble(connection, EMAIL, "the mail server cannot be reached")
    async with await signed_in(context, base) as owner:
        text = (await owner.get("/staff")).text
    assert "the queue is closed" in text
    assert "E-mail cannot be sent: the mail server cannot be reached." in text


async def test_the_address_of_a_forms_deed_leads_back_to_its_page(base: str, context: Context) -> None:
    async with await signed_in(context, base) as owner:
        answer = await owner.get("/gate/shop/state", headers={"accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/gate/shop")
        assert (await owner.get("/gate/shop/state")).status_code == 405


async def test_one_search_finds_orders_customers_and_articles(base: str, context: Context) -> None:
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
        await ensure_locations(connection)
        await import_products(connection, ITEMS)
    await receive(context.database, {"MUG": 5})
    await saved(context.database, article("LAMP-1", "Paper lamp"))
    order_id = await bought(context, (MUG, 1))
    order = await order_of(context.database, order_id)
    async with await signed_in(context, base, role="agent") as agent:
        text = (await agent.get("/search", params={"q": "lamp"})).text
        assert "Paper lamp" in text
        assert "Articles" in text
        both = (await agent.get("/search", params={"q": order.name})).text
        assert f'href="/orders/{order_id}"' in both
        assert f'href="/customers/{order.customer_id}"' in both
        straight = await agent.get("/search", params={"q": f"#{order.number}"})
        assert straight.headers["location"] == f"/orders/{order_id}"
        nothing = (await agent.get("/search", params={"q": "zebra"})).text
        assert "Nothing found for “zebra”" in nothing
        assert (await agent.get("/search", params={"q": "a\x00b"})).status_code == 200


async def _audit(client: httpx.AsyncClient, **wanted: str) -> str:
    return (await client.get("/audit", params=wanted)).text


async def test_the_audit_log_tells_old_and_new_is_filtered_and_handed_out(
    base: str, context: Context
) -> None:
    anna = await staff_member(context, "agent", "Anna")
    async with await signed_in(context, base, name="Olga Owner") as owner:
        await owner.post(f"/staff/{anna.id}/role", data={"role": "manager"})
        await owner.post(f"/gate/{SHOP}/capacity", data={"capacity": "7", "invited": "0"})
        await owner.post(f"/gate/{SHOP}/capacity", data={"capacity": "9", "invited": "0"})
        everything = await _audit(owner)
        assert "role from agent to manager" in everything
        assert re.search(r"Visitors at once: 7 → 9", everything)
        assert "role from agent" not in await _audit(owner, area="site")
        assert "role from agent" in await _audit(owner, area="staff")
        assert "role from agent" not in await _audit(owner, who=str(anna.id))
        tomorrow = (clock.today("UTC") + timedelta(days=1)).isoformat()
        assert "role from agent" not in await _audit(owner, since=tomorrow)
        assert "role from agent" in await _audit(owner, until=tomorrow, who="x", area="'; --")
        file = await owner.get("/audit/file.csv", params={"area": "staff"})
    assert file.headers["content-type"].startswith("text/csv")
    assert "Olga Owner,Changed somebody’s role from agent to manager" in file.text
    assert "Visitors at once" not in file.text
