"""The ledger's work in the background: ending holds whose time has passed."""

from safar.capacity.actions import EXPIRE_MAX, expire_due
from safar.kernel.context import Context
from safar.kernel.loops import Loop

_SWEEP_S = 0.5


def loops(context: Context) -> list[Loop]:
    async def sweep() -> bool:
        async with context.database.transaction() as connection:
            return await expire_due(connection) >= EXPIRE_MAX

    return [Loop("capacity.expire", sweep, _SWEEP_S)]
