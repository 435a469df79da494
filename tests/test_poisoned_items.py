"""An item that always fails, or is always locked, at the head of each queue: the others are done."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from safar.campaigns import jobs as campaign_jobs
from safar.capacity.actions import OnHandChange, change_many, hold_many, open_account
from safar.capacity.jobs import sweeper
from safar.capacity.model import HoldRequest
from safar.front import stock_left
from safar.gate import jobs as gate_jobs
from safar.gate.site.sites import NewSite, open_site
from safar.gate.tickets.model import SiteKind
from safar.kernel import clock, setbacks
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, execute
from safar.kernel.ids import new_id
from safar.payments import settle as pay
from tests.stage.filled import insert

pytestmark = pytest.mark.finding("security-24")
NOW = datetime(2031, 7, 1, 12, tzinfo=UTC)


async def _set_aside(database: Database) -> set[tuple[str, str]]:
    async with database.connection() as connection:
        return {(one.queue, one.item) for one in await setbacks.setbacks(connection)}


async def _due_holds(database: Database) -> tuple[int, int, list[UUID], list[UUID]]:
    """Hold five units of one account, then three of another; all are over a minute later."""
    async with database.transaction() as connection:
        first, second = [await open_account(connection, "test", key) for key in "ab"]
        await change_many(connection, [OnHandChange(first, 10), OnHandChange(second, 10)])
        holds = [
            HoldRequest(
                hold_id=new_id(),
                lines={account: 1},
                purpose="order",
                expires_at=NOW + timedelta(seconds=10 + place),
            )
            for place, account in enumerate([first] * 5 + [second] * 3)
        ]
        await hold_many(connection, holds)
    ids = [hold.hold_id for hold in holds]
    return first, second, ids[:5], ids[5:]


async def _live(database: Database) -> set[UUID]:
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT id FROM capacity_holds WHERE state = 'live'")
        return {id_ for (id_,) in await cursor.fetchall()}


async def test_a_locked_account_keeps_no_other_holds_from_expiring(context: Context) -> None:
    database = context.database
    with clock.held(NOW) as held:
        first, _second, locked, others = await _due_holds(database)
        held.advance(seconds=60)
        sweep = sweeper(database, limit=2)
        async with database.transaction() as connection:
            await execute(connection, "SELECT FROM capacity_accounts WHERE id = %s FOR UPDATE", [first])
            while await sweep():
                pass
            assert await _live(database) == set(locked), "the oldest, and more than one sweep takes"
            assert not set(others) & await _live(database)
        assert await _set_aside(database) == set(), "locked is not failed"
        while await sweep():
            pass
        assert await _live(database) == set()


async def test_holds_that_cannot_end_rest_and_the_others_expire(context: Context) -> None:
    database = context.database
    with clock.held(NOW) as held:
        first, _second, poisoned, _others = await _due_holds(database)
        async with database.connection() as connection:
            await execute(connection, "UPDATE capacity_accounts SET held = 0 WHERE id = %s", [first])
        held.advance(seconds=60)
        sweep = sweeper(database, limit=4)
        while await sweep():
            pass
        assert await _live(database) == set(poisoned)
        assert await _set_aside(database) == {("capacity.expire", str(id_)) for id_ in poisoned}
        async with database.connection() as connection:
            await execute(connection, "UPDATE capacity_accounts SET held = 5 WHERE id = %s", [first])
        held.advance(seconds=5)
        while await sweep():
            pass
        assert await _live(database) == set()
        assert await _set_aside(database) == set()


def _failing(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, poison: object) -> list[object]:
    """Let `module.name(connection, item)` fail for the poisoned item; return the items that were done."""
    done: list[object] = []

    async def work(_connection: Connection, item: Any, *_rest: object) -> None:
        key = getattr(item, "key", getattr(item, "id", item))
        if key == poison:
            raise LookupError("poisoned")
        done.append(key)

    monkeypatch.setattr(module, name, work)
    return done


async def test_the_gate_steps_every_site_and_notes_every_rooms_goods(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with context.database.transaction() as connection:
        for key in ("a", "b", "c"):
            room = NewSite(key=key, capacity=1, kind=SiteKind.PRODUCT, path=f"/p/{key}")
            await open_site(connection, room, staff_id=new_id())
    stepped = _failing(monkeypatch, gate_jobs, "call_next", "a")
    noted = _failing(monkeypatch, stock_left, "_note_one", "a")
    for loop in (*gate_jobs.loops(context), *stock_left.loops(context)):
        if loop.name in ("gate.step", "front.goods"):
            for _round in range(2):
                await loop.step()
    assert stepped == ["b", "c"] * 2
    assert noted == ["b", "c"] * 2
    assert await _set_aside(context.database) == {("gate.step", "a"), ("front.goods", "a")}


async def test_offers_end_beside_one_that_cannot(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.held(NOW):
        async with context.database.transaction() as connection:
            ids = [
                await insert(
                    connection,
                    "campaigns",
                    state="sent",
                    created_at=NOW,
                    variant_id=new_id(),
                    offer_ends_at=NOW - timedelta(hours=25 - number),
                )
                for number in range(25)
            ]
        monkeypatch.setattr(campaign_jobs, "lock_campaign", _unlocked)
        monkeypatch.setattr(campaign_jobs, "end_campaign", _end_but(ids[0]))
        for _round in range(2):
            await campaign_jobs.close_offers(context)
    async with context.database.connection() as connection:
        cursor = await connection.execute("SELECT id FROM campaigns WHERE closed_at IS NULL")
        assert await cursor.fetchall() == [(ids[0],)], "those behind the first twenty have ended, too"
    assert await _set_aside(context.database) == {("campaigns.offers", str(ids[0]))}


def _end_but(poison: UUID) -> Callable[..., Awaitable[None]]:
    async def end(connection: Connection, campaign: Any, _reason: str) -> None:
        await execute(connection, "UPDATE campaigns SET closed_at = now() WHERE id = %s", [campaign.id])
        if campaign.id == poison:
            raise LookupError("poisoned")

    return end


async def _unlocked(_connection: Connection, campaign_id: UUID) -> Any:
    class Open:
        id = campaign_id
        closed_at = None

    return Open()


async def test_payments_settle_beside_one_that_fails(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[UUID] = []

    async def settle_one(_context: Context, order: Any, _account: object) -> None:
        asked.append(order.id)
        if order.id == ids[0]:
            raise LookupError("poisoned")

    monkeypatch.setattr(pay, "_settle_one", settle_one)
    with clock.held(NOW) as held:
        async with context.database.transaction() as connection:
            customer = await insert(connection, "customers", language="en")
            ids = [new_id() for _order in range(3)]
            for id_ in ids:
                await insert(
                    connection,
                    "orders",
                    id=id_,
                    state="placed",
                    customer_id=customer,
                    currency="GBP",
                    placed_at=NOW,
                    held_until=NOW,
                )
                await insert(
                    connection,
                    "payments",
                    order_id=id_,
                    state="started",
                    provider="test_card",
                    currency="GBP",
                    changed_at=NOW,
                    rest_until=NOW,
                    amount_minor=1,
                )
        held.advance(seconds=16)
        await pay.settle_open(context)
        assert set(asked) == set(ids)
        assert await _set_aside(context.database) == {("shop.settle", str(ids[0]))}
