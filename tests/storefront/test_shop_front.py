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
    assert "Welcome to" in (await browser.get("/?lang=en")).text


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


async def test_staff_say_which_words_mean_the_same_and_a_line_that_cannot_be_is_named(
    desk: httpx.AsyncClient, browser: httpx.AsyncClient, database: Database
) -> None:
    assert "xmas, christmas" in (await desk.get("/shop-front/search")).text
    saved = await desk.post("/shop-front/search", data={"synonyms": "tumbler,  mug \n\nfairy light, lantern"})
    assert saved.headers["location"] == "/shop-front/search?saved=1"
    assert await events(database, "search_words.changed") == ["search_words.changed"]
    assert "tumbler, mug\nfairy light, lantern" in (await desk.get("/shop-front/search")).text
    assert "Retrospot mug" in (await browser.get("/search?q=tumblers")).text
    for lines, wrong in (("mug, cup\nalone", "Line 2"), ("mug, one two three four", "3 words at most")):
        page = await desk.post("/shop-front/search", data={"synonyms": lines})
        assert page.status_code == 422
        assert wrong in page.text
        assert lines in page.text
    assert await events(database, "search_words.changed") == ["search_words.changed"]
