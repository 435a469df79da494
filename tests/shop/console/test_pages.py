"""The shop's pages for staff, over real HTTP."""

import httpx

from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.orders.place import buy_many, place_many
from safar.shop.checkout.take_order import take_order
from tests.stage.books import books_agree, events
from tests.stage.console import STAFF_ID
from tests.stage.shop import free, request

PAGE_BYTES_MAX = 100_000


async def test_orders_are_listed_by_state_and_found_by_number(
    desk: httpx.AsyncClient, context: Context
) -> None:
    sold = await context.batched(buy_many, request())
    await context.batched(place_many, request(provider="test", method="ok"))
    everything = (await desk.get("/orders")).text
    assert everything.count('class="num" href="/orders/') == 2
    only = (await desk.get("/orders?state=confirmed")).text
    assert only.count('class="num" href="/orders/') == 1
    found = await desk.get("/orders", params={"q": str(sold.number)})
    assert found.headers["location"] == f"/orders/{sold.order_id}"
    for query in ("?state=x", "?before=x", "?q=99999999999999999999", "?q=<b>", "?before=²"):
        assert (await desk.get(f"/orders{query}")).status_code == 200
    assert (await desk.get("/orders?state=delivered")).text.count("No orders here") == 1


async def test_an_order_goes_its_way_by_staff_and_the_log_says_who(
    desk: httpx.AsyncClient, context: Context
) -> None:
    sold = await context.batched(buy_many, request())
    path = f"/orders/{sold.order_id}"
    assert "Ship this parcel" in (await desk.get(path)).text
    refused = await desk.post(f"{path}/delivered")
    assert refused.status_code == 409
    for _ in range(2):
        assert (await desk.post(f"{path}/shipped")).status_code == 303
    assert (await desk.post(f"{path}/cancelled")).status_code == 409
    assert (await desk.post(f"{path}/delivered")).status_code == 303
    async with context.database.connection() as connection:
        found = await connection.execute(
            "SELECT name, staff_id FROM journal_events"
            " WHERE staff_id IS NOT NULL AND name LIKE 'order.%' ORDER BY id"
        )
        assert await found.fetchall() == [("order.shipped", STAFF_ID), ("order.delivered", STAFF_ID)]
    assert (await desk.post(f"/orders/{new_id()}/shipped")).status_code == 404
    assert (await desk.get("/orders/nonsense")).status_code == 404


async def test_cancelling_a_paid_order_gives_units_and_money_back(
    desk: httpx.AsyncClient, context: Context
) -> None:
    paid = await take_order(context, request(provider="test", method="ok"))
    path = f"/orders/{paid.order_id}"
    assert (await desk.post(f"{path}/cancelled", headers={"x-role": "agent"})).status_code == 403
    assert (await desk.post(f"{path}/cancelled", headers={"x-role": ""})).status_code == 401
    assert (await desk.post(f"{path}/cancelled")).status_code == 303
    page = (await desk.get(path)).text
    assert "Refunded" in page
    assert await free(context.database) == (10, 0)
    assert await events(context.database, "order.cancelled", "payment.refunded") == [
        "order.cancelled",
        "payment.refunded",
    ]
    await books_agree(context.database)
