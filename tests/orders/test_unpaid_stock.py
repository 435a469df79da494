"""Today tells of articles of which much is on order without being paid, and where most of it comes from."""

import pytest

from safar.console.build import build_console
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.ids import new_id
from safar.orders.model import Buyer
from safar.orders.place import buy_many, place_many
from safar.orders.unpaid_stock import UnpaidStock, unpaid_stock
from tests.stage.people import signed_in
from tests.stage.serving import Serve
from tests.stage.shop import CLOCK, MUG, request

pytestmark = pytest.mark.finding("security-5")


async def told(context: Context, percent: int = 30) -> list[UnpaidStock]:
    settings = context.settings.model_copy(update={"unpaid_alert_percent": percent, "unpaid_units_least": 2})
    async with context.database.connection() as connection:
        return list(await unpaid_stock(connection, settings))


async def test_it_names_article_share_and_network_of_what_is_unpaid_held_or_sold(context: Context) -> None:
    there = Buyer(new_id(), True, "203.0.113.9")
    await context.batched(place_many, request(lines=((MUG, 2),), provider="transfer", buyer=there))
    assert await told(context) == [], "two of ten, and two one may always have"
    newest = request(lines=((MUG, 2),), buyer=Buyer(new_id(), True, "203.0.113.9"))
    await context.batched(buy_many, newest)
    await context.batched(buy_many, request(lines=((MUG, 1), (CLOCK, 1))))
    assert await told(context) == [UnpaidStock(MUG, "Retrospot mug", 5, 5, "network", 4, 2, newest.order_id)]
    assert (await told(context))[0].percent == 50
    assert await told(context, 51) == []
    assert await told(context, 0) == []
    async with context.database.transaction() as connection:
        await execute(connection, "UPDATE payments SET state = 'paid'")
    assert await told(context) == []


async def test_where_nobody_can_tell_networks_apart_it_is_the_address(context: Context) -> None:
    for _order in range(3):
        await context.batched(buy_many, request(lines=((MUG, 2),), email="a.d.a+x@gmail.com"))
    (said,) = await told(context)
    assert (said.kind, said.owner_units, said.orders) == ("address", 6, 3)


async def test_today_says_it_and_leads_to_the_order(context: Context, serve: Serve) -> None:
    order = request(lines=((MUG, 6),), buyer=Buyer(new_id(), True, "203.0.113.9"))
    await context.batched(buy_many, order)
    async with await signed_in(context, await serve(build_console(context))) as client:
        text = (await client.get("/")).text
    assert "Retrospot mug: 60% of the stock is in unpaid orders (6; 4 left)." in text
    assert "6 of them from one network, in 1 order." in text
    assert f'href="/orders/{order.order_id}"' in text
