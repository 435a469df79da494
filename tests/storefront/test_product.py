"""The product page: options without scripts, prices, what is there, and when the rest comes."""

import json
import re
from datetime import timedelta

import httpx

from safar.catalogue.actions import variant_id_of
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.i18n import day
from safar.owner.actions import change_shop
from safar.pricing.rules import forget_rules
from safar.stock import actions as stock
from safar.stock.model import MAIN
from safar.storefront.look import forget_look
from tests.stage.books import events

_VALUE = re.compile(r'<a id="[^"]+" class="value([^"]*)" href="([^"]+)"([^>]*)><bdi>([^<]+)</bdi>')


def values(page: str) -> dict[str, tuple[str, bool, bool]]:
    """Return by its text where a value leads, whether it is chosen, and whether it is gone."""
    return {
        text: (href, "aria-current" in rest, "value-gone" in classes)
        for classes, href, rest, text in _VALUE.findall(page)
    }


async def test_options_are_links_that_lead_to_the_nearest_variant_there_is(
    browser: httpx.AsyncClient,
) -> None:
    first = values((await browser.get("/p/cotton-shirt")).text)
    # The small red one is sold out, so the page begins with the large red one.
    assert first["Red"][1:] == (True, False)
    assert first["L"][1:] == (True, False)
    assert first["Blue"] == ("/p/cotton-shirt?sku=SHIRT-BL", False, False)
    assert first["S"][0] == "/p/cotton-shirt?sku=SHIRT-RS"
    chosen = await browser.get(first["Blue"][0])
    assert "£35.00" in chosen.text
    assert "£50.00" in chosen.text  # what it cost before
    assert 'name="sku" value="SHIRT-BL"' in chosen.text
    for sku in ("nope", "<b>", "shirt-bl"):
        assert (await browser.get("/p/cotton-shirt", params={"sku": sku})).status_code == 200


async def test_a_page_speaks_the_readers_language_and_currency(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/p/cotton-shirt?sku=SHIRT-BL&lang=fa&currency=EUR")).text
    assert "پیراهن نخی" in page
    assert "آبی" in page
    assert "۹۹٫۰۰" in page  # as set by hand, and without a former price
    assert "<s>" not in page


async def test_what_is_sold_out_offers_to_tell_and_what_is_on_its_way_can_be_ordered(
    browser: httpx.AsyncClient, database: Database
) -> None:
    gone = (await browser.get("/p/cotton-shirt?sku=SHIRT-RS")).text
    assert 'action="/back-in-stock"' in gone
    assert 'action="/cart/lines"' not in gone
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE capacity_accounts SET backorder = 3 WHERE id = (SELECT account_id FROM stock_levels"
            " WHERE variant_id = %s AND location_id = %s)",
            [variant_id_of("SHIRT-RL"), MAIN],
        )
        levels = await stock.levels(connection, [variant_id_of("SHIRT-RL")])
        await connection.execute(
            "UPDATE capacity_accounts SET on_hand = 0 WHERE id = %s",
            [levels[variant_id_of("SHIRT-RL"), MAIN].account_id],
        )
    later = (await browser.get("/p/cotton-shirt?sku=SHIRT-RL")).text
    assert "More on the way" in later
    assert "Pre-order" in later
    assert 'max="3"' in later


async def test_machines_read_the_product_in_a_data_block(
    browser: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as connection:
        await connection.execute("UPDATE products SET title = 'Mug </script><b>' WHERE slug = 'mug-page'")
    page = (await browser.get("/p/mug-page")).text
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert block is not None
    product = json.loads(block.group(1))
    assert product["name"] == "Mug </script><b>"
    assert product["offers"]["price"] == "4.95"
    assert product["offers"]["availability"].endswith("/InStock")
    assert "<b>" not in page.replace(block.group(), "")


async def test_looking_at_a_product_is_an_event_of_the_visitor(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await browser.get("/p/mug-page")  # it brings the cookie; who never comes back was nobody
    await browser.get("/p/mug-page")
    assert await events(database, "product.viewed") == ["product.viewed"]
    assert (await browser.get("/p/nothing")).status_code == 404
    assert await events(database, "product.viewed") == ["product.viewed"]


async def test_tax_and_delivery_are_told_for_the_country_of_most_customers(
    browser: httpx.AsyncClient, database: Database, context: Context
) -> None:
    assert "tax included" not in (await browser.get("/p/mug-page")).text
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO tax_countries (country, included, rates)"
            """ VALUES ('BR', true, '{"standard": 17000}')"""
        )
        await change_shop(connection, {"country": "BR"}, staff_id=None)
        await connection.execute("""
            INSERT INTO shipping_zones VALUES (gen_random_uuid(), 'Brazil', '{BR}', '{}', now())
        """)
        await connection.execute("""
            INSERT INTO shipping_methods (id, zone_id, key, names, bands, currency, days_least, days_most)
            SELECT gen_random_uuid(), id, 'post', '{"": "Post", "fa": "پست"}',
            '[{"weight_g_max": null, "price_minor": 395}]', 'GBP', 2, 5 FROM shipping_zones
        """)
        forget_rules(connection)
    forget_look(context.database)
    page = (await browser.get("/p/mug-page")).text
    assert "tax included" in page
    assert "Delivery from £3.95" in page
    leaves = clock.today("UTC") + timedelta(days=context.settings.ship_days)
    first, last = (day(leaves + timedelta(days=days)) for days in (2, 5))
    assert f"Order today, expected {first} to {last}" in page
    table = (await browser.get("/info/delivery?lang=fa")).text
    assert "پست" in table
    assert "۳٫۹۵" in table
    assert "<h2>برزیل</h2>" in table  # a zone is called by its countries, in the reader's language


async def test_choices_stand_in_the_order_in_which_they_were_given(
    browser: httpx.AsyncClient, database: Database
) -> None:
    async with database.transaction() as connection:
        for place, sku in enumerate(("SHIRT-BL", "SHIRT-BS", "SHIRT-RL", "SHIRT-RS")):
            await connection.execute("UPDATE variants SET position = %s WHERE sku = %s", [place, sku])
    page = (await browser.get("/p/cotton-shirt")).text
    assert list(values(page)) == ["Blue", "Red", "L", "S"]
    ids = re.findall(r'<a id="([^"]+)" class="value', page)
    assert len(ids) == len(set(ids)) == 4  # the focus finds its choice again by its id
    assert '<p class="sr" role="status" id="chosen">Blue, L · £35.00 · In stock: 5</p>' in page


async def test_machines_read_the_variants_of_a_product_as_a_group(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/p/cotton-shirt")).text
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert block is not None
    group = json.loads(block.group(1))
    assert group["@type"] == "ProductGroup"
    assert group["variesBy"] == ["https://schema.org/color", "https://schema.org/size"]
    assert [(v["sku"], v["color"], v["size"]) for v in group["hasVariant"]][-1] == ("SHIRT-BL", "Blue", "L")
    states = {v["sku"]: v["offers"]["availability"].rsplit("/", 1)[1] for v in group["hasVariant"]}
    assert states["SHIRT-RS"] == "OutOfStock"
    assert states["SHIRT-BL"] == "InStock"
    for path, kind in (("/", "website"), ("/c/lights", "website"), ("/p/mug-page", "product")):
        shown = (await browser.get(path)).text
        assert f'<meta property="og:type" content="{kind}">' in shown, path
        assert shown.count('<meta name="description"') == 1, path
        assert 'property="og:site_name"' in shown
