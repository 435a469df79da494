"""A waiting room before one product: only who wants it waits, nobody gets past, and sold out ends it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette

from safar.catalogue.actions import find_variant, import_products, variant_id_of
from safar.channels.actions import ensure_channels
from safar.front.build import build_front
from safar.front.goods import note_goods
from safar.gate.control import step
from safar.gate.model import Kind
from safar.gate.sites import NewSite, figures, open_site, product_key, remove_site
from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock.model import MAIN, Receipt
from tests.conftest import Serve
from tests.shop.conftest import ITEMS
from tests.writes import buyer


@dataclass
class Drop:
    """A front with a waiting room before its mug, for one at a time; two mugs are there."""

    context: Context
    front: Starlette
    base: str
    key: str
    path: str
    clients: list[httpx.AsyncClient]

    def visitor(self) -> httpx.AsyncClient:
        self.clients.append(httpx.AsyncClient(base_url=self.base, timeout=30))
        return self.clients[-1]

    async def work(self) -> None:
        """What the worker and the front's own reading do four times a second."""
        await note_goods(self.context.database)
        async with self.context.database.transaction() as connection:
            await step(connection, self.key)
        await self.front.state.board.refresh()

    async def buy(self, visitor: httpx.AsyncClient) -> httpx.Response:
        order = {"id": str(new_id()), "sku": "MUG", "quantity": 1, **buyer()}
        return await visitor.post("/buy", json=order)


@pytest.fixture
async def drop(context: Context, serve: Serve) -> AsyncIterator[Drop]:
    async with context.database.transaction() as connection:
        await ensure_channels(connection)
        await stock.ensure_locations(connection)
        await import_products(connection, ITEMS)
        receipts = [
            Receipt(new_id(), variant_id_of(sku), MAIN, 2, "delivery", None, None) for sku in ("MUG", "CLOCK")
        ]
        await stock.receive_many(connection, receipts)
        mug = await find_variant(connection, "MUG")
        assert mug is not None
        new = NewSite(
            key=product_key(mug.product_id), capacity=1, kind=Kind.PRODUCT, title=mug.title,
            path=f"/p/{mug.slug}", product_id=mug.product_id,
        )  # fmt: skip
        await open_site(connection, new, staff_id=new_id())
    front = build_front(context)
    base = await serve(front)
    there = Drop(context, front, base, new.key, new.path or "", [])
    await there.work()
    yield there
    for client in there.clients:
        await client.aclose()


async def test_only_who_wants_the_product_waits(drop: Drop) -> None:
    first, second = drop.visitor(), drop.visitor()
    assert (await first.get(drop.path)).status_code == 200
    assert (await second.get("/")).status_code == 200
    clock_path = (await second.get("/search?q=clock", follow_redirects=True)).text.split('href="/p/')[1]
    assert (await second.get("/p/" + clock_path.split('"')[0])).status_code == 200
    sent = await second.get(drop.path)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"/wait?site={drop.key}&next=%2Fp%2F")
    page = await second.get(sent.headers["location"])
    assert "Retrospot mug" in page.text
    told = (await second.get(f"/wait/poll?site={drop.key}")).json()
    assert (told["place"], told["units_left_text"]) == (1, "2")
    assert (await second.get("/")).status_code == 200


async def test_nobody_gets_past_the_room_by_the_cart_or_by_one_request(drop: Drop) -> None:
    inside, outside = drop.visitor(), drop.visitor()
    await inside.get(drop.path)
    await outside.get("/")
    for data in ({"sku": "MUG"}, {"sku": " mug "}):
        sent = await outside.post("/cart/lines", data=data)
        assert (sent.status_code, sent.headers["location"]) == (303, drop.path)
    refused = await drop.buy(outside)
    assert (refused.status_code, refused.json()["error"]) == (503, "waiting")
    assert (await outside.post("/cart/lines", data={"sku": "CLOCK"})).status_code == 303
    assert (await inside.post("/cart/lines", data={"sku": "MUG"})).status_code == 303
    assert (await drop.buy(inside)).status_code == 201


async def test_when_the_last_unit_is_sold_the_queue_ends_at_once_and_says_so(drop: Drop) -> None:
    inside, waiting = drop.visitor(), drop.visitor()
    await inside.get(drop.path)
    await waiting.get(drop.path)
    for left in ("1", "0"):
        assert (await drop.buy(inside)).status_code == 201
        if left == "1":
            await drop.work()
            told = (await waiting.get(f"/wait/poll?site={drop.key}")).json()
            assert (told["state"], told["units_left_text"]) == ("waiting", left)
    await drop.work()
    async with drop.context.database.connection() as connection:
        found = await figures(connection, drop.key)
    assert found is not None
    assert (found.site.ended_reason, found.site.units_left) == ("sold_out", 0)
    assert (await waiting.get(f"/wait/poll?site={drop.key}")).json()["state"] == "ended"
    page = await waiting.get(f"/wait?site={drop.key}")
    assert "Sold out" in page.text
    async with drop.context.database.connection() as connection:
        told = await connection.execute("SELECT properties FROM journal_events WHERE name = 'site.ended'")
        assert await told.fetchall() == [({"site": drop.key, "waiting": 1, "reason": "sold_out"},)]


async def test_a_room_that_is_taken_away_lets_everybody_through(drop: Drop) -> None:
    first, second = drop.visitor(), drop.visitor()
    await first.get(drop.path)
    assert (await second.get(drop.path)).status_code == 303
    async with drop.context.database.transaction() as connection:
        await remove_site(connection, drop.key, staff_id=new_id())
    await drop.work()
    assert (await second.get(drop.path)).status_code == 200
