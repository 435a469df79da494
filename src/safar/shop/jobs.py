"""What the shop does in the background: payments that nobody waits for any more are settled."""

from safar.kernel.context import Context
from safar.kernel.loops import Loop
from safar.shop.pay import settle_open

_IDLE_S = 2.0


def loops(context: Context) -> list[Loop]:
    async def settle() -> bool:
        return await settle_open(context)

    return [Loop("shop.settle", settle, idle_s=_IDLE_S)]
