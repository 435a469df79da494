"""A small catalogue with stock, and a manager's browser on the stock room's pages."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from safar.catalogue.actions import import_products, variant_id_of
from safar.kernel.context import Context
from safar.kernel.database import Database, execute, rows
from safar.kernel.ids import new_id
from safar.kernel.web.actor import Actor
from safar.kernel.web.surface import Surface, build_surface
from safar.stock import actions as stock
from safar.stock import pages
from safar.stock.counts import pages as counts
from safar.stock.locations import OwnLocation, save_locations
from safar.stock.model import MAIN, Level, StockReceipt
from safar.stock.purchasing import pages as purchases
from safar.stock.purchasing import supplier_pages as suppliers
from safar.stock.transfers import pages as transfers
from tests.stage.serving import Serve

STAFF = new_id()
STORE = new_id()
MUG, CLOCK, JAM = variant_id_of("MUG"), variant_id_of("CLOCK"), variant_id_of("JAM")
MUG_CODE = "5012345678900"


@dataclass(frozen=True)
class Item:
    sku: str
    title: str
    category: str = "kitchen"
    price_minor: int = 495
    currency: str = "GBP"


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


class _SignedIn:
    """In place of the sign-in: the role that the request names, or nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        role = dict(scope.get("headers", ())).get(b"x-role", b"").decode()
        actor = Actor(STAFF, "staff@safar.example", "Sam", role) if role else None
        scope["state"] = {**scope.get("state", {}), "staff": actor}
        await self._app(scope, receive, send)


def _page_values(request: Request) -> Mapping[str, Any]:
    return {"shop_name": "Safar", "staff": request.state.staff, "nav": []}


@pytest.fixture
async def desk(shelves: Database, context: Context, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A manager's browser on the stock room's pages."""
    rooms = (purchases, suppliers, transfers, counts, pages)
    routes = [route for room in rooms for route in room.routes]
    app = build_surface(context, Surface("console", _page_values), routes, inside=[_SignedIn])
    async with httpx.AsyncClient(base_url=await serve(app), headers={"x-role": "manager"}) as client:
        yield client


AGENT = {"x-role": "agent"}
