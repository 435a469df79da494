"""What is set aside for a campaign lies in the warehouse: one parcel, one postage, one shelf to pick from."""

import re
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.orders.model import OrderState
from safar.stock import actions as stock
from safar.stock.counts.actions import count_of, enter_counted_many, finish_count, open_count
from safar.stock.counts.model import CountEntry, Sheet
from safar.stock.lots import Lot, follow_many, lots_of, open_lots, shelf_units
from safar.stock.model import MAIN, Transfer, outgoing_of
from safar.stock.restock import Handled, write_off_many
from tests.stage.books import books_agree
from tests.stage.documents import read
from tests.stage.orders import bought, order_of, sent_units
from tests.stage.shop import CLOCK, MUG

_NAME = "A paper chain for every window"


@pytest.fixture
async def campaign_id(context: Context) -> UUID:
    """A campaign that has two of the ten mugs set aside."""
    campaign_id = new_id()
    async with context.database.transaction() as connection:
        location_id = await stock.open_allocation(connection, campaign_id, _NAME)
        move = Transfer(
            move_id=new_id(),
            variant_id=MUG,
            from_location_id=MAIN,
            to_location_id=location_id,
            quantity=2,
            reason="campaign",
        )
        await stock.transfer_many(connection, [move])
    return campaign_id


@pytest.mark.finding("console-6")
async def test_an_order_with_offered_and_ordinary_goods_leaves_in_one_parcel_from_the_warehouse(
    desk: httpx.AsyncClient, context: Context, campaign_id: UUID, tmp_path: Path
) -> None:
    order_id = await bought(context, (MUG, 3), (CLOCK, 1), campaign_id=campaign_id)
    page = (await desk.get(f"/orders/{order_id}")).text
    assert re.findall(r"To ship from ([^<]+)<", page) == ["Main warehouse"]
    assert page.count(f'name="units-{MUG}"') == 1, (
        "two set aside and one from the shelf are three of one article"
    )
    assert _NAME not in page
    words = read((await desk.get("/orders/picking.pdf", params={"id": str(order_id)})).content, tmp_path)
    assert "Main warehouse" in words
    assert _NAME not in words
    form = {"request_id": str(new_id()), "location_id": str(MAIN), f"units-{MUG}": "2", f"units-{CLOCK}": "0"}
    for _click in range(2):
        assert (await desk.post(f"/orders/{order_id}/shipped", data=form)).status_code == 303
    assert await sent_units(context.database, MUG) == 2
    rest = {"id": str(order_id), "request_id": str(new_id())}
    assert (await desk.post("/orders/shipped", data=rest)).headers["location"].startswith("/orders?done=1")
    assert (await order_of(context.database, order_id)).state == OrderState.SHIPPED
    assert (await sent_units(context.database, MUG), await sent_units(context.database, CLOCK)) == (3, 1)
    assert "2 parcels" not in (await desk.get(f"/orders/{order_id}")).text
    await books_agree(context.database)


@pytest.mark.finding("console-6")
async def test_a_count_of_the_warehouse_expects_what_is_set_aside_and_sold_there(
    context: Context, campaign_id: UUID
) -> None:
    await bought(context, (MUG, 3), campaign_id=campaign_id)
    sheet = Sheet(new_id(), MAIN)
    async with context.database.transaction() as connection:
        assert await shelf_units(connection, MUG, MAIN) == 10
        await open_count(connection, sheet)
        await enter_counted_many(connection, [CountEntry(new_id(), sheet.count_id, MUG, 10)])
        await finish_count(connection, sheet.count_id, rest_is_none=False, staff_id=None)
        count = await count_of(connection, sheet.count_id)
    assert count is not None
    assert (count.lines_counted, count.lines_different) == (1, 0), "all ten lie there"


@pytest.mark.finding("console-6")
async def test_lots_stay_on_the_shelf_when_units_are_set_aside(context: Context, campaign_id: UUID) -> None:
    lot = Lot(MUG, "A")
    async with context.database.transaction() as connection:
        await open_lots(connection, [lot])
        await stock.receive_stock_many(connection, [stock.StockReceipt(new_id(), MUG, MAIN, 4, "delivery")])
        came = Transfer(new_id(), MUG, stock.SUPPLIER, MAIN, 4, "delivery")
        await follow_many(connection, [came], {came.move_id: lot.id})
        aside = Transfer(new_id(), MUG, MAIN, stock.allocation_of(campaign_id), 3, "campaign")
        await stock.transfer_many(connection, [aside])
        await follow_many(connection, [aside])
        assert [(one.location_id, one.units) for one in await lots_of(connection, MUG)] == [(MAIN, 4)]
        broken = Handled(new_id(), MUG, stock.allocation_of(campaign_id), 1, "broken")
        await write_off_many(connection, [broken])
        assert [(one.location_id, one.units) for one in await lots_of(connection, MUG)] == [(MAIN, 3)]
    assert outgoing_of(MAIN) != MAIN
    await books_agree(context.database)
