"""The console page "Shop front": what staff write there is what customers read."""

from collections.abc import AsyncIterator

import httpx
import pytest

from safar.console.build import build_console
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.storefront.look import forget_look
from tests.stage.books import events
from tests.stage.people import signed_in
from tests.stage.serving import Serve


@pytest.fixture
async def desk(context: Context, serve: Serve, shop: None) -> AsyncIterator[httpx.AsyncClient]:
    async with await signed_in(context, await serve(build_console(context)), role="manager") as client:
        yield client


async def test_what_staff_write_is_what_customers_read_each_in_their_language(
    desk: httpx.AsyncClient, browser: httpx.AsyncClient, database: Database, context: Context
) -> None:
    said = {
        "hero_title_en": "Rugs <since> 1920",
        "hero_title_fa": "فرش از ۱۲۹۹",
        "phone": "",
        "country": "ir",
    }
    for _time in range(2):
        assert (await desk.post("/shop-front", data=said)).headers["location"] == "/shop-front?saved=1"
    assert await events(database, "shop_front.changed") == ["shop_front.changed"]
    page = (await browser.get("/")).text
    assert "Rugs &lt;since&gt; 1920" in page
    assert "فرش از ۱۲۹۹" in (await browser.get("/?lang=fa")).text
    assert "Rugs &lt;since&gt; 1920" in (await browser.get("/?lang=hi")).text  # the shop's own language
    assert 'value="IR"' in (await desk.get("/shop-front")).text
    await desk.post("/shop-front", data={"hero_title_en": "", "hero_title_fa": ""})
    forget_look(context.database)
    assert "one honest shelf" in (await browser.get("/?lang=en")).text


async def test_what_cannot_be_is_said_and_nothing_is_saved(
    desk: httpx.AsyncClient, database: Database
) -> None:
    for field, value in (
        ("country", "GBR"),
        ("email", "x"),
        ("hero_sku", "NOPE"),
        ("terms_en", "x" * 12_001),
    ):
        page = await desk.post("/shop-front", data={"notice_en": "Sale", field: value})
        assert page.status_code == 422, field
        assert "Nothing was saved" in page.text
    async with database.connection() as connection:
        assert await (await connection.execute("SELECT 1 FROM shop_words")).fetchone() is None


async def test_the_article_that_staff_choose_stands_on_the_home_page(
    desk: httpx.AsyncClient, browser: httpx.AsyncClient
) -> None:
    await desk.post("/shop-front", data={"hero_sku": "LANTERN"})
    assert 'href="/p/lantern-page">Copper lantern' in (await browser.get("/")).text
