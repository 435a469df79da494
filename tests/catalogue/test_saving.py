"""Products and variants are written as they are to be, and what that changes is told."""

from dataclasses import replace
from decimal import Decimal

import pytest

from safar.catalogue import actions
from safar.catalogue.articles import Article
from safar.catalogue.categories import categories_listed, remove_category, save_category
from safar.catalogue.codes import variant_of_code
from safar.catalogue.errors import (
    BarcodeTaken,
    CategoryInUse,
    KitOfKits,
    TooManyVariants,
    UnknownPart,
    UnknownProduct,
)
from safar.catalogue.kits import kits
from safar.catalogue.model import Price, ProductWords, Rate
from safar.catalogue.prices import currencies, prices_in, save_rates
from safar.catalogue.words import words_in
from safar.kernel.database import Database
from tests.stage.catalogue import EAN, OTHER_EAN, STAFF, article, events, found, saved, stocked, stored


async def test_what_is_saved_is_what_is_read_again(database: Database) -> None:
    lamp = article(
        "LAMP-R",
        "Lamp",
        barcode=EAN,
        weight_g=350,
        tax_class="reduced",
        was_minor=600,
        tracks_lots=True,
        options={"Colour": "Red", "Size": "L"},
        prices={"EUR": Price(550, 700)},
        words={"fa": ProductWords("چراغ", "روشن", {"Colour": "رنگ"})},
        description="Shines.",
    )
    await saved(database, lamp)
    assert await stored(database, "LAMP-R") == Article(
        replace(lamp.product, slug="lamp-lamp-r"), lamp.variant
    )
    async with database.connection() as connection:
        variant = await actions.find_variant(connection, "lamp-r")
        assert variant
        assert (variant.title, variant.weight_g, variant.options) == (
            "Lamp · Red / L",
            350,
            {"Colour": "Red", "Size": "L"},
        )


async def test_saving_again_changes_and_tells_nothing(database: Database) -> None:
    lamp = article("LAMP", barcode=EAN)
    assert [one.new for one in await saved(database, lamp)] == [True]
    assert [one.changed for one in await saved(database, await stored(database, "LAMP"))] == [False]
    assert [name for name, _ in await events(database, "product.created", "product.changed")] == [
        "product.created"
    ]


async def test_a_new_title_reaches_every_variant_and_a_new_price_is_told(database: Database) -> None:
    red = article("LAMP-R", options={"Colour": "Red"})
    await saved(database, red, article("LAMP-B", of=red, options={"Colour": "Blue"}))
    red = await stored(database, "LAMP-R")
    await saved(
        database, Article(replace(red.product, title="Big lamp"), replace(red.variant, price_minor=1000))
    )
    async with database.connection() as connection:
        product, variants = await actions.product_of(connection, red.product.slug)
    assert product.title == "Big lamp"
    assert {variant.title for variant in variants} == {"Big lamp · Red", "Big lamp · Blue"}
    assert [told for _, told in await events(database, "price.changed")] == [
        {"sku": "LAMP-R", "from_minor": 495, "to_minor": 1000, "currency": "GBP"}
    ]
    assert (await events(database, "product.changed"))[0][1]["fields"] == ["price_minor", "title"]


async def test_two_products_never_share_an_address(database: Database) -> None:
    await saved(database, article("A-B", "Mug"), article("B", "Mug A"), article("A.B", "Mug"))
    slugs = {(await stored(database, sku)).product.slug for sku in ("A-B", "B", "A.B")}
    assert len(slugs) == 3
    assert "mug-a-b" in slugs


async def test_a_barcode_names_one_article_and_two_may_swap_theirs(database: Database) -> None:
    await saved(database, article("ONE", barcode=EAN), article("TWO", barcode=OTHER_EAN))
    with pytest.raises(BarcodeTaken):
        await saved(database, article("THREE", barcode=EAN))
    one, two = await stored(database, "ONE"), await stored(database, "TWO")
    await saved(
        database,
        Article(one.product, replace(one.variant, barcode=OTHER_EAN)),
        Article(two.product, replace(two.variant, barcode=EAN)),
    )
    assert (await stored(database, "ONE")).variant.barcode == OTHER_EAN


async def test_a_scanner_finds_by_barcode_in_each_of_its_forms_and_by_sku(database: Database) -> None:
    await saved(database, article("UPC", barcode="0036000291452"), article("SKU1", barcode=EAN))
    async with database.connection() as connection:
        for code, sku in (
            ("036000291452", "UPC"),
            ("0036000291452", "UPC"),
            ("00036000291452", "UPC"),
            ("sku1 ", "SKU1"),
            ("۵۰۱۲۳۴۵۶۷۸۹۰۰", "SKU1"),
        ):
            found = await variant_of_code(connection, code)
            assert found, code
            assert found.sku == sku
        for code in ("", "036000291453", "x" * 100, "\x00", "nothing"):
            assert await variant_of_code(connection, code) is None


