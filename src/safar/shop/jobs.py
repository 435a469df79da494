"""What the shop does in the background: payments that nobody waits for are settled, refunds carried out."""

from safar.kernel.context import Context
from safar.kernel.loops import Loop
from safar.payments.refunds import carry_out_due
from safar.payments.settle import settle_open
from safar.returns import jobs as returns
from safar.storefront import jobs as storefront

_IDLE_S = 2.0


def loops(context: Context) -> list[Loop]:
    async def settle() -> bool:
        return await settle_open(context)

    async def refund() -> bool:
        return await carry_out_due(context)

    return [
        Loop("shop.settle", settle, idle_s=_IDLE_S),
        Loop("shop.refunds", refund, idle_s=_IDLE_S),
        *returns.loops(context),
        *storefront.loops(context),
    ]
