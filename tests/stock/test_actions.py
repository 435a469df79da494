"""The stock room on a real database: levels follow from moves, whatever is asked and however often."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import HoldRequest, HoldState
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import new_id
from safar.stock import actions as stock
from safar.stock.errors import BelowPromised, NoSuchMove
from safar.stock.model import MAIN, Adjustment, Level, StockClaim, StockReceipt, Transfer

MUG = new_id()
TEAPOT = new_id()


@pytest.fixture(autouse=True)
async def _locations(database: Database) -> None:
    async with database.transaction() as connection:
        await stock.ensure_locations(connection)
        await stock.ensure_locations(connection)


def receipt(quantity: int, variant_id: UUID = MUG) -> StockReceipt:
    return StockReceipt(
        move_id=new_id(),
        variant_id=variant_id,
        location_id=MAIN,
        quantity=quantity,
        reason="delivery",
    )


async def level(database: Database, variant_id: object = MUG, location_id: object = MAIN) -> Level:
    async with database.connection() as connection:
        found = await stock.levels(connection, [variant_id])  # type: ignore[list-item]
        return found[variant_id, location_id]  # type: ignore[index]


async def no_miscount(database: Database) -> None:
    async with database.connection() as connection:
        assert await stock.recount_levels(connection) == []
        assert await ledger.recount_accounts(connection) == []


async def test_a_receipt_counts_once_however_often_and_however_many_send_it(context: Context) -> None:
    one = receipt(7)
    outcomes = await asyncio.gather(*(context.batched(stock.receive_stock_many, one) for _ in range(20)))
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    async with context.database.transaction() as first:
        assert (await stock.receive_stock_many(first, [one]))[0].replayed
    assert (await level(context.database)).on_hand == 7
    await no_miscount(context.database)


@pytest.mark.finding("issue-7.6")
async def test_a_move_told_again_with_anything_else_is_refused(database: Database) -> None:
    one = replace(receipt(7), reason="delivery", document="PO 7")
    async with database.transaction() as connection:
        await stock.receive_stock_many(connection, [one])
        assert (await stock.receive_stock_many(connection, [replace(one, staff_id=new_id())]))[0].replayed
    for other in (replace(one, reason="found"), replace(one, document="PO 8"), replace(one, document=None)):
        with pytest.raises(SameKeyOtherBody):
            async with database.transaction() as connection:
                await stock.receive_stock_many(connection, [other])
    await no_miscount(database)


async def test_a_move_id_used_for_another_move_is_refused_and_writes_nothing(database: Database) -> None:
    one = receipt(7)
    async with database.transaction() as connection:
        await stock.receive_stock_many(connection, [one])
    with pytest.raises(SameKeyOtherBody):
        async with database.transaction() as connection:
            await stock.receive_stock_many(connection, [receipt(1), replace(one, quantity=8)])
    assert (await level(database)).on_hand == 7


async def test_an_adjustment_never_takes_units_that_are_promised(database: Database) -> None:
    async with database.transaction() as connection:
        await stock.receive_stock_many(connection, [receipt(5)])
        account = (await stock.levels(connection, [MUG]))[MUG, MAIN].account_id
        hold = HoldRequest(
            hold_id=new_id(),
            lines={account: 3},
            purpose="order",
            expires_at=clock.now() + timedelta(minutes=5),
        )
        await ledger.hold_many(connection, [hold])
    missing = Adjustment(move_id=new_id(), variant_id=MUG, location_id=MAIN, difference=-3, reason="broken")
    with pytest.raises(BelowPromised, match="only 2 can be taken"):
        async with database.transaction() as connection:
            await stock.adjust_many(connection, [missing])
    async with database.transaction() as connection:
        await stock.adjust_many(connection, [replace(missing, difference=-2)])
    assert await level(database) == Level(account, 3, 3)
    await no_miscount(database)


async def test_units_set_aside_for_a_campaign_leave_the_main_stock(database: Database) -> None:
    campaign_id = new_id()
    async with database.transaction() as connection:
        await stock.receive_stock_many(connection, [receipt(10), receipt(4, TEAPOT)])
        location_id = await stock.open_allocation(connection, campaign_id, "Spring")
        assert location_id == stock.allocation_of(campaign_id)
        move = Transfer(
            move_id=new_id(),
            variant_id=MUG,
            from_location_id=MAIN,
            to_location_id=location_id,
            quantity=6,
            reason="offer",
        )
        await stock.transfer_many(connection, [move, move])
    assert ((await level(database)).on_hand, (await level(database, MUG, location_id)).on_hand) == (4, 6)
    with pytest.raises(BelowPromised):
        async with database.transaction() as connection:
            await stock.transfer_many(connection, [replace(move, move_id=new_id(), quantity=5)])
    await no_miscount(database)


async def test_a_claim_moves_units_to_the_customer_once(database: Database) -> None:
    async with database.transaction() as connection:
        await stock.receive_stock_many(connection, [receipt(5)])
        account = (await stock.levels(connection, [MUG]))[MUG, MAIN].account_id
    hold_id = new_id()
    claim = StockClaim(hold_id, ((MUG, MAIN, 2),), "order 1")
    async with database.transaction() as connection:
        request = HoldRequest(
            hold_id=hold_id,
            lines={account: 2},
            purpose="order",
            expires_at=clock.now() + timedelta(minutes=5),
        )
        await ledger.hold_many(connection, [request])
        first = await stock.claim_stock_many(connection, [claim])
    async with database.transaction() as connection:
        again = await stock.claim_stock_many(connection, [claim])
        sold = await value(connection, "SELECT sum(quantity) FROM stock_moves WHERE reason = 'sold'")
    assert (first[0].state, first[0].changed, again[0].changed) == (HoldState.CLAIMED, True, False)
    assert sold == 2
    assert await level(database) == Level(account, 3, 0)
    await no_miscount(database)


async def test_many_writers_of_many_variants_neither_block_each_other_nor_miscount(
    database: Database,
) -> None:
    variants = [new_id() for _ in range(6)]

    async def write(turn: int) -> None:
        order = variants if turn % 2 else variants[::-1]
        async with database.transaction() as connection:
            await stock.receive_stock_many(connection, [receipt(turn + 1, variant) for variant in order])

    await asyncio.gather(*(write(turn) for turn in range(12)))
    assert [(await level(database, variant)).on_hand for variant in variants] == [78] * 6
    await no_miscount(database)


async def test_a_move_of_nothing_is_refused(database: Database) -> None:
    for bad in (receipt(0), receipt(-4)):
        with pytest.raises(NoSuchMove):
            async with database.transaction() as connection:
                await stock.receive_stock_many(connection, [bad])


async def test_moves_are_listed_newest_first_page_by_page(database: Database) -> None:
    with clock.held(clock.now()) as held:
        for quantity in range(1, 8):
            held.advance(seconds=1)
            async with database.transaction() as connection:
                await stock.receive_stock_many(connection, [receipt(quantity)])
    seen: list[int] = []
    before = None
    async with database.connection() as connection:
        while moves := await stock.moves_of_variant(connection, MUG, before=before, limit=3):
            seen += [move.quantity for move in moves]
            before = (moves[-1].at, moves[-1].id)
    assert seen == [7, 6, 5, 4, 3, 2, 1]
