"""A small catalogue with stock, and a manager's browser on the stock room's pages."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest

from safar.catalogue.actions import import_products, variant_id_of
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, execute, rows
from safar.kernel.ids import new_id
from safar.kernel.web.surface import Surface, build_surface
from safar.stock import actions as stock
from safar.stock import pages
from safar.stock.counts import pages as counts
from safar.stock.locations import OwnLocation, save_locations
from safar.stock.model import MAIN, Level, StockReceipt
from safar.stock.purchasing import pages as purchases
from safar.stock.purchasing import supplier_pages as suppliers
from safar.stock.receiving import pages as receiving
from safar.stock.transfers import pages as transfers
from tests.stage.console import STAFF_ID, SignedIn, page_values
from tests.stage.serving import Serve
from tests.stage.shop import Item

STAFF = STAFF_ID
STORE = new_id()
MUG, CLOCK, JAM = variant_id_of("MUG"), variant_id_of("CLOCK"), variant_id_of("JAM")
MUG_CODE = "5012345678900"


@dataclass(frozen=True)
class Lying:
    """A level as a test looks at it."""

    sku: str
    name: str
    on_hand: int


@pytest.fixture
async def shelves(database: Database) -> Database:
    """Ten mugs, five clocks and no jam in the main warehouse; a store with nothing. Jam tracks lots."""
    async with database.transaction() as connection:
        await stock.ensure_locations(connection)
        await import_products(
            connection,
            [Item("MUG", "Retrospot mug"), Item("CLOCK", "Alarm clock", "home"), Item("JAM", "Plum jam")],
        )
        await execute(connection, "UPDATE variants SET barcode = %s WHERE id = %s", [MUG_CODE, MUG])
        await execute(connection, "UPDATE variants SET tracks_lots = true WHERE id = %s", [JAM])
        await save_locations(
            connection, [OwnLocation(id=STORE, name="High Street", kind="store")], staff_id=STAFF
        )
        await stock.receive_stock_many(
            connection,
            [
                StockReceipt(new_id(), MUG, MAIN, 10, "delivery"),
                StockReceipt(new_id(), CLOCK, MAIN, 5, "delivery"),
            ],
        )
    return database


async def level(database: Database, variant_id: UUID = MUG, location_id: UUID = MAIN) -> Level:
    async with database.connection() as connection:
        found = await stock.levels(connection, [variant_id])
        return found.get((variant_id, location_id), Level(0, 0, 0))


async def lying(database: Database) -> dict[tuple[str, str], int]:
    """What the moves alone say: units by (SKU, location), without the outside."""
    query = """
        SELECT v.sku, l.name || CASE WHEN l.kind = 'outgoing' THEN ' (sold)' ELSE '' END AS name,
            sum(e.units)::bigint AS on_hand
        FROM (SELECT variant_id, to_location_id AS place, quantity AS units FROM stock_moves
            UNION ALL SELECT variant_id, from_location_id, -quantity FROM stock_moves) AS e
        JOIN stock_locations AS l ON l.id = e.place JOIN variants AS v ON v.id = e.variant_id
        WHERE l.kind NOT IN ('supplier', 'customer') GROUP BY 1, 2 HAVING sum(e.units) <> 0"""
    async with database.connection() as connection:
        return {(one.sku, one.name): one.on_hand for one in await rows(Lying, connection, query)}


@pytest.fixture
async def desk(shelves: Database, context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser on the stock room's pages."""
    rooms = (purchases, suppliers, receiving, transfers, counts, pages)
    routes = [route for room in rooms for route in room.routes]
    app = build_surface(context, Surface("console", page_values), routes, inside=[SignedIn])
    async with httpx.AsyncClient(base_url=await serve(app), headers={"x-role": "manager"}) as client:
        yield client


AGENT = {"x-role": "agent"}


async def taken_in(desk: httpx.AsyncClient, code: str, expires_on: date, units: int) -> None:
    form = {
        "move_id": str(new_id()),
        "location_id": str(MAIN),
        "quantity": str(units),
        "reason": "delivery",
        "lot": code,
        "expires_on": expires_on.isoformat(),
    }
    assert (await desk.post(f"/stock/{JAM}/receive", data=form)).status_code == 303


@pytest.fixture
async def jars(shelves: Database, desk: httpx.AsyncClient) -> Database:
    """Six jars that expire in ten days, eight that expire in a year, two that have expired."""
    today = clock.now().date()
    await taken_in(desk, "late", today + timedelta(days=365), 8)
    await taken_in(desk, "soon", today + timedelta(days=10), 6)
    await taken_in(desk, "old", today - timedelta(days=1), 2)
    return shelves
