"""Who needs an account that another transaction keeps locked waits alone; the others go past it."""

import asyncio
from datetime import timedelta

import pytest

from safar.capacity import actions as ledger
from safar.capacity.model import Held, HoldRequest, HoldState
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.errors import DeadlinePassed
from safar.kernel.ids import new_id
from tests.stage.books import books_agree

pytestmark = pytest.mark.finding("security-10")


def _request(*account_ids: int) -> HoldRequest:
    expires_at = clock.now() + timedelta(minutes=15)
    return HoldRequest(
        hold_id=new_id(), lines=dict.fromkeys(account_ids, 1), expires_at=expires_at, purpose="test"
    )


async def _accounts(context: Context, *keys: str) -> list[int]:
    async with context.database.transaction() as connection:
        return [await ledger.open_account(connection, "test", key, backorder=500) for key in keys]


async def test_holds_of_a_locked_account_wait_and_those_of_others_do_not(context: Context) -> None:
    locked, free = await _accounts(context, "locked", "free")
    context.batchers.of(ledger.hold_many, lanes=2)
    async with context.database.transaction() as blocker:
        await execute(blocker, "SELECT 1 FROM capacity_accounts WHERE id = %s FOR UPDATE", [locked])
        waiting = [
            asyncio.create_task(context.batched(ledger.hold_many, _request(locked, free)))
            for _number in range(40)
        ]
        async with asyncio.timeout(4):
            outcomes = await asyncio.gather(
                *(context.batched(ledger.hold_many, _request(free)) for _number in range(60))
            )
        assert {type(outcome) for outcome in outcomes} == {Held}
        assert not any(task.done() for task in waiting)
    assert {type(outcome) for outcome in await asyncio.gather(*waiting)} == {Held}
    await books_agree(context.database)


async def test_claims_of_a_locked_account_wait_alone_too_and_are_not_told_that_there_is_no_hold(
    context: Context,
) -> None:
    locked, free = await _accounts(context, "locked", "free")
    requests = [_request(account_id) for account_id in (locked, free, free)]
    await asyncio.gather(*(context.batched(ledger.hold_many, request) for request in requests))
    async with context.database.transaction() as blocker:
        await execute(blocker, "SELECT 1 FROM capacity_accounts WHERE id = %s FOR UPDATE", [locked])
        tasks = [
            asyncio.create_task(context.batched(ledger.claim_many, request.hold_id)) for request in requests
        ]
        async with asyncio.timeout(4):
            await asyncio.gather(*tasks[1:])
        assert not tasks[0].done()
    assert [(await task).state for task in tasks] == [HoldState.CLAIMED] * 3
    await books_agree(context.database)


async def test_who_waits_too_long_is_told_that_nothing_was_changed(context: Context) -> None:
    (locked,) = await _accounts(context, "locked")
    batcher = context.batchers.of(ledger.hold_many)
    batcher._deadline_s = 0.5
    async with context.database.transaction() as blocker:
        await execute(blocker, "SELECT 1 FROM capacity_accounts WHERE id = %s FOR UPDATE", [locked])
        with pytest.raises(DeadlinePassed):
            await batcher.submit(_request(locked))
    await books_agree(context.database)
