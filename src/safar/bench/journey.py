"""How long the journey map and the promise report take with a million events of 100,000 customers."""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from safar.bench.server import bench_context
from safar.campaigns.drafts import create_campaign
from safar.campaigns.model import CampaignDraft
from safar.catalogue.actions import import_products
from safar.demo.retail import choose_hot_product
from safar.journal.partitions import make_ahead
from safar.journey.report import promise_report
from safar.journey.stages import stages
from safar.kernel.database import Connection, execute
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside
from safar.stock.actions import MAIN, StockReceipt, receive_stock_many

QUERIES = queries_beside(__file__)
_TRIES = 5


async def measure(_seconds: float) -> dict[str, Any]:
    """Return milliseconds (medians of five) beside the limit: the same rows counted by one statement.

    `seconds` is not used: each figure is five runs.
    """
    async with bench_context() as context:
        await make_ahead(context.database)
        async with context.database.transaction() as connection:
            (variant_id,) = await import_products(connection, [choose_hot_product()])
            draft = _draft(variant_id)
            receipt = StockReceipt(new_id(), variant_id, MAIN, draft.units, "bench", None, None)
            await receive_stock_many(connection, [receipt])
            campaign_id = await create_campaign(connection, draft)
            await execute(connection, QUERIES["a_million_events"], {"campaign_id": campaign_id})
            await execute(connection, QUERIES["begin_two_hours_ago"], {"campaign_id": campaign_id})
        async with context.database.connection() as connection:
            await execute(connection, QUERIES["settle"])
            return {"bench": "journey", "events": 1_000_000, **await _figures(connection, campaign_id)}


async def _figures(connection: Connection, campaign_id: UUID) -> dict[str, Any]:
    one = await _median_ms(lambda: stages(connection, campaign_id))
    everybody = await _median_ms(lambda: stages(connection))
    report = await _median_ms(lambda: promise_report(connection, campaign_id))
    limit = await _median_ms(lambda: execute(connection, QUERIES["count_by_name"]))
    return {
        "map_of_campaign_ms": one,
        "map_of_everybody_ms": everybody,
        "promise_report_ms": report,
        "limit_ms": limit,
        "ratio_to_limit": round(limit / everybody, 3),
    }


async def _median_ms(work: Callable[[], Awaitable[object]]) -> float:
    taken = []
    for _try in range(_TRIES):
        start = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - start)
    return round(statistics.median(taken) * 1000, 1)


def _draft(variant_id: UUID) -> CampaignDraft:
    return CampaignDraft(
        campaign_id=new_id(),
        name="bench",
        variant_id=variant_id,
        units=1,
        reply_seconds=60,
        subject={"en": "bench"},
        body={"en": "{{ link }}"},
    )
