"""What is sold and has not left: one figure for each place, never another one than the moves say."""

from datetime import timedelta
from typing import Any

import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import HoldRequest
from safar.kernel import clock
from safar.kernel.database import Database, as_json, value
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock.counts.actions import QUERIES as COUNTS
from safar.stock.errors import NotThere
from safar.stock.lots import QUERIES as LOTS
from safar.stock.lots import shelf_units
from safar.stock.model import MAIN, Miscount, Shipped, StockClaim, Transfer, outgoing_of
from tests.stage.stock import MUG


async def _sold(database: Database, units: int, shipped: int) -> None:
    """Sell units of the mug, and let some of them leave."""
    async with database.transaction() as connection:
        account = (await stock.levels(connection, [MUG]))[MUG, MAIN].account_id
        hold = HoldRequest(
            hold_id=new_id(),
            lines={account: units},
            purpose="order",
            expires_at=clock.now() + timedelta(minutes=5),
        )
        await ledger.hold_many(connection, [hold])
        claim = StockClaim(hold.hold_id, ((MUG, MAIN, units),), "order 1")
        for _ in range(2):
            await stock.claim_stock_many(connection, [claim])
        gone = Shipped(new_id(), MUG, MAIN, shipped)
        for _ in range(2):
            await stock.ship_stock_many(connection, [gone])


async def test_what_is_sold_and_has_not_left_is_a_figure_that_follows_the_moves(shelves: Database) -> None:
    outgoing = outgoing_of(MAIN)
    await _sold(shelves, units=5, shipped=2)
    back = Transfer(new_id(), MUG, outgoing, MAIN, 1, "order cancelled")
    async with shelves.transaction() as connection:
        await stock.transfer_many(connection, [back])
        await stock.transfer_many(connection, [back])
        assert await shelf_units(connection, MUG, MAIN) == 8, "six on hand, two sold"
        assert await value(connection, "SELECT units FROM stock_outgoing") == 2
        assert await stock.recount_levels(connection) == []
        await connection.execute("UPDATE stock_outgoing SET units = 0")
        assert await stock.recount_levels(connection) == [Miscount(MUG, outgoing, 0, 2)]
        await connection.execute("UPDATE stock_outgoing SET units = 2")
    with pytest.raises(NotThere):
        async with shelves.transaction() as connection:
            await stock.ship_stock_many(connection, [Shipped(new_id(), MUG, MAIN, 3)])


async def test_shipping_and_counting_read_no_history(shelves: Database) -> None:
    one = {"variant_id": MUG, "location_id": MAIN, "outgoing_id": outgoing_of(MAIN)}
    counted = {**one, "count_id": new_id(), "now": clock.now()}
    queries: list[tuple[str, dict[str, Any]]] = [
        (stock.QUERIES["missing_goods"], {"places": as_json([one])}),
        (LOTS["shelf_units"], {**one, "shelf_id": MAIN}),
        (COUNTS["expect"], counted),
        (COUNTS["rest_is_none"], counted),
    ]
    async with shelves.connection() as connection:
        for query, params in queries:
            plan = str(await (await connection.execute(f"EXPLAIN {query}".encode(), params)).fetchall())
            assert "stock_outgoing" in plan
            assert "stock_moves" not in plan
