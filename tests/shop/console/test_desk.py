"""What a manager does with an order besides sending it: address, notes, tags, tracking, packing undone."""

import csv
import io
import re

import httpx

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, rows, value
from safar.kernel.ids import new_id
from safar.shipments.actions import ship_many
from safar.shipments.model import Shipping
from safar.stock.model import MAIN
from tests.stage.orders import LINK, SAM, bought, delivered, order_of
from tests.stage.shop import MUG

ADDRESS = {"name": "Ada King", "address": "2 Mill Lane", "postcode": "YO1 7HH", "city": "York", "phone": ""}


async def mails_to(database: Database, address: str) -> list[dict[str, str]]:
    """Return what was written to an address, the oldest first."""
    query = "SELECT subject, body FROM messages WHERE address = %(a)s ORDER BY at, id"
    async with database.connection() as connection:
        return await rows(dict, connection, query, {"a": address})


def hidden(text: str, action: str, name: str) -> str:
    """Return the value of a hidden field of the form that is sent to `action`."""
    form = re.search(rf'<form[^>]*action="{action}".*?</form>', text, re.DOTALL)
    assert form, action
    field = re.search(rf'name="{name}" value="([^"]*)"', form[0])
    assert field, name
    return field[1]


async def test_an_address_is_corrected_until_the_order_has_left_and_staff_see_what_it_was(
    desk: httpx.AsyncClient, context: Context
) -> None:
    order_id = await bought(context, (MUG, 1), country="GB", email="king@moved.example")
    before = await order_of(context.database, order_id)
    path = f"/orders/{order_id}/address"
    seen = hidden((await desk.get(f"/orders/{order_id}")).text, path, "seen")
    wrong = await desk.post(path, data={**ADDRESS, "postcode": "???", "seen": seen})
    assert wrong.status_code == 422
    assert "2 Mill Lane" in wrong.text, "what was typed is still there"
    assert (await desk.post(path, data={**ADDRESS, "seen": seen})).status_code == 303
    order = await order_of(context.database, order_id)
    assert (order.name, order.address, order.postcode, order.city) == (
        "Ada King", "2 Mill Lane", "YO1 7HH", "York",
    )  # fmt: skip
    page = (await desk.get(f"/orders/{order_id}")).text
    assert "Address before it was changed:" in page
    assert before.address in page
    assert "Address of the order changed" in page
    subjects = [mail["subject"] for mail in await mails_to(context.database, "king@moved.example")]
    assert subjects[-1] == f"The address of your order {order.number} was changed"
    stale = await desk.post(path, data={**ADDRESS, "name": "Eve", "seen": seen})
    assert stale.status_code == 409
    assert "A colleague changed this" in stale.text
    await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK, staff_id=SAM))
    fresh = {**ADDRESS, "name": "Eve", "seen": seen}
    assert (await desk.post(path, data=fresh)).status_code == 409
    assert path not in (await desk.get(f"/orders/{order_id}")).text


async def test_notes_are_kept_once_and_tags_find_their_orders(
    desk: httpx.AsyncClient, context: Context
) -> None:
    order_id, other = await bought(context, (MUG, 1)), await bought(context, (MUG, 1))
    note = {"text": "Rings twice", "request_id": str(new_id())}
    for _ in range(2):
        assert (await desk.post(f"/orders/{order_id}/notes", data=note)).status_code == 303
    assert (await desk.get(f"/orders/{order_id}")).text.count("Rings twice") == 1
    for _ in range(2):
        await desk.post(f"/orders/{order_id}/tags", data={"tag": " call  back "})
    found = (await desk.get("/orders", params={"tag": "call back"})).text
    assert str(order_id) in found
    assert str(other) not in found
    await desk.post(f"/orders/{order_id}/tags/removed", data={"tag": "call back"})
    assert str(order_id) not in (await desk.get("/orders", params={"tag": "call back"})).text


