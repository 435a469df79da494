"""One open cart becomes one order, whoever asks twice; and an id that a client sends is never one of ours."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import Held, HoldRequest, Mismatch
from safar.cart.actions import change_carts_many
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, execute, value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import derived_id, new_id
from safar.orders.confirm import Confirmation, confirm_many
from safar.orders.errors import CartHasChanged
from safar.orders.links import read_link
from safar.orders.model import CartWanted, Taken
from safar.orders.place import buy_many, place_many
from safar.orders.reading import order_lines_of
from safar.stock import actions as stock
from safar.stock.model import MAIN
from tests.stage.books import books_agree
from tests.stage.carts import change as cart_change
from tests.stage.checkout import BUYER, count, filled
from tests.stage.shop import CLOCK, MUG, free, request


def led_to(context: Context, answer: httpx.Response) -> UUID:
    """Return the order whose page an answer leads to: its links tell when they were made, to the second."""
    start, signed = answer.headers["location"].rsplit("/", 1)
    assert (answer.status_code, start) == (303, "/orders")
    return read_link(context, signed).order_id


@pytest.mark.finding("goods-C")
async def test_two_tabs_that_order_one_cart_at_once_get_one_order_and_both_land_on_it(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    for rounds in range(1, 5):
        tabs = [await filled(browser), str(new_id())]
        ways = ({"provider": "cod"}, {"provider": "test", "method": "ok"} if rounds == 4 else {})
        forms = [{"order_id": key, **BUYER, **way} for key, way in zip(tabs, ways, strict=True)]
        answers = await asyncio.gather(*(browser.post("/checkout", data=form) for form in forms))
        assert len({led_to(context, answer) for answer in answers}) == 1
        assert await count(database, "orders") == rounds
    assert await free(database) == (6, 0)
    await books_agree(database)


@pytest.mark.finding("goods-C")
async def test_two_orders_of_one_cart_in_one_batch_and_in_two_are_one_order(context: Context) -> None:
    cart_id = new_id()
    async with context.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO carts (id, customer_id, created_at, changed_at) VALUES (%s, %s, now(), now())",
            [cart_id, new_id()],
        )
    twins = [request(cart_id=cart_id) for _tab in range(2)]
    async with context.database.transaction() as connection:
        first, second = await place_many(connection, twins)
    third = await context.batched(buy_many, request(cart_id=cart_id))
    for answer, replayed in ((first, False), (second, True), (third, True)):
        assert isinstance(answer, Taken)
        assert (answer.order_id, answer.state, answer.replayed) == (twins[0].order_id, "placed", replayed)
    assert await free(context.database) == (10, 1)


@pytest.mark.finding("customer-side-11")
async def test_a_second_tab_and_the_way_back_lead_to_the_order_just_made(
    browser: httpx.AsyncClient, context: Context, database: Database
) -> None:
    key = await filled(browser)
    order_id = led_to(context, await browser.post("/checkout", data={"order_id": key, **BUYER}))
    for form in ({"order_id": str(new_id())}, {"order_id": key, "name": "Ada B"}, {"order_id": key}):
        assert led_to(context, await browser.post("/checkout", data={**BUYER, **form})) == order_id
    assert led_to(context, await browser.get("/checkout")) == order_id
    assert await count(database, "orders") == 1
    await browser.post("/cart/lines", data={"sku": "CLOCK"})
    assert (await browser.get("/checkout")).status_code == 200


@pytest.mark.finding("goods-J")
async def test_a_program_that_sends_its_order_again_without_the_cart_gets_the_same_answer(
    browser: httpx.AsyncClient,
) -> None:
    browser.headers["accept"] = "application/json"
    await browser.post("/cart/lines", json={"sku": "MUG", "quantity": 2})
    key = {"idempotency-key": str(new_id())}
    body = {**BUYER, "email": "somebody.known@customers.example"}
    with clock.held(clock.now()):  # the answer's link tells when it was made
        taken = await browser.post("/checkout", json=body, headers=key)
        browser.cookies.delete("cart")
        again = await browser.post("/checkout", json=body, headers=key)
    assert (again.status_code, again.json()) == (201, taken.json())
    other = await browser.post("/checkout", json={**body, "name": "Eve"}, headers=key)
    assert (other.status_code, other.json()["error"]) == (409, "same_key_other_body")
    fresh = await browser.post("/checkout", json=body, headers={"idempotency-key": str(new_id())})
    assert (fresh.status_code, fresh.json()["error"]) == (409, "not_in_cart")


async def test_a_cart_whose_payment_came_to_nothing_can_be_ordered_again(
    browser: httpx.AsyncClient, database: Database
) -> None:
    key = await filled(browser)
    declined = await browser.post(
        "/checkout", data={"order_id": key, **BUYER, "provider": "test", "method": "fail"}
    )
    assert declined.status_code == 402
    again = await browser.post("/checkout", data={"order_id": str(new_id()), **BUYER})
    assert again.status_code == 303
    async with database.connection() as connection:
        states = await connection.execute("SELECT state FROM orders ORDER BY number")
        assert await states.fetchall() == [("cancelled",), ("confirmed",)]
        order_id = await value(connection, "SELECT id FROM orders WHERE state = 'confirmed'")
        assert await value(connection, "SELECT order_id FROM carts") == order_id
    await books_agree(database)


@pytest.mark.finding("security-21")
async def test_an_id_that_a_client_sends_is_no_id_of_an_order_or_a_hold_and_counts_in_its_browser_alone(
    browser: httpx.AsyncClient, database: Database
) -> None:
    body: dict[str, Any] = {**BUYER, "id": str(new_id()), "sku": "MUG", "quantity": 1}
    mine = await browser.post("/buy", json=body)
    async with httpx.AsyncClient(base_url=browser.base_url) as stranger:
        await stranger.get("/cart")
        theirs = await stranger.post("/buy", json={**body, "email": "eve@customers.example"})
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["order"] != theirs.json()["order"]
    async with database.connection() as connection:
        for table in ("orders", "capacity_holds"):
            ids = [id_ for (id_,) in await (await connection.execute(f"SELECT id FROM {table}")).fetchall()]
            assert len(ids) == 2
            assert UUID(body["id"]) not in ids


@pytest.mark.finding("security-21")
async def test_an_order_that_is_held_again_never_counts_on_a_hold_that_is_anothers(context: Context) -> None:
    units = ((MUG, 3),)
    with clock.held(clock.now()) as held:
        first = request(lines=units, provider="test")
        assert isinstance(await context.batched(place_many, first), Taken)
        held.advance(seconds=16 * 60)
        async with context.database.transaction() as connection:
            account = (await stock.levels(connection, [MUG]))[MUG, MAIN].account_id
            foreign = HoldRequest(
                hold_id=derived_id("held again", first.order_id),
                lines={account: 3},
                purpose="order",
                expires_at=clock.now() + timedelta(hours=1),
            )
            assert isinstance((await ledger.hold_many(connection, [foreign]))[0], Held)
            (standing,) = await confirm_many(connection, [Confirmation(first.order_id, "link")])
    assert (standing.state, standing.payment_state) == ("cancelled", "owed")
    assert await free(context.database) == (10, 3)
    await books_agree(context.database)


@pytest.mark.finding("security-21")
async def test_a_hold_of_another_purpose_is_not_an_orders_and_its_id_is_refused(context: Context) -> None:
    asked = request()
    async with context.database.transaction() as connection:
        account = (await stock.levels(connection, [MUG]))[MUG, MAIN].account_id
        expires_at = clock.now() + timedelta(hours=1)
        offer = HoldRequest(
            hold_id=asked.order_id, lines={account: 1}, purpose="offer", expires_at=expires_at
        )
        await ledger.hold_many(connection, [offer])
        order = HoldRequest(
            hold_id=asked.order_id, lines={account: 1}, purpose="order", expires_at=expires_at
        )
        assert (await ledger.hold_many(connection, [order])) == [Mismatch(asked.order_id)]
    with pytest.raises(SameKeyOtherBody):
        await context.batched(buy_many, asked)


@pytest.mark.finding("security-21")
def test_ids_are_derived_from_their_parts_whatever_text_is_in_them() -> None:
    ours = derived_id("discount", "a", "b")
    others = [
        ("discount", "a\x1fb"),
        ("discount", "a\\ub"),
        ("discount", "a", "b", ""),
        ("discount", "", "ab"),
    ]
    assert ours == derived_id("discount", "a", "b")
    assert len({ours, *(derived_id(*parts) for parts in others)}) == 5
    assert derived_id("discount", "\\", "u") != derived_id("discount", "\x1f", "u")


@pytest.mark.parametrize("verb", [buy_many, place_many])
async def test_a_cart_is_ordered_as_it_is_when_the_order_is_taken(
    verb: Callable[..., Awaitable[list[Taken]]], context: Context
) -> None:
    change = cart_change(quantity=2)
    async with context.database.transaction() as connection:
        await change_carts_many(connection, [change, cart_change(cart_id=change.cart_id, sku="CLOCK")])
        await execute(connection, "UPDATE variants SET price_minor = 1000 WHERE sku = 'MUG'")
    asked = request(cart_id=change.cart_id, lines=(), open_cart=CartWanted("", titled=True), language="fa")
    async with context.database.transaction() as connection:
        answers = await verb(connection, [asked, request(), replace(asked, order_id=new_id())])
        lines = (await order_lines_of(connection, [asked.order_id]))[asked.order_id]
    assert [answer.total_minor for answer in answers] == [2 * 1000 + 375, 1000, 2 * 1000 + 375]
    assert [answer.order_id for answer in answers] == [asked.order_id, answers[1].order_id, asked.order_id]
    assert {line.variant_id: line.quantity for line in lines} == {MUG: 2, CLOCK: 1}
    await books_agree(context.database)


@pytest.mark.parametrize("wrong", [{"cart_id": new_id()}, {"open_cart": CartWanted("TEN", titled=False)}])
async def test_a_cart_that_is_not_as_its_customer_saw_it_is_not_ordered(
    wrong: dict[str, Any], context: Context
) -> None:
    change = cart_change()
    async with context.database.transaction() as connection:
        await change_carts_many(connection, [change])
    asked = request(cart_id=change.cart_id, lines=(), open_cart=CartWanted("", titled=False))
    with pytest.raises(CartHasChanged):
        await context.batched(buy_many, replace(asked, **wrong))
    assert await count(context.database, "orders") == 0
    assert isinstance(await context.batched(buy_many, asked), Taken)
    with pytest.raises(CartHasChanged):  # it is no open cart any more: its order is looked up
        await context.batched(buy_many, asked)
