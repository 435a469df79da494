"""A waiting room before goods holds at every door that leads to an order: it is asked where one is taken."""

import httpx
import pytest

from safar.catalogue.actions import variant_id_of
from safar.kernel.database import execute, value
from safar.kernel.ids import new_id
from tests.stage.gate import Drop, drop
from tests.stage.writes import buyer

__all__ = ["drop"]

_ADDRESS = {"postcode": "YO1 7HH", "city": "York", "country": "GB"}


async def _checked_out(visitor: httpx.AsyncClient) -> httpx.Response:
    return await visitor.post("/checkout", data={"order_id": str(new_id()), **buyer(), **_ADDRESS})


@pytest.mark.finding("security-8")
async def test_wishlist_cart_checkout_and_one_request_lead_to_the_room(drop: Drop) -> None:
    inside, outside = drop.visitor(), drop.visitor()
    await inside.get("/")
    await inside.get(drop.path)
    for _page in range(2):
        await outside.get("/")
    assert (await outside.post("/wishlist", data={"sku": "MUG"})).status_code == 303
    assert (await outside.post("/wishlist/MUG/cart", data={})).status_code == 303
    await outside.post("/cart/lines/MUG", data={"quantity": "2"})
    sent = await _checked_out(outside)
    assert (sent.status_code, sent.headers["location"]) == (303, drop.path)
    told = await outside.post(
        "/checkout",
        json={"order_id": str(new_id()), **buyer(), **_ADDRESS},
        headers={"accept": "application/json"},
    )
    assert (told.status_code, told.json()["error"]) == (503, "waiting")
    assert (await drop.buy(outside)).json()["error"] == "waiting"
    assert (await drop.buy(inside)).status_code == 201


@pytest.mark.finding("security-8")
async def test_a_kit_and_a_variant_that_came_later_are_behind_the_room_too(drop: Drop) -> None:
    outside = drop.visitor()
    for _page in range(2):
        await outside.get("/")
    mug, clock = variant_id_of("MUG"), variant_id_of("CLOCK")
    async with drop.context.database.transaction() as connection:
        product_id = await value(connection, "SELECT product_id FROM variants WHERE id = %s", [mug])
        await execute(connection, "UPDATE variants SET is_kit = true WHERE id = %s", [clock])
        await execute(
            connection, "INSERT INTO kit_parts (kit_id, part_id, units) VALUES (%s, %s, 1)", [clock, mug]
        )
    order = {"id": str(new_id()), "sku": "CLOCK", "quantity": 1, **buyer()}
    assert (await outside.post("/buy", json=order)).json()["error"] == "waiting"
    async with drop.context.database.transaction() as connection:
        await execute(connection, "DELETE FROM kit_parts")
        await execute(
            connection,
            "UPDATE variants SET is_kit = false, product_id = %s WHERE id = %s",
            [product_id, clock],
        )
    assert (await outside.post("/buy", json=order)).json()["error"] == "waiting"
