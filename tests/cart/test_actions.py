"""The cart: one answer for one key, many carts in one batch, and what has changed is told."""

import asyncio

import httpx

from safar.cart.actions import change_carts_many
from safar.cart.decide import UNITS_MAX, CartChanged, CartRefused
from safar.cart.reading import PricedCartRequest, priced_carts_many
from safar.catalogue.actions import variant_id_of
from safar.kernel.context import Context
from safar.kernel.database import Database, execute
from safar.kernel.ids import new_id
from tests.stage.books import events
from tests.stage.carts import change
from tests.stage.checkout import count
from tests.stage.prices import currencies
from tests.stage.shop import MUG, receive

FA = variant_id_of("FA1")


async def test_one_key_puts_units_in_once_and_another_body_under_it_is_refused(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await browser.get("/cart")
    form = {"sku": "MUG", "quantity": "2", "request_id": str(new_id())}
    answers = await asyncio.gather(*(browser.post("/cart/lines", data=form) for _click in range(5)))
    assert {answer.status_code for answer in answers} == {303}
    assert "£9.90" in (await browser.get("/cart")).text
    assert await events(database, "cart.created", "cart.changed") == ["cart.created", "cart.changed"]
    other = await browser.post(
        "/cart/lines", json={"sku": "MUG", "quantity": 3}, headers={"idempotency-key": form["request_id"]}
    )
    assert (other.status_code, other.json()["error"]) == (409, "same_key_other_body")
    wrong = await browser.post("/cart/lines", data={**form, "request_id": "mine"})
    assert wrong.status_code == 422


async def test_what_was_refused_may_be_asked_for_again_under_its_key(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await browser.get("/cart")
    form = {"sku": "FA1", "quantity": "2", "request_id": str(new_id())}
    refused = await browser.post("/cart/lines", data=form)
    assert refused.status_code == 409
    assert "1 still available" in refused.text
    assert await count(database, "request_keys") == 0
    assert await count(database, "carts") == 0
    await receive(database, {"FA1": 5})
    assert (await browser.post("/cart/lines", data=form)).status_code == 303


async def test_many_carts_change_in_one_batch_each_with_its_own_answer(context: Context) -> None:
    mine = change()
    changes = [
        mine,
        change(sku="CLOCK", quantity=5),
        change(sku="CLOCK", quantity=6),
        change(sku="NOTHING"),
        change(cart_id=mine.cart_id, visitor=mine.visitor, sku="PT1"),
        change(cart_id=mine.cart_id, visitor=mine.visitor, how="set", quantity=4),
        change(how="set"),
        mine,
    ]
    async with context.database.transaction() as connection:
        answers = await change_carts_many(connection, changes)
    assert answers == [
        CartChanged(mine.cart_id, 1),
        CartChanged(changes[1].cart_id, 5),
        CartRefused("out_of_stock", 5),
        CartRefused("unknown_product"),
        CartChanged(mine.cart_id, 2),
        CartChanged(mine.cart_id, 5),
        CartRefused("not_in_cart"),
        CartChanged(mine.cart_id, 1),
    ]
    async with context.database.transaction() as connection:
        assert await change_carts_many(connection, [changes[0], changes[5]]) == [answers[0], answers[5]]
        asked = [PricedCartRequest(one.cart_id, None, "GBP", "en") for one in (mine, changes[1], changes[2])]
        baskets = await priced_carts_many(connection, asked)
    assert [{line.sku: line.quantity for line in basket.lines} for basket in baskets] == [
        {"MUG": 4, "PT1": 1},
        {"CLOCK": 5},
        {},
    ]


async def test_a_cart_holds_so_many_units_of_one_product(context: Context, database: Database) -> None:
    await receive(database, {"MUG": 2000})
    first = change(quantity=UNITS_MAX)
    more = change(cart_id=first.cart_id, visitor=first.visitor)
    async with context.database.transaction() as connection:
        answers = await change_carts_many(connection, [first, more])
    assert answers == [CartChanged(first.cart_id, UNITS_MAX), CartRefused("too_many")]


async def test_a_change_of_the_price_is_told_in_the_currency_in_which_it_was_seen(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await currencies(database, EUR="1.2")
    await browser.get("/", params={"currency": "EUR"})
    await browser.post("/cart/lines", data={"sku": "MUG"})
    assert "has changed" not in (await browser.get("/cart")).text
    async with database.transaction() as connection:
        await execute(connection, "UPDATE variants SET price_minor = 595 WHERE id = %s", [MUG])
    assert "from €5.94 to €7.14" in (await browser.get("/cart")).text
    await browser.get("/", params={"currency": "GBP"})
    assert "has changed" not in (await browser.get("/cart")).text


async def test_what_is_sold_out_or_not_sold_any_more_is_told_and_cannot_be_ordered(
    browser: httpx.AsyncClient, database: Database
) -> None:
    await browser.post("/cart/lines", data={"sku": "FA1"})
    await browser.post("/cart/lines", data={"sku": "MUG"})
    async with database.transaction() as connection:
        await execute(connection, "UPDATE products SET published = false WHERE slug LIKE 'retrospot%'")
        await execute(connection, "UPDATE capacity_accounts SET on_hand = 0 WHERE key LIKE %s", [f"%{FA}%"])
    cart = await browser.get("/cart")
    assert "Retrospot mug is no longer available" in cart.text
    assert "Go to checkout" not in cart.text
    page = await browser.get("/checkout")
    assert page.status_code == 200


async def test_a_cart_that_was_ordered_is_not_touched_and_a_new_one_opened(
    context: Context, database: Database
) -> None:
    first = change()
    async with context.database.transaction() as connection:
        await change_carts_many(connection, [first])
        await execute(connection, "UPDATE carts SET ordered_at = changed_at, order_id = id")
        [more] = await change_carts_many(
            connection, [change(cart_id=first.cart_id, visitor=first.visitor, quantity=2)]
        )
        [late] = await change_carts_many(
            connection, [change(cart_id=first.cart_id, visitor=first.visitor, how="set", quantity=9)]
        )
    assert isinstance(more, CartChanged)
    assert more.cart_id != first.cart_id
    assert more.units == 2
    assert late == CartRefused("not_in_cart")
