"""What the worker does for the stock room: units past their date leave the sale."""

from safar.kernel.context import Context
from safar.kernel.loops import Loop
from safar.stock.expiry import set_expired_aside

_EXPIRED_S = 60.0


def loops(context: Context) -> list[Loop]:
    """Return the look for lots that have expired: within a minute of the shop's midnight."""

    async def expired() -> bool:
        await set_expired_aside(context.database)
        return False

    return [Loop("stock.expired", expired, idle_s=_EXPIRED_S)]
