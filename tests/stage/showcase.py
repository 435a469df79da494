"""A shop with options, offers, words in several languages and prices in two currencies."""

from collections.abc import AsyncIterator

import httpx
import pytest

from safar.catalogue.actions import variant_id_of
from safar.catalogue.articles import Article, ProductDraft, VariantDraft
from safar.catalogue.model import Price, ProductWords
from safar.catalogue.saving import save_articles_many
from safar.channels.actions import ensure_channels
from safar.customers.visitor import VisitorLayer
from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.kernel.ids import derived_id
from safar.kernel.web.surface import Surface, build_surface
from safar.shop import public
from safar.stock import actions as stock
from safar.storefront.layer import StorefrontLayer, page_values
from safar.storefront.look import forget_look
from tests.stage.serving import Serve
from tests.stage.shop import receive

PLAIN = {
    "MUG": ("Retrospot mug", "kitchen", 495),
    "LANTERN": ("Copper lantern", "lights", 1250),
    "CANDLE": ("Red candle holder", "lights", 325),
    "FA1": ("فرش دستباف کاشان", "home", 99000),
    "HI1": ("हाथ से बना क़ालीन", "home", 45000),
    "PT1": ("Canção de ninar, caixinha de música", "children", 1250),
}
SHIRT_WORDS = {
    "fa": ProductWords(
        "پیراهن نخی", "پنبه", {"Colour": "رنگ", "Red": "قرمز", "Blue": "آبی", "Size": "اندازه"}
    ),
    "pt-BR": ProductWords("Camisa de algodão", "Algodão", {}),
}


def _plain(sku: str) -> Article:
    title, category, price = PLAIN[sku]
    product_id = derived_id("product", sku)
    product = ProductDraft(product_id, title, category, slug=f"{sku.lower()}-page")
    return Article(product, VariantDraft(variant_id_of(sku), product_id, sku, price, "GBP"))


def shirts() -> list[Article]:
    """A shirt in two colours and two sizes; the large blue one is reduced, and dearer in euros by hand."""
    product_id = derived_id("product", "SHIRT")
    product = ProductDraft(
        product_id,
        "Cotton shirt",
        "clothes",
        "Soft.\n\n# Care\n- Wash it cold.",
        words=SHIRT_WORDS,
        slug="cotton-shirt",
    )
    made = []
    for position, (colour, size) in enumerate([("Red", "S"), ("Red", "L"), ("Blue", "S"), ("Blue", "L")]):
        sku, large_blue = f"SHIRT-{colour[0]}{size}", (colour, size) == ("Blue", "L")
        variant = VariantDraft(
            variant_id_of(sku),
            product_id,
            sku,
            2000 + 500 * position,
            "GBP",
            position=position,
            options={"Colour": colour, "Size": size},
            was_minor=5000 if large_blue else None,
            prices={"EUR": Price(9900, None)} if large_blue else {},
        )
        made.append(Article(product, variant))
    return made


@pytest.fixture
async def shop(database: Database) -> None:
    """Of everything five, but of the small red shirt none; a euro is 0.80 of a pound."""
    async with database.transaction() as connection:
        await ensure_channels(connection)
        await stock.ensure_locations(connection)
        await save_articles_many(connection, [*map(_plain, PLAIN), *shirts()], staff_id=None)
        await connection.execute("INSERT INTO catalogue_rates VALUES ('EUR', 1.25, 1, now())")
    units = dict.fromkeys([*PLAIN, "SHIRT-RL", "SHIRT-BS", "SHIRT-BL"], 5)
    await receive(database, units)


@pytest.fixture
async def base(context: Context, serve: Serve, shop: None) -> str:
    """The address of the shop over real HTTP, behind the layers that stand before it."""
    forget_look(context.database)
    return await serve(
        build_surface(
            context,
            Surface("front", page_values),
            public.routes,
            inside=[lambda app: VisitorLayer(app, context), lambda app: StorefrontLayer(app, context)],
        )
    )


@pytest.fixture
async def browser(base: str) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor's browser: keeps cookies, shows redirects."""
    async with httpx.AsyncClient(base_url=base, timeout=20) as client:
        yield client
