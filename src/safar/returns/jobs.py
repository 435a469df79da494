"""What happens to orders by itself: they are closed when nothing of them can come back any more."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, values
from safar.kernel.loops import Loop
from safar.kernel.setbacks import work_off
from safar.owner.reading import shop_of
from safar.returns.reading import QUERIES
from safar.shipments.actions import close_many

_IDLE_S = 60.0
_AT_ONCE_MAX = 200


def loops(context: Context) -> list[Loop]:
    async def close() -> bool:
        return await close_old(context)

    return [Loop("fulfilment.close", close, idle_s=_IDLE_S)]


async def close_old(context: Context) -> bool:
    """Close orders whose time for returns is over; return whether there may be more.

    What nobody marked delivered counts as delivered some days after it was sent; what is still to be paid on
    delivery does not: somebody has the money, or it was never paid.
    """
    settings = context.settings
    days = (await shop_of(context)).return_days
    way_days, zone = settings.delivery_days_max, settings.timezone
    last_day = clock.today(zone) - timedelta(days=days)
    params = {
        "before": clock.day_start(last_day, zone),
        "limit": _AT_ONCE_MAX,
        "now": clock.now(),
        "sent_before": clock.day_start(last_day - timedelta(days=way_days), zone),
    }
    async with context.database.connection() as connection:
        order_ids = await values(connection, QUERIES["to_close"], params)

    async def close(connection: Connection, ids: Sequence[UUID]) -> None:
        await close_many(connection, ids, days=days, way_days=way_days)

    return await work_off(context.database, "fulfilment.close", order_ids, close) == _AT_ONCE_MAX
