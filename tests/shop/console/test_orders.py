"""Orders, returns and carriers on the console, over real HTTP."""

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.i18n import day
from safar.kernel.ids import new_id
from safar.payments.books.reading import refunds_of
from safar.shipments.actions import ship_many
from safar.shipments.model import Shipping
from safar.stock.lots import Lot, assign_many, open_lots
from safar.stock.model import MAIN
from tests.stage.books import books_agree
from tests.stage.documents import read
from tests.stage.orders import LINK, SAM, bought, delivered, order_of, sent_units
from tests.stage.prices import code, deliver
from tests.stage.shop import CLOCK, MUG, free

PAGE_BYTES_MAX = 100_000


def listed(page: httpx.Response) -> list[str]:
    return re.findall(r'class="num" href="/orders/([0-9a-f-]{36})"', page.text)


async def test_orders_are_found_by_name_mail_article_and_tracking_code(
    desk: httpx.AsyncClient, context: Context
) -> None:
    ada = await bought(context, (MUG, 1), name="Ada Lovelace", email="ada@found.example")
    eve = await bought(context, (CLOCK, 1), name="Eve", email="eve@found.example")
    await context.batched(ship_many, Shipping(new_id(), eve, MAIN, LINK, None, "Post", "AB12", SAM))
    for query, wanted in (
        ("lovelace", [ada]),
        ("eve@found", [eve]),
        ("MUG", [ada]),
        ("clock", [eve]),
        ("ab12", [eve]),
        ("found.example", [eve, ada]),
        ("nobody", []),
    ):
        page = await desk.get("/orders", params={"q": query})
        assert listed(page) == [str(id_) for id_ in wanted], query
        assert len(page.content) < PAGE_BYTES_MAX


async def test_orders_are_filtered_by_state_payment_lateness_and_returns(
    desk: httpx.AsyncClient, context: Context
) -> None:
    fresh = await bought(context, (MUG, 1))
    late = await bought(context, (MUG, 1))
    back = await delivered(context, (MUG, 1))
    async with context.database.transaction() as connection:
        await connection.execute(
            "UPDATE orders SET confirmed_at = confirmed_at - interval '9 days' WHERE id = %s", [late]
        )
    asked = {"request_id": str(new_id()), "wish": "refund", f"units-{MUG}": "1", f"reason-{MUG}": "broken"}
    made = await desk.post(f"/orders/{back}/returns", data=asked)
    assert made.status_code == 303
    for query, wanted in (
        ("state=confirmed", [late, fresh]),
        ("late=1", [late]),
        ("returns=1", [back]),
        ("payment=paid", [back]),
        ("payment=due&state=confirmed", [late, fresh]),
        ("payment=owed", []),
        ("state=closed", []),
    ):
        assert listed(await desk.get(f"/orders?{query}")) == [str(id_) for id_ in wanted], query


