"""What is past its date: nobody is promised it, nobody is sent it, and a wrong date can be corrected."""

from datetime import UTC, date, timedelta
from uuid import UUID

import httpx
import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import HoldRequest
from safar.kernel import clock
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock.expiry import Expired, moves_of, set_expired_aside
from safar.stock.lots import Lot, PastDate, lots_of
from safar.stock.model import MAIN, QUARANTINE, Shipped, StockClaim
from tests.stage.books import books_agree
from tests.stage.stock import AGENT, JAM, level, taken_in


async def _where(database: Database) -> dict[tuple[str, UUID], int]:
    async with database.connection() as connection:
        return {(one.code, one.location_id): one.units for one in await lots_of(connection, JAM)}


async def _sold(database: Database, units: int) -> None:
    async with database.transaction() as connection:
        account = (await stock.levels(connection, [JAM]))[JAM, MAIN].account_id
        hold = HoldRequest(
            hold_id=new_id(),
            lines={account: units},
            purpose="order",
            expires_at=clock.now() + timedelta(minutes=5),
        )
        await ledger.hold_many(connection, [hold])
        await stock.claim_stock_many(connection, [StockClaim(hold.hold_id, ((JAM, MAIN, units),), "order 1")])


@pytest.mark.finding("goods-F")
async def test_expired_units_leave_the_sale_and_the_rest_stays(jars: Database) -> None:
    assert (await level(jars, JAM)).free == 16, "two of them expired yesterday"
    assert await set_expired_aside(jars) == 1
    assert await set_expired_aside(jars) == 0
    assert ((await level(jars, JAM)).free, (await level(jars, JAM, QUARANTINE)).on_hand) == (14, 2)
    assert await _where(jars) == {("SOON", MAIN): 6, ("LATE", MAIN): 8, ("OLD", QUARANTINE): 2}
    await books_agree(jars)


@pytest.mark.finding("goods-F")
async def test_a_lot_is_good_on_its_last_day_and_not_a_moment_longer_where_the_shop_is(
    shelves: Database, desk: httpx.AsyncClient
) -> None:
    today = clock.now().astimezone(UTC).replace(hour=12)
    await taken_in(desk, "today", clock.today("UTC"), 3)
    with clock.held(today):
        assert await set_expired_aside(shelves) == 0
    with clock.held(today + timedelta(days=1)):
        assert await set_expired_aside(shelves) == 1
    assert (await level(shelves, JAM)).free == 0


@pytest.mark.finding("goods-F")
async def test_expired_units_that_are_promised_stay_and_are_not_sent(jars: Database) -> None:
    await _sold(jars, 15)
    assert await set_expired_aside(jars) == 1, "one of two expired units is not promised"
    assert await _where(jars) == {
        ("SOON", MAIN): 6,
        ("LATE", MAIN): 8,
        ("OLD", MAIN): 1,
        ("OLD", QUARANTINE): 1,
    }
    async with jars.transaction() as connection:
        await stock.ship_stock_many(connection, [Shipped(new_id(), JAM, MAIN, 14)])
    with pytest.raises(PastDate, match="JAM"):
        async with jars.transaction() as connection:
            await stock.ship_stock_many(connection, [Shipped(new_id(), JAM, MAIN, 1)])
    assert await _where(jars) == {("OLD", MAIN): 1, ("OLD", QUARANTINE): 1}
    await books_agree(jars)


def test_two_expired_lots_share_what_is_free_in_every_book_of_the_shelf() -> None:
    old, older, aside = new_id(), new_id(), new_id()
    found = [
        Expired(old, JAM, "A", MAIN, 5, MAIN, 3),
        Expired(old, JAM, "A", MAIN, 5, aside, 4),
        Expired(older, JAM, "B", MAIN, 9, MAIN, 3),
        Expired(older, JAM, "B", MAIN, 9, aside, 4),
    ]
    moves = [(lot, move.from_location_id, move.quantity) for move, lot in moves_of(found)]
    assert moves == [(old, MAIN, 3), (old, aside, 2), (older, aside, 2)]


@pytest.mark.finding("goods-F")
async def test_a_wrong_date_is_corrected_by_a_manager(jars: Database, desk: httpx.AsyncClient) -> None:
    lot_id = Lot(JAM, "old").id
    later = (clock.today("UTC") + timedelta(days=40)).isoformat()
    address = f"/stock/lots/{lot_id}/date"
    assert (await desk.post(address, data={"expires_on": later}, headers=AGENT)).status_code == 403
    assert (await desk.post(address, data={"expires_on": "soon"})).status_code == 422
    assert (await desk.post(f"/stock/lots/{new_id()}/date", data={"expires_on": later})).status_code == 404
    assert (await desk.post(address, data={"expires_on": later})).status_code == 303
    assert await set_expired_aside(jars) == 0
    async with jars.connection() as connection:
        dates = {one.code: one.expires_on for one in await lots_of(connection, JAM)}
    assert dates["OLD"] == date.fromisoformat(later)
