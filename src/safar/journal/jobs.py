"""The journal's work in the background: keeping the line, making months ahead."""

import asyncio

from safar.journal.line import LineKeeper
from safar.journal.partitions import make_ahead
from safar.kernel.context import Context
from safar.kernel.loops import Loop

_MONTHS_S = 6 * 3600.0


def loops(context: Context) -> list[Loop]:
    """Return the line keeper, which sets its own pace, and the maker of partitions."""
    keeper = LineKeeper(context.database)

    async def keep() -> bool:
        more = await keeper.step()
        await asyncio.sleep(keeper.period_s)
        return more

    return [
        Loop("journal.line", keep, 0),
        Loop("journal.partitions", lambda: make_ahead(context.database), _MONTHS_S),
    ]
