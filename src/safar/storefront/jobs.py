"""What the worker does for the storefront: tells who waits, counts what sells, forgets what is over."""

from datetime import timedelta

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.keyset import FIRST_ID
from safar.kernel.loops import Loop
from safar.storefront.back_in_stock import forget_old_requests, tell_step
from safar.storefront.look import QUERIES

_SOLD_LATELY = timedelta(days=28)
_TELL_S = 3.0
_COUNT_S = 300.0
_FORGET_S = 3600.0


def loops(context: Context) -> list[Loop]:
    """Return the loops of the storefront."""
    after = FIRST_ID

    async def tell() -> bool:
        nonlocal after
        reached, _told = await tell_step(context, after)
        after = reached or FIRST_ID
        return reached is not None

    async def count() -> bool:
        await count_popularity(context)
        return False

    async def forget() -> bool:
        async with context.database.transaction() as connection:
            await forget_old_requests(connection)
        return False

    return [
        Loop("storefront.back_in_stock", tell, idle_s=_TELL_S),
        Loop("storefront.popularity", count, idle_s=_COUNT_S),
        Loop("storefront.forget", forget, idle_s=_FORGET_S),
    ]


async def count_popularity(context: Context) -> None:
    """Count the units that each product has sold in four weeks."""
    params = {"now": clock.now(), "since": clock.now() - _SOLD_LATELY}
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["count_popularity"], params)
        await execute(connection, QUERIES["forget_popularity"], params)
