"""Home, categories and search as visitors see them, over real HTTP."""

import re
from xml.etree import ElementTree

import httpx

from safar.catalogue.actions import variant_id_of
from safar.customers.visitor import Visitor, signed
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.stock.actions import receive_stock_many
from safar.stock.model import StockReceipt, allocation_of
from safar.storefront.look import forget_look
from safar.storefront.matching import save_synonyms
from safar.storefront.selling import count_pairs, count_popularity
from tests.stage.orders import bought

_TITLE = re.compile(r'class="card-title"><a href="([^"]+)"><bdi>([^<]+)<')


def titles(page: httpx.Response) -> list[str]:
    assert page.status_code == 200, page.text[:300]
    return [title for _href, title in _TITLE.findall(page.text)]


async def test_the_home_page_shows_categories_what_is_new_and_what_is_reduced(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/")
    assert 'href="/c/lights"' in page.text
    assert "On sale" in page.text
    assert titles(page).count("Cotton shirt") == 2  # as an offer, and among the rest
    assert "Copper lantern" in titles(page)
    assert 'src="/drawn/' in page.text


MEANT = [
    ("copper", "Copper lantern"), ("COPPER lantern", "Copper lantern"), ("lantren", "Copper lantern"),
    ("coper lanten", "Copper lantern"), ("cnadle", "Red candle holder"), ("shrit", "Cotton shirt"),
    ("فرش كاشان", "فرش دستباف کاشان"),  # Arabic kaf
    ("فرش دصتباف", "فرش دستباف کاشان"),  # a letter of the same sound
    ("دستبف", "فرش دستباف کاشان"), ("پيراهن", "Cotton shirt"),  # its Persian words, Arabic ye
    ("कालीन", "हाथ से बना क़ालीन"),  # without the nukta
    ("क़ालिन", "हाथ से बना क़ालीन"),  # the short vowel
    ("cancao", "Canção de ninar, caixinha de música"),
    ("caxinha musica", "Canção de ninar, caixinha de música"), ("algodao", "Cotton shirt"),
    ("SHIRT-RL", "Cotton shirt"),
]  # fmt: skip


async def test_search_finds_in_four_scripts_however_it_is_spelt(browser: httpx.AsyncClient) -> None:
    found = {query: titles(await browser.get("/search", params={"q": query})) for query, _title in MEANT}
    assert found == {query: [title] for query, title in MEANT}


async def test_what_is_only_nearly_meant_is_said_and_nothing_found_says_what_to_do(
    browser: httpx.AsyncClient,
) -> None:
    near = await browser.get("/search", params={"q": "lantren"})
    assert "No exact match for “lantren”" in near.text
    for query in ("zzzzzz", "%", "\\", "qx", "' OR 1=1 --", "<script>"):
        page = await browser.get("/search", params={"q": query})
        assert "Nothing found" in page.text, query
        assert "Show all products" in page.text
        assert "<script>alert" not in page.text


async def test_suggestions_come_while_somebody_types(browser: httpx.AsyncClient) -> None:
    part = await browser.get("/search/suggestions", params={"q": "lant"})
    assert "Copper lantern" in part.text
    assert "<html" not in part.text
    assert 'href="/search?q=lant"' in part.text
    assert "<li>" not in (await browser.get("/search/suggestions", params={"q": "l"})).text


async def test_a_category_is_sorted_and_filtered_by_address_alone(browser: httpx.AsyncClient) -> None:
    assert sorted(titles(await browser.get("/c/lights"))) == ["Copper lantern", "Red candle holder"]
    cheap = await browser.get("/c/lights?sort=cheap")
    assert titles(cheap) == ["Red candle holder", "Copper lantern"]
    assert titles(await browser.get("/c/lights?sort=dear")) == titles(cheap)[::-1]
    assert titles(await browser.get("/c/lights?min=4")) == ["Copper lantern"]
    assert titles(await browser.get("/c/lights?max=4")) == ["Red candle holder"]
    none = await browser.get("/c/lights?min=4&max=5")
    assert "No products match these filters" in none.text
    assert (await browser.get("/c/nothing")).status_code == 404
    assert (await browser.get("/c/%00")).status_code == 404


async def test_options_narrow_a_list_to_products_with_one_variant_that_has_all(
    browser: httpx.AsyncClient, database: Database
) -> None:
    whole = await browser.get("/c/clothes")
    assert 'name="o.Colour" value="Blue"' in whole.text
    assert titles(await browser.get("/search?o.Colour=Blue&o.Size=S")) == ["Cotton shirt"]
    assert titles(await browser.get("/search?o.Colour=Blue&o.Colour=Green")) == ["Cotton shirt"]
    assert "No products match" in (await browser.get("/search?o.Colour=Green")).text
    # The small red one is sold out: no variant is red, small and in stock.
    assert "No products match" in (await browser.get("/search?o.Colour=Red&o.Size=S&stock=1")).text
    assert titles(await browser.get("/search?o.Colour=Red&stock=1")) == ["Cotton shirt"]
    assert titles(await browser.get("/search?reduced=1")) == ["Cotton shirt"]
    chips = (await browser.get("/search?o.Colour=Red&stock=1")).text
    assert 'href="/search?stock=1"' in chips
    assert 'href="/search?o.Colour=Red"' in chips


async def test_a_kit_is_in_stock_while_its_parts_are(browser: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("UPDATE variants SET is_kit = true WHERE sku = 'CANDLE'")
        ids = {"kit": variant_id_of("CANDLE"), "part": variant_id_of("MUG")}
        await connection.execute("INSERT INTO kit_parts VALUES (%(kit)s, %(part)s, 5)", ids)
    assert titles(await browser.get("/c/lights?stock=1&max=4")) == ["Red candle holder"]
    async with database.transaction() as connection:
        await connection.execute("UPDATE kit_parts SET units = 6")
    assert "No products match" in (await browser.get("/c/lights?stock=1&max=4")).text


async def test_prices_are_shown_sorted_and_filtered_in_the_currency_of_the_visitor(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/c/lights?currency=EUR")
    assert "€15.63" in page.text  # 12.50 pounds
    assert browser.cookies["currency"] == "EUR"
    kept = await browser.get("/c/lights?max=5")
    assert titles(kept) == ["Red candle holder"]
    assert "€4.06" in kept.text
    assert titles(await browser.get("/search?min=98&o.Size=L&o.Colour=Blue")) == ["Cotton shirt"]  # by hand
    assert "£" in (await browser.get("/c/lights?currency=GBP")).text
    assert "£" in (await browser.get("/c/lights?currency=ZZZ")).text


async def test_lists_speak_the_language_of_the_reader(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/c/clothes?lang=fa")
    assert titles(page) == ["پیراهن نخی"]
    assert 'dir="rtl"' in page.text
    assert "قرمز" in page.text  # the colour, in the filter
    assert browser.cookies["lang"] == "fa"


async def test_what_sells_comes_first(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    order = {
        "id": "0190a000-0000-7000-8000-000000000001",
        "sku": "CANDLE",
        "quantity": 2,
        "name": "Ada",
        "email": "ada@customers.example",
        "address": "1 Mill Lane",
        "provider": "cod",
        "language": "en",
    }
    await browser.get("/")
    assert (await browser.post("/buy", json=order)).status_code == 201
    await count_popularity(context)
    assert titles(await browser.get("/search"))[0] == "Red candle holder"
    async with database.transaction() as connection:
        await connection.execute("UPDATE orders SET state = 'cancelled'")
    await count_popularity(context)
    async with database.connection() as connection:
        assert await (await connection.execute("SELECT 1 FROM product_popularity")).fetchone() is None


async def test_what_was_bought_together_more_than_once_goes_with_each_other(
    browser: httpx.AsyncClient, context: Context
) -> None:
    candle, shirt = variant_id_of("CANDLE"), variant_id_of("SHIRT-BL")
    await bought(context, (candle, 1), (shirt, 1))
    await count_pairs(context)
    assert "Often bought together" not in (await browser.get("/p/cotton-shirt")).text
    await bought(context, (candle, 1), (shirt, 1))
    await count_pairs(context)
    page = (await browser.get("/p/cotton-shirt?sku=SHIRT-BL")).text
    assert "Often bought together" in page
    assert "Red candle holder" in page.split("Often bought together")[-1]


async def test_whom_a_campaign_brought_sees_first_what_is_set_aside_for_them(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    campaign_id = new_id()
    place = allocation_of(campaign_id)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO stock_locations (id, name, kind, created_at)"
            " VALUES (%s, 'Spring', 'allocation', now())",
            [place],
        )
        receipt = StockReceipt(
            move_id=new_id(), variant_id=variant_id_of("LANTERN"), location_id=place, quantity=2, reason="x"
        )
        await receive_stock_many(connection, [receipt])
    assert "Reserved for you" not in (await browser.get("/")).text
    cookie = signed(context.vault, Visitor(new_id(), campaign_id))
    browser.cookies.set("visitor", cookie, domain="127.0.0.1")
    page = (await browser.get("/")).text
    assert page.index("Reserved for you") < page.index("Copper lantern")


async def test_long_lists_have_pages(browser: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("""
            INSERT INTO products (id, slug, title, category, searchable, created_at)
            SELECT gen_random_uuid(), 'spoon-' || n, 'Spoon ' || n, 'spoons', 'spoon ' || n, now()
            FROM generate_series(10, 39) AS n
        """)
        await connection.execute("""
            INSERT INTO variants (id, product_id, sku, title, price_minor, currency)
            SELECT gen_random_uuid(), id, upper(slug), title, 100, 'GBP' FROM products
            WHERE category = 'spoons'
        """)
    first, second = [titles(await browser.get(f"/c/spoons?sort=name&page={page}")) for page in (1, 2)]
    assert (len(first), len(second)) == (24, 6)
    assert not set(first) & set(second)
    assert 'rel="next"' in (await browser.get("/c/spoons")).text


async def test_search_engines_are_told_of_every_page(browser: httpx.AsyncClient) -> None:
    tree = ElementTree.fromstring((await browser.get("/sitemap.xml")).text)
    found = [node.text or "" for node in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    for path in ("/", "/c/lights", "/p/cotton-shirt", "/info/contact"):
        assert any(address.endswith(path) for address in found), path
    assert not any("/info/terms" in address for address in found)


async def test_pages_of_the_shop_exist_when_it_has_written_them(
    browser: httpx.AsyncClient, database: Database, context: Context
) -> None:
    assert (await browser.get("/info/terms")).status_code == 404
    assert (await browser.get("/info/nothing")).status_code == 404
    assert "shop@safar.example" in (await browser.get("/info/contact")).text
    assert "Delivery is free" in (await browser.get("/info/delivery")).text
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO shop_words VALUES ('terms', 'en', '# First' || chr(10) || 'Be <b>kind</b>.', now())"
        )
    forget_look(context.database)
    page = (await browser.get("/info/terms")).text
    assert "<h2>First</h2>" in page
    assert "Be &lt;b&gt;kind&lt;/b&gt;." in page
    assert 'href="/info/terms"' in page


STEMMED = [
    ("mugs", "Retrospot mug"), ("lanterns", "Copper lantern"), ("candles holders", "Red candle holder"),
    ("shirts", "Cotton shirt"), ("camisas", "Cotton shirt"), ("retro", "Retrospot mug"),
    ("spot", "Retrospot mug"),
    ("canções", "Canção de ninar, caixinha de música"), ("caixinhas", "Canção de ninar, caixinha de música"),
]  # fmt: skip


async def test_search_finds_the_singular_by_the_plural_and_words_inside_of_others(
    browser: httpx.AsyncClient,
) -> None:
    found = {query: titles(await browser.get("/search", params={"q": query})) for query, _title in STEMMED}
    assert found == {query: [title] for query, title in STEMMED}


async def test_search_finds_by_words_that_staff_say_mean_the_same(
    browser: httpx.AsyncClient, database: Database
) -> None:
    assert "Nothing found" in (await browser.get("/search?q=tumbler")).text
    async with database.transaction() as connection:
        groups = [["tumbler", "mug"], ["fairy light", "lantern"]]
        assert await save_synonyms(connection, groups, staff_id=new_id())
        assert not await save_synonyms(connection, groups, staff_id=new_id())
    forget_look(database)
    for query in ("tumbler", "tumblers", "retrospot tumbler", "fairy lights", "copper fairy light"):
        page = await browser.get("/search", params={"q": query})
        wanted = "Copper lantern" if "fairy" in query else "Retrospot mug"
        assert titles(page) == [wanted], query
        assert "Similar results" not in page.text


async def test_what_comes_near_stands_beside_the_few_that_are_exact(
    browser: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE products SET title = 'Retrosbot', searchable = 'retrosbot' WHERE slug = 'lantern-page'"
        )
    page = await browser.get("/search?q=retrospot")
    assert titles(page) == ["Retrospot mug", "Retrosbot"]
    places = [page.text.index(word) for word in ("Retrospot mug", "Similar results", ">Retrosbot<")]
    assert places == sorted(places)
    assert "1 product<" in page.text


async def test_new_are_only_the_newest_few(browser: httpx.AsyncClient, database: Database) -> None:
    assert ">New</span>" not in (await browser.get("/search")).text  # all came on one day
    async with database.transaction() as connection:
        await connection.execute("UPDATE products SET created_at = created_at - interval '1 day'")
        await connection.execute("UPDATE products SET created_at = now() WHERE slug = 'mug-page'")
    forget_look(database)
    page = (await browser.get("/search?sort=new")).text
    assert page.count(">New</span>") == 1
    assert page.index("Retrospot mug") < page.index("Copper lantern")


async def test_a_page_that_is_not_there_offers_the_search_and_the_categories(
    browser: httpx.AsyncClient,
) -> None:
    page = await browser.get("/p/nothing")
    assert page.status_code == 404
    assert "Page not found" in page.text
    body = page.text[page.text.index("<main") : page.text.index("</main>")]
    assert 'action="/search"' in body
    assert 'href="/c/lights"' in body


async def test_a_shop_without_words_of_its_own_says_what_it_keeps(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/info/privacy")).text
    assert "We set only our own cookies" in page
    assert "visitor" in page
    assert 'href="/info/privacy"' in (await browser.get("/")).text