async def test_tracking_is_added_after_the_parcel_left_and_corrected_but_not_from_an_old_page(
    desk: httpx.AsyncClient, context: Context
) -> None:
    order_id = await delivered(context, (MUG, 1), email="track@me.example")
    path = f"/orders/{order_id}/tracking"
    page = (await desk.get(f"/orders/{order_id}")).text
    old = {name: hidden(page, path, name) for name in ("shipment_id", "seen")}
    code = {**old, "carrier": "Post", "tracking_code": "AB 1", "tell": "on"}
    assert (await desk.post(path, data=code)).status_code == 303
    page = (await desk.get(f"/orders/{order_id}")).text
    assert "AB 1" in page
    mails = await mails_to(context.database, "track@me.example")
    assert "AB 1" in mails[-1]["body"]
    assert (await desk.post(path, data={**code, "tracking_code": "AB 2"})).status_code == 409
    again = {**code, "seen": hidden(page, path, "seen"), "tracking_code": "AB 3", "tell": ""}
    assert (await desk.post(path, data=again)).status_code == 303
    assert len(await mails_to(context.database, "track@me.example")) == len(mails)
    assert str(order_id) in (await desk.get("/orders", params={"q": "ab 3"})).text
    elsewhere = await desk.post(f"/orders/{await bought(context, (MUG, 1))}/tracking", data=again)
    assert elsewhere.status_code == 404


async def test_packed_by_mistake_is_undone(desk: httpx.AsyncClient, context: Context) -> None:
    order_id = await bought(context, (MUG, 1))
    await desk.post(f"/orders/{order_id}/packed")
    assert (await order_of(context.database, order_id)).packed_at
    for _ in range(2):
        assert (await desk.post(f"/orders/{order_id}/unpacked")).status_code == 303
    order = await order_of(context.database, order_id)
    assert (order.state, order.packed_at) == ("confirmed", None)
    await context.batched(ship_many, Shipping(new_id(), order_id, MAIN, LINK, staff_id=SAM))
    assert (await desk.post(f"/orders/{order_id}/unpacked")).status_code == 409


async def test_nothing_ticked_is_refused_and_ticked_orders_are_looked_at_before_they_are_shipped(
    desk: httpx.AsyncClient, context: Context
) -> None:
    order_id = await bought(context, (MUG, 2))
    for path in ("packed", "shipped"):
        assert (await desk.post(f"/orders/{path}", data={})).status_code == 422
    page = (
        await desk.get("/orders/to-ship", params={"id": str(order_id), "back": "state=confirmed&x=1"})
    ).text
    assert "2 × " in page
    form = {
        "id": str(order_id), "request_id": str(new_id()), "carrier": "Post", "back": "state=confirmed&x=1",
        f"code-{order_id}-{MAIN}": "CD 7",
    }  # fmt: skip
    assert form.keys() <= set(re.findall(r'name="([^"]+)"', page)) | {"request_id"}
    answer = await desk.post("/orders/shipped", data=form)
    assert answer.headers["location"] == "/orders?done=1&left=0&state=confirmed"
    assert "CD 7" in (await desk.get(f"/orders/{order_id}")).text


async def test_orders_of_a_month_are_found_kept_as_a_view_and_taken_away_as_a_file(
    desk: httpx.AsyncClient, context: Context
) -> None:
    old, new = await bought(context, (MUG, 1)), await bought(context, (MUG, 2), name="=1+1")
    async with context.database.transaction() as connection:
        await connection.execute(
            "UPDATE orders SET placed_at = placed_at - interval '60 days' WHERE id = %s", [old]
        )
    day = clock.now().date().isoformat()
    found = (await desk.get("/orders", params={"from": day, "to": day})).text
    assert str(new) in found
    assert str(old) not in found
    answer = await desk.get("/orders.csv", params={"from": day, "to": day})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    order = await order_of(context.database, new)
    assert (row["Order"], row["Total"], row["Items"]) == (str(order.number), "9.90", "2")
    assert row["Name"] == "'=1+1", "nothing that a spreadsheet would run"
    assert (await desk.get("/orders.csv", headers={"x-role": "agent"})).status_code == 403
    async with context.database.connection() as connection:
        assert (
            await value(connection, "SELECT count(*) FROM journal_events WHERE name = 'orders.exported'") == 1
        )
    view = {"name": "Today", "filters": f"from={day}&to={day}&before=7", "request_id": str(new_id())}
    kept = await desk.post("/orders/views", data=view)
    assert kept.headers["location"] == f"/orders?from={day}&to={day}"
    page = (await desk.get("/orders")).text
    assert f'href="/orders?from={day}&amp;to={day}"' in page
    shown = (await desk.get(kept.headers["location"])).text
    (view_id,) = re.findall(r"/orders/views/([0-9a-f-]+)/removed", shown)
    await desk.post(f"/orders/views/{view_id}/removed")
    assert "to=" + day not in (await desk.get("/orders")).text
