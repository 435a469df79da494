"""Every table says how long its rows are kept, and the worker keeps to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safar.channels.actions import ensure_channels
from safar.channels.model import EMAIL
from safar.journal.actions import append_many
from safar.journal.line import LineKeeper
from safar.journal.model import Event
from safar.journal.partitions import drop_old, make_ahead, partitions
from safar.journal.subscribe import Subscriber, register
from safar.kernel import clock, setbacks
from safar.kernel.context import Context
from safar.kernel.database import Connection, execute, value
from safar.kernel.ids import new_id
from safar.kernel.once import Asked, keep_many
from safar.privacy import keeping
from safar.privacy.keeping import forget_all, keeper, loops
from safar.privacy.model import ForDays, ForEver, KeptBy
from safar.privacy.tables import TABLES
from tests.stage.filled import insert

pytestmark = pytest.mark.finding("security-17")
NOW = datetime(2031, 6, 1, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=2000)
_HOLD = """INSERT INTO capacity_holds
(id, state, account_ids, quantities, purpose, placed_at, expires_at, ended_at)
VALUES (%s, %s, '{1}', '{1}', 'order', %s, %s, %s)"""
YOUNG = NOW - timedelta(hours=1)


async def test_every_table_of_the_schema_declares_how_long_it_is_kept(context: Context) -> None:
    async with context.database.connection() as connection:
        cursor = await connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = current_schema()::regnamespace"
        )
        there = {name for (name,) in await cursor.fetchall()}
    assert there - TABLES.keys() == set(), "say in privacy/tables.py how long these are kept"
    assert TABLES.keys() - there == set(), "these are gone"
    for kept in TABLES.values():
        match kept:
            case ForEver(reason) | KeptBy(reason):
                assert reason
            case ForDays(days, over):
                assert days(context.settings) > 0
                assert "%(before)s" in over


async def _customer(connection: Connection, at: datetime, kind: str = "visitor", **values: Any) -> Any:
    id_ = await insert(connection, "customers", created_at=at, language="en", **values)
    await insert(connection, "customer_identities", customer_id=id_, kind=kind, value=str(id_), created_at=at)
    return id_


async def _rows(context: Context, table: str) -> int:
    async with context.database.connection() as connection:
        return int(await value(connection, f"SELECT count(*) FROM {table}"))


async def test_what_is_over_goes_and_what_is_young_or_in_use_stays(context: Context) -> None:
    with clock.held(NOW):
        async with context.database.transaction() as connection:
            await ensure_channels(connection)
            for at in (OLD, YOUNG):
                crawler = await _customer(connection, at)
                cart = await insert(connection, "carts", customer_id=crawler, created_at=at, changed_at=at)
                product = await insert(connection, "products", slug=str(new_id()))
                variant = await insert(connection, "variants", product_id=product, sku=str(new_id()))
                await insert(connection, "cart_lines", cart_id=cart, variant_id=variant, quantity=1)
                known = await _customer(connection, at, "email")
                conversation = await insert(
                    connection,
                    "conversations",
                    customer_id=known,
                    state="closed",
                    last_channel_id=EMAIL,
                    last_author="customer",
                    last_message_at=at,
                    created_at=at,
                )
                await insert(
                    connection,
                    "messages",
                    channel_id=EMAIL,
                    customer_id=known,
                    direction="in",
                    author="customer",
                    state="received",
                    at=at,
                    conversation_id=conversation,
                    next_try_at=at,
                )
                for state, ended in (("live", None), ("expired", at)):
                    await execute(connection, _HOLD, [new_id(), state, at, at, ended])
                await insert(connection, "payment_notices", external_id=str(at), outcome="taken", heard_at=at)
                await insert(connection, "process_beats", role="worker", beat_at=at)
                keep_many(connection, [(Asked(new_id(), 1), {})])
            for days in (29, 31, 89, 91):
                at = NOW - timedelta(days=days)
                for error in (None, "unreadable"):
                    await insert(
                        connection, "channel_envelopes", channel_id=EMAIL, received_at=at, error=error
                    )
        lost = await forget_all(context.database, context.settings)
        assert lost.pop("channel_envelopes") == 4, "three that were read, one that was not"
        assert lost == {
            "cart_lines": 1,
            "carts": 1,
            "messages": 1,
            "conversations": 1,
            "capacity_holds": 1,
            "payment_notices": 1,
            "process_beats": 1,
            "customer_identities": 1,
            "customers": 1,
        }
        assert await forget_all(context.database, context.settings) == {}
    assert await _rows(context, "customers") == 3, "the crawler of long ago is gone"
    assert await _rows(context, "conversations") == 1
    assert await _rows(context, "capacity_holds") == 3, "a live hold is never forgotten"


async def test_the_keeper_walks_over_everything_in_small_steps_and_goes_on_past_what_fails(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {**TABLES, "gate_lots": ForDays(lambda _settings: 1, "no_such_column < %(before)s")}
    monkeypatch.setattr(keeping, "TABLES", broken)
    with clock.held(NOW):
        async with context.database.transaction() as connection:
            await insert(connection, "payment_notices", outcome="taken", heard_at=OLD)
        step = keeper(context)
        walked = [table for table, kept in broken.items() if isinstance(kept, ForDays)]
        for _step in range(len(walked) + 20):
            await step()
        async with context.database.connection() as connection:
            found = await setbacks.setbacks(connection)
    assert await _rows(context, "payment_notices") == 0
    assert [(one.queue, one.item, one.error) for one in found] == [
        ("privacy.keeping", "gate_lots", "UndefinedColumn 42703")
    ]


async def test_keys_of_requests_are_forgotten_by_a_loop(context: Context) -> None:
    with clock.held(NOW) as held:
        async with context.database.transaction() as connection:
            keep_many(connection, [(Asked(new_id(), 1), {})])
        (forget,) = (loop for loop in loops(context) if loop.name == "privacy.request_keys")
        await forget.step()
        assert await _rows(context, "request_keys") == 1
        held.advance(seconds=49 * 3600)
        await forget.step()
        assert await _rows(context, "request_keys") == 0


async def test_old_months_are_dropped_whole_but_only_what_every_reader_has_read(context: Context) -> None:
    database = context.database

    async def take(_connection: Any, _events: Any) -> None: ...

    reader = Subscriber("tester", ("test.happened",), take)
    async with database.transaction() as connection:
        await register(connection, reader)
    with clock.held(datetime(2031, 1, 15, tzinfo=UTC)) as held:
        await make_ahead(database)
        async with database.transaction() as connection:
            await append_many(connection, [Event(name="test.happened"), Event(name="product.viewed")])
        await LineKeeper(database).step()
        held.advance(seconds=timedelta(days=100).total_seconds())
        assert (await forget_all(database, context.settings)) == {"journal_events_2031_01": 1}, "the view"
        await drop_old(database, months=2)
        async with database.connection() as connection:
            assert "journal_events_2031_01" in await partitions(connection), "the reader has not read it"
        await reader.step(database)
        await drop_old(database, months=3)
        async with database.connection() as connection:
            assert "journal_events_2031_01" in await partitions(connection), "three months are kept"
        await drop_old(database, months=2)
        async with database.connection() as connection:
            assert (await partitions(connection))[0] == "journal_events_2031_02"
            assert await value(connection, "SELECT count(*) FROM journal_events") == 0
