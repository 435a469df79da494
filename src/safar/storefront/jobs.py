"""What the worker does for the storefront: tells who waits, counts what sells, forgets what is over."""

from safar.kernel.context import Context
from safar.kernel.keyset import FIRST_ID
from safar.kernel.loops import Loop
from safar.storefront.back_in_stock import forget_old_requests, tell_step
from safar.storefront.selling import count_pairs, count_popularity

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
        await count_pairs(context)
        return False

    return [
        Loop("storefront.back_in_stock", tell, idle_s=_TELL_S),
        Loop("storefront.popularity", count, idle_s=_COUNT_S),
        Loop("storefront.forget", forget, idle_s=_FORGET_S),
    ]
