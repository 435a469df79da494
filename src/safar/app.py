"""The processes of Safar, put together from the rooms: front, console and worker."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette

from safar import settings as configuration
from safar.console.build import build_console
from safar.front.build import build_front
from safar.journal.subscribe import Subscriber
from safar.kernel.context import Context, make_context
from safar.kernel.heartbeat import keep_beating
from safar.kernel.jobs import jobs_app, rescue_stalled
from safar.kernel.log import log, set_up_logging
from safar.kernel.loops import Loop, repeat
from safar.kernel.memory import settle_memory
from safar.kernel.schema import check_schema
from safar.kernel.web.server import http_server, run_until
from safar.owner.reading import shop_of
from safar.watch.beats import BEAT_S, note_beats
from safar.work import loops, subscribers

_SUBSCRIBER_IDLE_S = 0.1
_JOBS_AGAIN_S = 1.0
_STALLED_S = 30.0
_READY = "SAFAR_READY_FD"

Role = Callable[[Context, asyncio.Event, Callable[[], Awaitable[None]]], Awaitable[None]]


async def run_role(role: str, url: str) -> None:
    """Run one process of Safar until it is told to stop (SIGTERM, SIGINT)."""
    settings = configuration.settings_of_environment()
    set_up_logging(settings.log_level, role)
    context = make_context(settings, url)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    beating = asyncio.create_task(keep_beating(context.pulse))
    await asyncio.sleep(0)  # the first beat comes before anything that could hang
    check_schema(url)
    await context.database.open()
    await shop_of(context)  # in whose country's way and zone this process writes days and amounts
    noting = asyncio.create_task(repeat("beats", _note(context, role), idle_s=BEAT_S))
    try:
        await _ROLES[role](context, stop, tell_ready)
        await context.batchers.drained()
    finally:
        noting.cancel()
        beating.cancel()
        await context.database.close()


def _note(context: Context, role: str) -> Callable[[], Awaitable[bool]]:
    """Return the step that notes that this process lives, and reads what the shop's owner has decided."""
    beats = note_beats(context, role)

    async def step() -> bool:
        await shop_of(context)
        return await beats()

    return step


async def tell_ready() -> None:
    """Tell the process that started this one that it can be used."""
    settle_memory()
    descriptor = os.environ.get(_READY)
    if descriptor is not None:
        with contextlib.suppress(OSError):  # whoever asked is not waiting any more
            os.write(int(descriptor), b"1")
            os.close(int(descriptor))


async def _front(context: Context, stop: asyncio.Event, ready: Callable[[], Awaitable[None]]) -> None:
    settings = context.settings
    await _serve(build_front(context), settings.front_host, settings.front_port, stop, ready)


async def _console(context: Context, stop: asyncio.Event, ready: Callable[[], Awaitable[None]]) -> None:
    settings = context.settings
    await _serve(build_console(context), settings.console_host, settings.console_port, stop, ready)


async def _serve(
    app: Starlette, host: str, port: int, stop: asyncio.Event, ready: Callable[[], Awaitable[None]]
) -> None:
    async def answering() -> None:
        await when_answering(host, port)
        await ready()

    await run_until(http_server(app, host, port), stop, ready=answering)


async def when_answering(host: str, port: int) -> None:
    """Return once something listens there. Raises TimeoutError after 15 seconds."""
    async with asyncio.timeout(15):
        while not await _answers(host, port):
            await asyncio.sleep(0.02)


async def _answers(host: str, port: int) -> bool:
    try:
        _reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _worker(context: Context, stop: asyncio.Event, ready: Callable[[], Awaitable[None]]) -> None:
    jobs = jobs_app(context)

    async def work_jobs() -> bool:
        """Run jobs until the database goes away; then the loop begins again."""
        # Looked for, not listened for: the library's channels are named alike for every shop of a database.
        await jobs.run_worker_async(
            install_signal_handlers=False,
            delete_jobs="successful",
            listen_notify=False,
            fetch_job_polling_interval=_JOBS_AGAIN_S,
        )
        return False

    async def rescue() -> bool:
        return await rescue_stalled(jobs)

    async with jobs.open_async():
        tasks = [
            asyncio.create_task(
                repeat(
                    loop.name, loop.step, idle_s=loop.idle_s, step_s_max=loop.step_s_max, pulse=context.pulse
                )
            )
            for loop in (
                *loops(context),
                *(_following(context, reader) for reader in subscribers(context)),
                Loop("jobs", work_jobs, _JOBS_AGAIN_S, step_s_max=None),
                Loop("jobs.stalled", rescue, _STALLED_S),
            )
        ]
        await ready()
        await _first_end([asyncio.create_task(stop.wait()), *tasks])
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=5)


def _following(context: Context, subscriber: Subscriber) -> Loop:
    async def step() -> bool:
        return await subscriber.step(context.database)

    return Loop(subscriber.name, step, _SUBSCRIBER_IDLE_S)


async def _first_end(tasks: Sequence["asyncio.Task[object]"]) -> None:
    """Wait for the first task to end; an error in it ends the process, to be started afresh."""
    done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if task.exception() is not None:
            log.error("worker.task_failed", exc_info=task.exception())
            task.result()


_ROLES: dict[str, Role] = {"front": _front, "console": _console, "worker": _worker}
