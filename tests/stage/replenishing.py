"""A shop with three articles, two suppliers, and half a year of sales."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from safar.catalogue.actions import import_products, variant_id_of
from safar.channels.actions import ensure_channels
from safar.kernel import clock
from safar.kernel.database import Connection, Database
from safar.kernel.ids import derived_id, new_id
from safar.stock import actions as stock
from safar.stock.model import CUSTOMER, MAIN, StockReceipt, Transfer
from safar.stock.purchasing.model import Supplier, SupplierItem
from safar.stock.purchasing.suppliers import save_items, save_supplier
from safar.stock.replenish.model import Terms
from tests.stage.shop import Item

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TERMS = Terms(service_percent=95, cover_days=28, lead_days=14)
POTTER, WEAVER = derived_id("supplier", "potter"), derived_id("supplier", "weaver")
MUG, CLOCK, RUG = (variant_id_of(sku) for sku in ("MUG", "CLOCK", "RUG"))


@pytest.fixture
async def shop(database: Database) -> None:
    async with database.transaction() as connection:
        await ensure_channels(connection)
        await stock.ensure_locations(connection)
        await import_products(
            connection,
            [Item("MUG", "Mug", "home"), Item("CLOCK", "Clock", "home"), Item("RUG", "Rug", "home")],
        )
        for id_, name, days in ((POTTER, "Potter & Sons", 6), (WEAVER, "Weaver", 20)):
            supplier = Supplier(id=id_, name=name, lead_days=days, currency="GBP")
            await save_supplier(connection, supplier, staff_id=None)
        items = [
            SupplierItem(supplier_id=POTTER, variant_id=MUG, cost_minor=250, pack_size=12),
            SupplierItem(supplier_id=WEAVER, variant_id=MUG, cost_minor=300),
            SupplierItem(supplier_id=POTTER, variant_id=CLOCK, cost_minor=900),
        ]
        await save_items(connection, items, staff_id=None)


async def receive(connection: Connection, variant_id: UUID, units: int, location_id: UUID = MAIN) -> None:
    receipt = StockReceipt(new_id(), variant_id, location_id, units, "delivery")
    await stock.receive_stock_many(connection, [receipt])


async def sell(connection: Connection, variant_id: UUID, units: int) -> None:
    """Sell without an order: what counts here is the move."""
    transfer = Transfer(new_id(), variant_id, MAIN, CUSTOMER, units, "sold")
    await stock.transfer_many(connection, [transfer])


async def sell_weekly(database: Database, sold: Mapping[UUID, Sequence[int]], *, stocked: int = 1000) -> None:
    """Have sold so many units in each of the weeks before NOW; `stocked` units came before that."""
    weeks = max(map(len, sold.values()))
    for week in range(weeks):
        with clock.held(NOW - timedelta(days=7 * (weeks - week) - 3)):
            async with database.transaction() as connection:
                for variant_id, units in sold.items():
                    if week == 0:
                        await receive(connection, variant_id, stocked)
                    if week < len(units) and units[week]:
                        await sell(connection, variant_id, units[week])


async def all_rows(database: Database, query: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        cursor = await connection.execute(query, params)
        return await cursor.fetchall()


async def forecast(database: Database, variant_id: UUID, mean: float, deviation: float) -> None:
    """Write a forecast as the process does that makes them."""
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO stock_forecasts"
            " (variant_id, made_at, demand, model, week_mean, week_deviation, weeks)"
            " VALUES (%s, %s, 'smooth', 'IMAPA', %s, %s, 30)",
            [variant_id, clock.now(), mean, deviation],
        )
