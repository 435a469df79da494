"""So many units of a product go into one order, whichever door asks; its page and the cart say so."""

from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safar.cart.actions import change_carts_many
from safar.cart.decide import CartRefused
from safar.cart.most import Most, beyond
from safar.catalogue.actions import variant_id_of
from safar.customers.visitor import new_visitor
from safar.kernel.context import Context
from safar.kernel.database import Database, execute
from safar.kernel.ids import derived_id, new_id
from safar.orders.errors import TooManyOfProduct
from safar.orders.model import Taken
from safar.orders.place import buy_many, place_many
from tests.stage.carts import change
from tests.stage.checkout import BUYER
from tests.stage.orders import answered
from tests.stage.shop import CLOCK, MUG, free, request

pytestmark = pytest.mark.finding("security-5")
KIT = variant_id_of("PT1")
_IDS = [derived_id("article", number) for number in range(4)]
_PRODUCTS = [derived_id("product", number) for number in range(2)]


async def at_most(database: Database, units: int | None) -> None:
    """Let so many mugs go into one order."""
    async with database.transaction() as connection:
        await execute(
            connection,
            "UPDATE products SET order_max = %s WHERE id = (SELECT product_id FROM variants WHERE id = %s)",
            [units, MUG],
        )


@given(
    units=st.dictionaries(st.sampled_from(_IDS), st.integers(1, 5)),
    kits=st.dictionaries(
        st.sampled_from(_IDS[2:]),
        st.tuples(st.tuples(st.sampled_from(_IDS[:2]), st.integers(1, 3))),
        max_size=2,
    ),
    limits=st.dictionaries(st.sampled_from(_PRODUCTS), st.integers(1, 12)),
)
def test_all_variants_of_a_product_count_together_and_parts_of_kits_with_them(
    units: dict[UUID, int], kits: dict[UUID, tuple[tuple[UUID, int], ...]], limits: dict[UUID, int]
) -> None:
    product_of = {id_: _PRODUCTS[number % 2] for number, id_ in enumerate(_IDS)}
    mosts = {
        id_: Most(product_of[id_], limits[product_of[id_]], "x") for id_ in _IDS if product_of[id_] in limits
    }
    counted = dict.fromkeys(_PRODUCTS, 0)
    for id_, quantity in units.items():
        counted[product_of[id_]] += quantity
        for part, each in kits.get(id_, ()):
            counted[product_of[part]] += each * quantity
    over = {product_id for product_id, most in limits.items() if counted[product_id] > most}
    assert {most.product_id for most in beyond(units, kits, mosts)} == over


async def test_the_verb_that_takes_the_order_refuses_more(context: Context) -> None:
    await at_most(context.database, 2)
    for verb in (buy_many, place_many):
        refused = await answered(context, verb, request(lines=((MUG, 3),)))
        assert isinstance(refused, TooManyOfProduct)
        assert (refused.units, refused.title) == (2, "Retrospot mug")
    assert isinstance(
        await answered(context, buy_many, request(lines=((MUG, 1), (MUG, 2)))), TooManyOfProduct
    )
    assert await free(context.database) == (10, 0)
    assert isinstance(await context.batched(buy_many, request(lines=((MUG, 2), (CLOCK, 4)))), Taken)
    await at_most(context.database, None)
    assert isinstance(await context.batched(buy_many, request(lines=((MUG, 3),))), Taken)


async def test_a_kit_counts_by_its_parts(context: Context) -> None:
    await at_most(context.database, 2)
    async with context.database.transaction() as connection:
        await execute(connection, "UPDATE variants SET is_kit = true WHERE id = %s", [KIT])
        await execute(connection, "INSERT INTO kit_parts VALUES (%s, %s, 2)", [KIT, MUG])
    assert isinstance(await answered(context, buy_many, request(lines=((KIT, 2),))), TooManyOfProduct)
    assert isinstance(
        await answered(context, buy_many, request(lines=((KIT, 1), (MUG, 1)))), TooManyOfProduct
    )
    assert isinstance(await context.batched(buy_many, request(lines=((KIT, 1),))), Taken)


async def test_a_cart_takes_no_more_of_it(context: Context) -> None:
    await at_most(context.database, 2)
    mine = change(quantity=2, visitor=new_visitor())
    more = change(cart_id=mine.cart_id, visitor=mine.visitor)
    async with context.database.transaction() as connection:
        _two, refused = await change_carts_many(connection, [mine, more])
    assert refused == CartRefused("too_many_of_product", 2, "Retrospot mug")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Retrospot mug: at most 2 per order. Please reduce the quantity."),
        ("pt-BR", "Retrospot mug: no máximo 2 por pedido. Reduza a quantidade."),
        ("fa", "Retrospot mug: حداکثر ۲ عدد در هر سفارش. لطفاً تعداد را کم کنید."),
        ("hi", "Retrospot mug: हर ऑर्डर में ज़्यादा से ज़्यादा 2। कृपया मात्रा घटाएँ।"),
    ],
)
async def test_page_cart_wishlist_and_purchase_say_so(
    browser: httpx.AsyncClient, database: Database, language: str, words: str
) -> None:
    browser.cookies.set("lang", language, domain="127.0.0.1")
    await browser.get("/cart")
    assert (await browser.post("/cart/lines", data={"sku": "MUG", "quantity": 2})).status_code == 303
    await at_most(database, 2)
    assert words not in (await browser.get("/cart")).text
    for sku in ("MUG",):
        await browser.post("/wishlist", data={"sku": sku})
        refused = await browser.post(f"/wishlist/{sku}/cart")
        assert refused.status_code == 409
    assert (await browser.post("/cart/lines/MUG", data={"quantity": 3})).status_code == 303
    shown = (await browser.get("/cart")).text
    assert words in shown
    assert 'href="/checkout"' not in shown
    body = {**BUYER, "id": str(new_id()), "sku": "MUG", "quantity": 3}
    told = await browser.post("/buy", json=body)
    assert (told.status_code, told.json()["error"]) == (409, "too_many_of_product")
    assert await free(database) == (10, 0)
