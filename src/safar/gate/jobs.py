"""The gate's work in the background: calling numbers in, letting go who left, forgetting old visits."""

from collections.abc import Sequence

from safar.gate.line.calling import call_next, forget_visits
from safar.gate.line.visits import free_left_places
from safar.gate.site.load import forget_loads
from safar.gate.site.sites import sites
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.loops import Loop
from safar.kernel.setbacks import work_off

_STEP_S = 0.25
_LET_GO_S = 1.0
_FORGET_S = 3600.0


async def _step_one(connection: Connection, keys: Sequence[str]) -> None:
    for key in keys:
        await call_next(connection, key)


def loops(context: Context) -> list[Loop]:
    async def step_all() -> bool:
        async with context.database.connection() as connection:
            keys = [site.key for site in await sites(connection)]
        await work_off(context.database, "gate.step", keys, _step_one, together=False)
        return False

    async def leavers() -> bool:
        return await free_left_places(context.database)

    async def forget() -> bool:
        async with context.database.transaction() as connection:
            await forget_loads(connection)
            return await forget_visits(connection)

    return [
        Loop("gate.step", step_all, _STEP_S),
        Loop("gate.leavers", leavers, _LET_GO_S),
        Loop("gate.forget", forget, _FORGET_S),
    ]
