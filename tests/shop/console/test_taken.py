"""Orders that staff take down for a customer go through the verb of the checkout, and say who took them."""

import csv
import io
import re

import httpx

from safar.kernel.context import Context
from safar.kernel.database import value
from safar.kernel.ids import new_id
from tests.stage.books import books_agree
from tests.stage.console import STAFF_ID
from tests.stage.shop import free

CUSTOMER = {
    "name": "Ada Lovelace", "email": "ada@phone.example", "address": "1 Mill Lane", "postcode": "YO1 7HH",
    "city": "York", "country": "GB", "provider": "cod", "language": "en",
}  # fmt: skip


async def test_an_order_by_phone_is_checked_then_taken_once_and_says_who_took_it(
    desk: httpx.AsyncClient, context: Context
) -> None:
    async with context.database.transaction() as connection:
        await connection.execute("UPDATE payment_ways SET enabled = true WHERE provider = 'cod'")
    form = {**CUSTOMER, "order_id": str(new_id()), "sku-0": "mug", "quantity-0": "2"}
    checked = await desk.post("/orders/new", data=form)
    assert checked.status_code == 200
    assert "£9.90" in checked.text
    assert await free(context.database) == (10, 0), "nothing is ordered yet"
    placed = [await desk.post("/orders/new", data={**form, "place": "yes"}) for _ in range(2)]
    assert [answer.status_code for answer in placed] == [303, 303]
    assert placed[0].headers["location"] == placed[1].headers["location"]
    order_id = placed[0].headers["location"].rpartition("/")[2]
    page = (await desk.get(f"/orders/{order_id}")).text
    assert "Phone or counter" in page
    async with context.database.connection() as connection:
        taken = await value(connection, "SELECT taken_by FROM orders WHERE id = %(id)s", {"id": order_id})
        mails = await value(connection, "SELECT count(*) FROM messages WHERE address = 'ada@phone.example'")
    assert (taken, mails) == (STAFF_ID, 1)
    (row,) = csv.DictReader(io.StringIO((await desk.get("/orders.csv")).content.decode("utf-8-sig")))
    assert row["Sold through"] == "Phone or counter"
    await books_agree(context.database)


async def test_what_cannot_be_ordered_comes_back_with_what_was_typed(
    desk: httpx.AsyncClient, context: Context
) -> None:
    async with context.database.transaction() as connection:
        await connection.execute("UPDATE payment_ways SET enabled = true WHERE provider = 'cod'")
    form = {**CUSTOMER, "order_id": str(new_id()), "sku-0": "MUG", "quantity-0": "11", "place": "yes"}
    answer = await desk.post("/orders/new", data=form)
    assert answer.status_code == 409
    assert "10" in answer.text
    assert 'value="Ada Lovelace"' in answer.text
    wrong = await desk.post("/orders/new", data={**form, "sku-1": "NOPE", "quantity-1": "1"})
    assert wrong.status_code == 422
    assert "No article for sale has this SKU or barcode." in wrong.text
    assert re.search(r'name="sku-1" class="form-control is-invalid"', wrong.text)
    assert (await desk.post("/orders/new", data={**form, "provider": "test"})).status_code == 422