async def test_the_list_goes_on_where_the_page_before_ended(
    desk: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safar.shop.console.list_pages.PAGE_SIZE", 2)
    ids = [str(await bought(context, (MUG, 1))) for _ in range(3)]
    first = await desk.get("/orders")
    assert listed(first) == [ids[2], ids[1]]
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older
    assert listed(await desk.get("/orders" + older[1].replace("&amp;", "&"))) == [ids[0]]


async def test_an_order_shows_the_pictures_and_the_code(desk: httpx.AsyncClient, context: Context) -> None:
    await code(context.database, "TEN")
    page = (await desk.get(f"/orders/{await bought(context, (MUG, 1), discount_code='TEN')}")).text
    assert re.search(r'<img class="thumb" src="/drawn/[\w-]+\.svg"', page)
    assert "<bdi>TEN</bdi>" in page


async def test_ticked_orders_are_packed_shipped_and_printed_together_once(
    desk: httpx.AsyncClient, context: Context
) -> None:
    ids = [str(await bought(context, (MUG, 2))) for _ in range(3)]
    picking = await desk.get("/orders/picking.pdf", params={"id": ids})
    assert picking.content.startswith(b"%PDF")
    form = {"id": [*ids, str(new_id())], "request_id": str(new_id())}
    for verb in ("packed", "packed", "shipped", "shipped"):
        answer = await desk.post(f"/orders/{verb}", data=form)
        assert answer.headers["location"].startswith("/orders?done=3&left=1")
    assert "3 orders updated." in (await desk.get(answer.headers["location"])).text
    assert await sent_units(context.database, MUG) == 6
    await books_agree(context.database)


async def test_picking_names_the_lots_that_expire_first_on_the_page_and_on_the_list(
    desk: httpx.AsyncClient, context: Context, tmp_path: Path
) -> None:
    ids = [await bought(context, (MUG, 2), (CLOCK, 1)), await bought(context, (MUG, 1))]
    today = clock.now().date()
    lots = [Lot(MUG, "late", today + timedelta(days=90)), Lot(MUG, "soon", today + timedelta(days=9))]
    lots += [Lot(MUG, "old", today - timedelta(days=1)), Lot(CLOCK, "undated")]
    units = dict(zip(lots, (3, 2, 2, 1), strict=True))
    async with context.database.transaction() as connection:
        await open_lots(connection, lots)
        for lot in lots:
            entry = new_id()
            await assign_many(connection, [(entry, lot.id, MAIN, units[lot])], expected={entry: 10})
    soon = f"Lot SOON, expires on {day(today + timedelta(days=9))}: 2"
    page = (await desk.get(f"/orders/{ids[0]}")).text
    assert soon in page
    assert "Lot UNDATED: 1" in page
    assert "LATE" not in page, "two units are all this order wants"
    assert "OLD" not in page, "what has expired is not picked"
    together = await desk.get("/orders/picking.pdf", params={"id": [str(id_) for id_ in ids]})
    words = " ".join(read(together.content, tmp_path).split())
    for taken in ("Lot SOON, expires", "Lot LATE, expires", "Lot UNDATED: 1"):
        assert taken in words, taken
    assert "OLD" not in words
    await context.batched(ship_many, Shipping(new_id(), ids[0], MAIN, LINK, staff_id=SAM))
    assert "Lot " not in (await desk.get(f"/orders/{ids[0]}")).text


async def test_a_parcel_is_sent_by_the_form_and_a_second_click_sends_nothing(
    desk: httpx.AsyncClient, context: Context
) -> None:
    order_id = await bought(context, (MUG, 3))
    page = (await desk.get(f"/orders/{order_id}")).text
    key = re.search(r'name="request_id" value="([0-9a-f-]{36})"', page)
    assert key
    form = {
        "request_id": key[1],
        "location_id": str(MAIN),
        f"units-{MUG}": "1",
        "carrier": "Post",
        "tracking_code": "AB 1",
    }
    for _ in range(2):
        assert (await desk.post(f"/orders/{order_id}/shipped", data=form)).status_code == 303
    assert await sent_units(context.database, MUG) == 1
    page = (await desk.get(f"/orders/{order_id}")).text
    assert "Partly shipped" in page
    assert "Parcel shipped: 1 items" in page
    bad = await desk.post(
        f"/orders/{order_id}/shipped", data={**form, "request_id": str(new_id()), f"units-{MUG}": "9"}
    )
    assert (bad.status_code, await sent_units(context.database, MUG)) == (422, 1)
    for path in (f"/orders/{order_id}/packing-slip.pdf", f"/orders/{order_id}/invoice.pdf"):
        assert (await desk.get(path)).content.startswith(b"%PDF")
    wrong = f"/orders/{order_id}/packing-slip.pdf?shipment={new_id()}"
    assert (await desk.get(wrong)).status_code == 404


async def test_a_return_goes_its_way_at_the_desk(desk: httpx.AsyncClient, context: Context) -> None:
    order_id = await delivered(context, (MUG, 2))
    asked = {"request_id": str(new_id()), "wish": "refund", f"units-{MUG}": "2", f"reason-{MUG}": "broken"}
    path = (await desk.post(f"/orders/{order_id}/returns", data=asked)).headers["location"]
    assert str(order_id) in (await desk.get("/returns")).text
    assert (await desk.post(f"{path}/refused", data={"answer": ""})).status_code == 422
    for _ in range(2):
        assert (await desk.post(f"{path}/approved", data={"answer": "Sure"})).status_code == 303
    nothing = await desk.post(f"{path}/received", data={"location_id": str(MAIN)})
    assert nothing.status_code == 422
    goods = {"location_id": str(MAIN), f"stock-{MUG}": "1", f"loss-{MUG}": "1", f"line-{MUG}": "2"}
    for _ in range(2):
        assert (await desk.post(f"{path}/received", data=goods)).status_code == 303
    assert await free(context.database) == (9, 0)
    assert "9.90" in (await desk.get(path)).text
    assert (await desk.post(f"{path}/refunded", headers={"x-role": "agent"})).status_code == 403
    assert (await desk.post(f"{path}/refunded", data={"amount": "9.91"})).status_code == 409
    assert (await desk.post(f"{path}/refunded", data={"amount": "x"})).status_code == 422
    assert (await desk.post(f"{path}/refunded", data={"amount": "9,50"})).status_code == 303
    page = (await desk.get(path)).text
    assert "Refunded" in page
    assert "9.50" in page
    persian = await desk.get(path, headers={"accept-language": "fa"})
    assert 'dir="rtl"' in persian.text
    await books_agree(context.database)


@pytest.mark.finding("goods-E")
async def test_the_form_as_it_is_filled_in_gives_goods_and_delivery_back(
    desk: httpx.AsyncClient, context: Context
) -> None:
    await deliver(context.database)
    order_id = await delivered(context, (MUG, 2), country="GB", postcode="YO1 7HH", city="York")
    asked = {"request_id": str(new_id()), "wish": "refund", f"units-{MUG}": "2", f"reason-{MUG}": "broken"}
    path = (await desk.post(f"/orders/{order_id}/returns", data=asked)).headers["location"]
    await desk.post(f"{path}/approved", data={"answer": ""})
    goods = {"location_id": str(MAIN), f"stock-{MUG}": "2", f"line-{MUG}": "2"}
    assert (await desk.post(f"{path}/received", data=goods)).status_code == 303
    page = (await desk.get(path)).text
    (form,) = re.findall(rf'<form method="post" action="{path}/refunded">(.*?)</form>', page, re.DOTALL)
    fields = {
        name[1]: value[1] if (value := re.search(r'value="([^"]*)"', tag)) else "on"
        for tag in re.findall(r"<input[^>]*>", form)
        if (name := re.search(r'name="([^"]*)"', tag))
    }
    assert fields == {"amount": "9.90", "with_shipping": "on"}
    assert (await desk.post(f"{path}/refunded", data=fields)).status_code == 303
    async with context.database.connection() as connection:
        assert sum(one.amount_minor for one in await refunds_of(connection, order_id)) == 2 * 495 + 395
    await books_agree(context.database)


async def test_an_exchange_that_cannot_be_had_says_what_is_left(
    desk: httpx.AsyncClient, context: Context
) -> None:
    order_id = await delivered(context, (CLOCK, 4))
    asked = {
        "request_id": str(new_id()),
        "wish": "exchange",
        f"units-{CLOCK}": "4",
        f"reason-{CLOCK}": "broken",
    }
    path = (await desk.post(f"/orders/{order_id}/returns", data=asked)).headers["location"]
    answer = await desk.post(f"{path}/approved", data={"answer": ""})
    assert answer.status_code == 409
    assert "Alarm clock bakelike green: 1" in answer.text
    assert (await order_of(context.database, order_id)).state == "delivered"


async def test_carriers_are_kept_by_managers_with_an_address_that_is_one(
    desk: httpx.AsyncClient, context: Context
) -> None:
    good = {"id": str(new_id()), "name": "Royal Mail", "tracking_url": "https://m.example/{code}"}
    for _ in range(2):
        assert (await desk.post("/carriers", data=good)).status_code == 303
    assert "https://m.example/{code}" in (await desk.get("/carriers")).text
    for bad, status in (
        ({"tracking_url": "javascript:alert({code})"}, 422),
        ({"tracking_url": "https://m.example/"}, 422),
        ({"name": ""}, 422),
        ({"id": "x"}, 404),
        ({"id": str(new_id()), "name": "royal mail"}, 409),
    ):
        assert (await desk.post("/carriers", data={**good, **bad})).status_code == status, bad
    agent = await desk.post("/carriers", data=good, headers={"x-role": "agent"})
    assert agent.status_code == 403
