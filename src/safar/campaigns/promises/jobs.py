"""What the worker does for promises: settles those that are due, and reads what keeps or breaks them."""

from safar.campaigns.promises import keeping
from safar.journal.subscribe import Subscriber
from safar.kernel.context import Context
from safar.kernel.loops import Loop


def loops(context: Context) -> list[Loop]:
    async def settle() -> bool:
        return await keeping.settle_due(context)

    return [Loop("campaigns.promises_due", settle, idle_s=1.0)]


def subscribers(_context: Context) -> list[Subscriber]:
    return [keeping.promises_reader()]
