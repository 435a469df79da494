"""A large audience is planned and wound up in pieces: each a transaction, with a mark to go on from."""

import asyncio
from uuid import UUID

import pytest

from safar.campaigns import actions, jobs, planning, reading, sending
from safar.campaigns.errors import NoSuchStep
from safar.campaigns.jobs import finish_pieces
from safar.campaigns.model import Audience
from safar.journey.report import promise_report
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.stock.actions import MAIN, levels
from tests.stage import campaigns as makers
from tests.stage.campaigns import caught_up, delivered, names, read, states

pytestmark = pytest.mark.finding("security-10")
_CHUNK = 4


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "CHUNK", _CHUNK)


async def _started(context: Context, **changes: object) -> UUID:
    variant_id = await makers.shop(context)
    await makers.customers(context, 9)
    await makers.customers(context, 3, consent=False, prefix="silent")
    campaign_id = await makers.campaign(context, variant_id, **changes)
    async with context.database.transaction() as connection:
        started = await actions.start_campaign(connection, campaign_id)
    assert (started.planned, dict(started.skipped)) == (_CHUNK, {})
    return campaign_id


async def _state(context: Context, campaign_id: UUID) -> str:
    async with context.database.connection() as connection:
        return (await reading.get_campaign(connection, campaign_id)).state


async def _agree(context: Context, campaign_id: UUID) -> None:
    async with context.database.connection() as connection:
        assert (await promise_report(connection, campaign_id)).disagreements == []


async def _largest_transaction(context: Context) -> int:
    """Return how many events of sends the largest transaction wrote."""
    found = await read(
        context,
        "SELECT coalesce(max(count), 0)::bigint FROM (SELECT count(*) FROM journal_events"
        " WHERE name LIKE 'send.%' GROUP BY xmin::text) AS written",
    )
    return int(found[0][0])


async def test_nothing_is_sent_before_everybody_is_planned(context: Context) -> None:
    campaign_id = await _started(context)
    assert await _state(context, campaign_id) == "starting"
    assert not await sending.send_due(context)
    pieces = 0
    while await _state(context, campaign_id) == "starting":
        assert await finish_pieces(context)
        pieces += 1
    assert pieces == 3
    assert not await finish_pieces(context)
    assert await states(context, campaign_id) == {("planned", None): 9, ("skipped", "no_consent"): 3}
    assert (await names(context, "send.skipped")) == ["send.skipped"] * 3
    assert await _largest_transaction(context) <= _CHUNK
    await _agree(context, campaign_id)
    assert await sending.send_due(context)


async def test_a_limited_audience_is_not_larger_for_being_planned_in_pieces(context: Context) -> None:
    campaign_id = await _started(context, audience=Audience(limit=10))
    while await finish_pieces(context):
        await _agree(context, campaign_id)
    assert await states(context, campaign_id) == {("planned", None): 9, ("skipped", "no_consent"): 1}


async def test_planning_goes_on_after_a_break_where_it_was(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await _started(context)
    assert await finish_pieces(context)

    async def broken(connection: Connection, campaign_id: UUID) -> None:
        await actions.go_on(connection, campaign_id)
        raise asyncio.CancelledError  # the worker is ended here, its transaction with it

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "go_on", broken)
        with pytest.raises(asyncio.CancelledError):
            await finish_pieces(context)
    assert await states(context, campaign_id) == {("planned", None): 8}
    while await finish_pieces(context):
        pass
    assert await states(context, campaign_id) == {("planned", None): 9, ("skipped", "no_consent"): 3}
    await _agree(context, campaign_id)


async def test_what_is_stopped_while_it_starts_sends_nothing_and_gives_its_units_back(
    context: Context,
) -> None:
    campaign_id = await _started(context)
    await finish_pieces(context)
    async with context.database.transaction() as connection:
        with pytest.raises(NoSuchStep):
            await actions.pause_campaign(connection, campaign_id)
        await actions.stop_campaign(connection, campaign_id)
        variant_id = await _offered(context)
        assert (await levels(connection, [variant_id]))[variant_id, MAIN].free == 100
    assert await _state(context, campaign_id) == "stopped"
    while await finish_pieces(context):
        pass
    assert await states(context, campaign_id) == {("skipped", "stopped"): 8}
    assert await names(context, "send.skipped") == ["send.skipped"] * 8
    assert not await sending.send_due(context)
    await _agree(context, campaign_id)


async def _offered(context: Context) -> UUID:
    ((variant_id,),) = await read(context, "SELECT variant_id FROM campaigns")
    return UUID(str(variant_id))


async def test_a_campaign_that_is_ended_is_wound_up_in_pieces_and_nothing_of_it_leaves(
    context: Context,
) -> None:
    campaign_id = await _started(context)
    while await finish_pieces(context):
        pass
    await sending.send_due(context)
    queued = (await states(context, campaign_id)).get(("queued", None), 0)
    assert queued > 0
    async with context.database.transaction() as connection:
        await actions.stop_campaign(connection, campaign_id)
    left = (await states(context, campaign_id)).get(("planned", None), 0)
    assert left == max(9 - queued - _CHUNK, 0)
    while await finish_pieces(context):
        pass
    await caught_up(context, *jobs.subscribers(context))
    assert await states(context, campaign_id) == {("skipped", "no_consent"): 3, ("skipped", "stopped"): 9}
    assert await _largest_transaction(context) <= 9
    assert await delivered(context) == 0
    await _agree(context, campaign_id)
