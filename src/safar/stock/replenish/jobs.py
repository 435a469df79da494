"""What the worker does for replenishment: a look at what moved, all forecasts at night or when asked."""

import asyncio
import contextlib
import os
import sys
from datetime import date, datetime
from uuid import UUID

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection
from safar.kernel.ids import derived_id
from safar.kernel.jobs import defer, job
from safar.kernel.loops import Loop
from safar.stock.replenish.actions import begin_run, end_run, latest_run, open_run
from safar.stock.replenish.book import count_demand
from safar.stock.replenish.decide import night_due
from safar.stock.replenish.errors import ForecastFailed
from safar.stock.replenish.review import review_all, review_recent, terms_of

_REVIEW_S = 20.0
_NIGHT_S = 60.0
_FORECAST_S_MAX = 3600.0


def loops(context: Context) -> list[Loop]:
    """Return the loops of replenishment."""

    async def review() -> bool:
        await review_recent(context.database, terms_of(context.settings))
        return False

    async def nightly() -> bool:
        await ask_at_night(context)
        return False

    return [
        Loop("replenish.review", review, idle_s=_REVIEW_S),
        Loop("replenish.nightly", nightly, idle_s=_NIGHT_S),
    ]


async def ask_at_night(context: Context) -> None:
    """Ask for a calculation once a night: several workers ask for the same one."""
    settings = context.settings
    async with context.database.transaction() as connection:
        latest = await latest_run(connection)
        night = night_due(
            latest.asked_at if latest else None,
            clock.now(),
            hour=settings.replenish_hour,
            zone=settings.timezone,
        )
        if night is not None:
            await ask_for_run(connection, derived_id("forecast", night.isoformat()), staff_id=None)


async def ask_for_run(connection: Connection, run_id: UUID, *, staff_id: UUID | None) -> bool:
    """Have all forecasts calculated as soon as a worker is free; False while that is under way already."""
    opened = await open_run(connection, run_id, staff_id=staff_id)
    if opened:
        await defer(connection, forecast_all, run_id=str(run_id))
    return opened


@job(name="stock.forecast_all")
async def forecast_all(context: Context, *, run_id: str) -> None:
    await calculate(context, UUID(run_id))


async def calculate(context: Context, run_id: UUID) -> None:
    """Count the demand, make the forecasts in a process of their own, then look at what is low."""
    database = context.database
    async with database.transaction() as connection:
        await begin_run(connection, run_id)
    try:
        await count_demand(database)
        series = await _forecasts(database.url, clock.now(), clock.today(context.settings.timezone))
        low = await review_all(database, terms_of(context.settings))
    except ForecastFailed as failed:
        async with database.transaction() as connection:
            await end_run(connection, run_id, error=str(failed))
        return
    async with database.transaction() as connection:
        await end_run(connection, run_id, series=series, low=low)


async def _forecasts(url: str, now: datetime, today: date) -> int:
    """Run the process that makes the forecasts; return how many. Raises ForecastFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "safar.stock.replenish.work",
        now.isoformat(),
        today.isoformat(),
        env={**os.environ, "SAFAR_DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_FORECAST_S_MAX):
            output, _nothing = await process.communicate()
    except TimeoutError:
        raise ForecastFailed from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    if process.returncode != 0 or not output.strip().isdigit():
        raise ForecastFailed
    return int(output)
