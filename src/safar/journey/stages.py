"""Stages from the journal: one statement reads every customer's first times, the funnel does the rest."""

import asyncio
from array import array
from collections.abc import Mapping
from datetime import datetime, timedelta
from sys import byteorder
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from safar.campaigns.reading import get_campaign, offers_of
from safar.journey.decide import funnel, marked_cut, windows_of
from safar.journey.model import STAGES, Journey, Map
from safar.kernel import clock
from safar.kernel.database import Connection, send, transaction
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)
CUSTOMERS_MAX = 250_000
SPAN_ALL = timedelta(days=30)


async def stages(
    connection: Connection,
    campaign_id: UUID | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    time_lapse: float = 1.0,
) -> Map:
    """Return the journey of a campaign's customers, or of all customers in the last 30 days.

    `time_lapse`: of `Settings`, how many times faster than life a rehearsal's customers live.
    """
    until = until or clock.now()
    price_minor = 0
    if campaign_id is not None:
        campaign = await get_campaign(connection, campaign_id)
        since = since or campaign.started_at or campaign.created_at
        offer = (await offers_of(connection, [campaign.variant_id])).get(campaign.variant_id)
        price_minor = offer.price_minor if offer else 0
    params = {
        "campaign_id": campaign_id,
        "since": since or until - SPAN_ALL,
        "until": until,
        "limit": CUSTOMERS_MAX,
    }
    async with transaction(connection):
        send(connection, QUERIES["more_memory"])
        async with connection.cursor(row_factory=dict_row, binary=True) as cursor:
            await cursor.execute(QUERIES["journeys"], params)
            packed = await cursor.fetchone()
    assert packed is not None
    # In a thread: a hundred thousand customers take a quarter of a second, and other pages must not wait.
    windows_s = windows_of(time_lapse)
    found = await asyncio.to_thread(_map, packed, until.timestamp(), price_minor, windows_s)
    return marked_cut(found) if packed["customers"] == CUSTOMERS_MAX else found


def _map(packed: dict[str, Any], now: float, price_minor: int, windows_s: Mapping[str, float]) -> Map:
    if not packed["customers"]:
        return funnel([], now=now, price_minor=price_minor)
    times = zip(*(_unpacked("d", packed[f"{stage}_at"]) for stage in STAGES), strict=True)
    ids = zip(*(_unpacked("q", packed[f"{stage}_id"]) for stage in STAGES), strict=True)
    journeys = map(
        Journey,
        times,
        ids,
        _unpacked("d", packed["last_at"]),
        _unpacked("q", packed["minor"]),
        _unpacked("q", packed["causes"]),
    )
    return funnel(journeys, now=now, price_minor=price_minor, windows_s=windows_s)


def _unpacked(kind: str, column: bytes) -> "array[Any]":
    """Return a column of 8-byte values; PostgreSQL sends the most significant byte first."""
    values = array(kind, bytes(column))
    if byteorder == "little":
        values.byteswap()
    return values