async def test_a_kit_knows_its_parts_and_no_kit_is_part_of_one(database: Database) -> None:
    await stocked(database)
    await saved(database, article("SET", parts={"MUG": 2, "BOWL": 1}))
    ids = {sku: actions.variant_id_of(sku) for sku in ("SET", "MUG", "BOWL")}
    async with database.connection() as connection:
        assert await kits(connection, ids.values()) == {
            ids["SET"]: tuple(sorted([(ids["MUG"], 2), (ids["BOWL"], 1)]))
        }
        assert (await actions.variants_by_id(connection, [ids["SET"]]))[ids["SET"]].is_kit
    with pytest.raises(KitOfKits):
        await saved(database, article("BIG", parts={"SET": 1}))
    mug = await stored(database, "MUG")
    with pytest.raises(KitOfKits):
        await saved(database, Article(mug.product, replace(mug.variant, parts={"BOWL": 1})))
    with pytest.raises(UnknownPart):
        await saved(database, article("BIG", parts={"NONE": 1}))
    kit = await stored(database, "SET")
    await saved(database, Article(kit.product, replace(kit.variant, parts={})))
    async with database.connection() as connection:
        assert await kits(connection, ids.values()) == {}


async def test_a_product_has_a_limit_of_variants(database: Database) -> None:
    first = article("V0")
    with pytest.raises(TooManyVariants):
        await saved(database, first, *(article(f"V{n}", of=first) for n in range(1, 101)))


async def test_what_is_not_published_is_not_shown_and_not_found(database: Database) -> None:
    await stocked(database)
    mug = await stored(database, "MUG")
    await saved(database, Article(replace(mug.product, published=False), mug.variant))
    async with database.connection() as connection:
        with pytest.raises(UnknownProduct):
            await actions.product_of(connection, mug.product.slug)
        variant = await actions.find_variant(connection, "MUG")
        assert variant
        assert not variant.published
    assert await found(database, "mug") == []


async def test_products_are_found_by_every_name_they_have(database: Database) -> None:
    await saved(
        database,
        article(
            "LAMP",
            barcode=EAN,
            options={"Colour": "Crimson"},
            words={"hi": ProductWords("दीपक", "", {"Crimson": "किरमिजी"})},
        ),
    )
    for query in ("lamp", "दीपक", EAN, "crimson", "किरमिजी", "lights", "iluminacao"):
        assert await found(database, query) == ["LAMP"], query


async def test_prices_in_other_currencies_are_set_or_converted_or_missing(database: Database) -> None:
    await saved(
        database,
        article("SET-PRICE", prices={"EUR": Price(999, None)}, price_minor=1000, was_minor=1200),
        article("CONVERTED", price_minor=1000, was_minor=1200),
    )
    ids = [actions.variant_id_of(sku) for sku in ("SET-PRICE", "CONVERTED")]
    async with database.transaction() as connection:
        assert await prices_in(connection, ids, "EUR") == {ids[0]: Price(999, None)}
        table = [Rate("EUR", Decimal("1.15"), 10), Rate("JPY", Decimal("190.5"), 100)]
        assert await save_rates(connection, table, staff_id=STAFF)
        assert not await save_rates(connection, table, staff_id=STAFF)
        assert await prices_in(connection, ids, "EUR") == {
            ids[0]: Price(999, None),
            ids[1]: Price(1150, 1380),
        }
        assert (await prices_in(connection, ids, "JPY"))[ids[1]] == Price(1900, 2300)
        assert (await prices_in(connection, ids, "GBP"))[ids[0]] == Price(1000, 1200)
        assert await currencies(connection, "GBP") == ["GBP", "EUR", "JPY"]
    assert len(await events(database, "rates.changed")) == 1


async def test_words_are_those_of_the_language_else_the_products_own(database: Database) -> None:
    lamp = article("LAMP", description="Shines.", words={"fa": ProductWords("چراغ", "")})
    await saved(database, lamp)
    async with database.connection() as connection:
        assert (await words_in(connection, [lamp.product.id], "fa"))[lamp.product.id] == ProductWords(
            "چراغ", "Shines."
        )
        assert (await words_in(connection, [lamp.product.id], "hi"))[lamp.product.id].title == "Lamp"


async def test_a_category_is_named_and_found_by_its_names_and_kept_while_in_use(database: Database) -> None:
    await saved(database, article("LAMP", category="gadgets"))
    async with database.transaction() as connection:
        assert await save_category(connection, "gadgets", {"fa": "ابزارک"}, 1, staff_id=STAFF)
        assert not await save_category(connection, "gadgets", {"fa": "ابزارک"}, 1, staff_id=STAFF)
        assert [(c.key, c.products) for c in await categories_listed(connection)] == [("gadgets", 1)]
        with pytest.raises(CategoryInUse):
            await remove_category(connection, "gadgets", staff_id=STAFF)
        await save_category(connection, "empty", {}, 2, staff_id=STAFF)
        await remove_category(connection, "empty", staff_id=STAFF)
        assert len(await categories_listed(connection)) == 1
    assert await found(database, "ابزارک") == ["LAMP"]


async def test_new_variants_stand_in_the_order_in_which_they_came(database: Database) -> None:
    shirts = [article(f"SHIRT-{size}", "Shirt", options={"Size": size}) for size in ("S", "M", "L")]
    one = shirts[0].product
    shirts = [Article(one, replace(shirt.variant, product_id=one.id)) for shirt in shirts]
    await saved(database, *shirts)
    extra = article("SHIRT-A", "Shirt", options={"Size": "XL"})
    await saved(database, Article(one, replace(extra.variant, product_id=one.id)))
    slug = (await stored(database, "SHIRT-S")).product.slug
    async with database.connection() as connection:
        _product, variants = await actions.product_of(connection, slug)
    assert [variant.options["Size"] for variant in variants] == ["S", "M", "L", "XL"]
    assert [one.changed for one in await saved(database, await stored(database, "SHIRT-L"))] == [False]
