"""Waiting until nothing is under way: only then do the books tell the whole of it."""

import asyncio
import contextlib
import time
from dataclasses import asdict, dataclass
from uuid import UUID

from safar.campaigns.actions import stop_campaign
from safar.campaigns.errors import NoSuchStep
from safar.campaigns.reading import get_campaign
from safar.journey.decide import windows_of
from safar.journey.model import STAGES
from safar.journey.stages import stages
from safar.kernel.context import Context
from safar.kernel.database import row
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
_WAIT_S_MAX = 90.0
_LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class Unsettled:
    """How much of each kind is still under way."""

    messages: int
    sends: int
    orders: int
    promises: int
    unread_events: int
    events_beyond_the_line: int


async def settle(context: Context, campaign_id: UUID) -> None:
    """End the sending that is left, then wait for the outbox, payments, promises and the journal's readers.

    Raises RuntimeError, naming what is still under way, after 90 seconds.
    """
    async with context.database.transaction() as connection:
        campaign = await get_campaign(connection, campaign_id)
        if campaign.state in ("starting", "sending", "paused"):
            with contextlib.suppress(NoSuchStep):  # its last message went out at this moment
                await stop_campaign(connection, campaign_id)
    end = time.monotonic() + _WAIT_S_MAX
    while any(asdict(left := await _unsettled(context, campaign_id)).values()):
        if time.monotonic() > end:
            raise RuntimeError(f"still under way after {_WAIT_S_MAX:.0f} s: {_named(left)}")
        await asyncio.sleep(_LOOK_S)


async def all_gone_on_or_lost(context: Context, campaign_id: UUID) -> None:
    """Wait until no customer may still go on to an order: from then on every surface tells the same.

    Bounded by the longest window of the stages up to there; whoever stays longer is told of as still there.
    """
    lapse = context.settings.time_lapse
    end = time.monotonic() + max(windows_of(lapse)[name] for name in STAGES[:4]) + _LOOK_S
    while time.monotonic() < end:
        async with context.database.connection() as connection:
            found = await stages(connection, campaign_id, time_lapse=lapse)
        if not any(stage.inside for stage in found.stages[:4]):
            return
        await asyncio.sleep(_LOOK_S)


async def _unsettled(context: Context, campaign_id: UUID) -> Unsettled:
    async with context.database.connection() as connection:
        unsettled = await row(Unsettled, connection, QUERIES["unsettled"], {"campaign_id": campaign_id})
    assert unsettled is not None
    return unsettled


def _named(left: Unsettled) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in asdict(left).items() if count)
