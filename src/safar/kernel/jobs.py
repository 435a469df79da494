"""Jobs: procrastinate on the same PostgreSQL; a job is enqueued in the transaction that decided on it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status
from procrastinate.tasks import Task

from safar.kernel.context import Context
from safar.kernel.database import Connection, transaction
from safar.kernel.log import log

Job = Callable[..., Awaitable[None]]
_TRIES_MAX = 8

# The connector is set when a process opens the app; tasks are declared before that, at import.
_blueprint = procrastinate.Blueprint()
_context: Context | None = None


def job(*, name: str) -> Callable[[Job], Task[Any, Any, Any]]:
    """Declare an async function `f(context, **arguments)` as a job; it is retried with growing pauses.

    A job whose worker dies is begun again by another: it may have happened in part, or run twice.
    """

    def declare(function: Job) -> Task[Any, Any, Any]:
        async def run(**arguments: Any) -> None:
            if _context is None:
                raise RuntimeError("the worker has not been given its context")
            await function(_context, **arguments)

        run.__name__ = function.__name__
        retry = procrastinate.RetryStrategy(max_attempts=_TRIES_MAX, exponential_wait=2)
        return _blueprint.task(name=name, retry=retry)(run)

    return declare


def jobs_app(context: Context) -> procrastinate.App:
    """Return the procrastinate app of this process; jobs run by its worker receive `context`."""
    global _context  # noqa: PLW0603 - one worker a process
    _context = context
    connector = procrastinate.PsycopgConnector(conninfo=context.database.url, min_size=1, max_size=4)
    app = procrastinate.App(connector=connector)
    for name, task in _blueprint.tasks.items():  # its own `add_tasks_from` makes the names longer each time
        app.tasks[name] = task
        task.blueprint = app
    return app


async def rescue_stalled(app: procrastinate.App, *, silent_s: float = 30.0) -> bool:
    """Give jobs of workers that have been silent for so long to others; False: look again later.

    One that has ended its worker eight times is given up as failed.
    """
    for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_s):
        log.warning("jobs.stalled", job=stalled.task_name, id=stalled.id, attempts=stalled.attempts)
        if stalled.attempts + 1 < _TRIES_MAX:
            await app.job_manager.retry_job(stalled)
        else:
            await app.job_manager.finish_job(stalled, status=Status.FAILED, delete_job=False)
    return False


async def defer(
    connection: Connection,
    task: Task[Any, Any, Any],
    *,
    at: datetime | None = None,
    once: str | None = None,
    **arguments: Any,
) -> None:
    """Enqueue `task` on the caller's connection: it runs if and only if the transaction commits.

    `at`: not before this time. `once`: a second job with this key is not added while one is waiting.
    """
    configured = task.configure(connection=connection, schedule_at=at, queueing_lock=once)
    if once is None:
        await configured.defer_async(**arguments)
        return
    try:
        async with transaction(connection):
            await configured.defer_async(**arguments)
    except AlreadyEnqueued:
        return
