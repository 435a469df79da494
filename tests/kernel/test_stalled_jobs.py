"""Jobs of a worker that was killed are begun again, but not for ever."""

from procrastinate import App

from safar.kernel.context import Context
from safar.kernel.database import Database, execute, value
from safar.kernel.jobs import defer, job, jobs_app, rescue_stalled

_runs: list[int] = []


@job(name="test.count")
async def count(_context: Context, number: int) -> None:
    _runs.append(number)


async def _taken_by_a_worker_that_dies(database: Database, app: App) -> None:
    worker_id = await app.job_manager.register_worker()
    assert await app.job_manager.fetch_job(queues=None, worker_id=worker_id) is not None
    async with database.connection() as connection:
        await execute(
            connection, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"
        )


async def _state(database: Database) -> str:
    async with database.connection() as connection:
        return str(await value(connection, "SELECT status FROM procrastinate_jobs"))


async def test_a_job_of_a_worker_that_died_is_done_by_the_next(context: Context) -> None:
    _runs.clear()
    async with jobs_app(context).open_async() as app:
        async with context.database.transaction() as connection:
            await defer(connection, count, number=7)
        await _taken_by_a_worker_that_dies(context.database, app)
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        assert _runs == [], "another worker does not take what is being done"
        await rescue_stalled(app)
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        assert _runs == [7]


async def test_a_job_that_ends_every_worker_is_given_up(context: Context) -> None:
    async with jobs_app(context).open_async() as app:
        async with context.database.transaction() as connection:
            await defer(connection, count, number=7)
        for _death in range(8):
            assert await _state(context.database) == "todo"
            await _taken_by_a_worker_that_dies(context.database, app)
            await rescue_stalled(app)
        assert await _state(context.database) == "failed"
