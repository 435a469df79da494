"""What happens to orders by itself: they are closed when nothing of them can come back any more."""

from datetime import timedelta

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.loops import Loop
from safar.kernel.setbacks import work_off
from safar.shop.fulfilment.reading import QUERIES
from safar.shop.fulfilment.shipping import close_many

_IDLE_S = 60.0
_AT_ONCE_MAX = 200


def loops(context: Context) -> list[Loop]:
    async def close() -> bool:
        return await close_old(context)

    return [Loop("fulfilment.close", close, idle_s=_IDLE_S)]


async def close_old(context: Context) -> bool:
    """Close delivered orders whose time for returns is over; return whether there may be more."""
    zone = context.settings.timezone
    last_day = clock.today(zone) - timedelta(days=context.settings.return_days)
    params = {"before": clock.day_start(last_day, zone), "limit": _AT_ONCE_MAX, "now": clock.now()}
    async with context.database.connection() as connection:
        found = await connection.execute(QUERIES["to_close"], params)
        order_ids = [order_id for (order_id,) in await found.fetchall()]
    return await work_off(context.database, "fulfilment.close", order_ids, close_many) == _AT_ONCE_MAX
