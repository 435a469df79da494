"""Jobs exist if and only if the transaction that decided on them commits; loops outlive their errors."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from starlette.requests import Request

from safar.kernel import clock, loops
from safar.kernel.context import Context, make_context
from safar.kernel.database import Database, value
from safar.kernel.errors import SignInNeeded
from safar.kernel.jobs import defer, job, jobs_app
from safar.kernel.loops import repeat
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.requests import client_address
from safar.settings import Settings

_done: list[tuple[int, bool]] = []


@job(name="test.note")
async def note(context: Context, number: int) -> None:
    async with context.database.connection() as connection:
        _done.append((number, await value(connection, "SELECT true")))


async def _waiting(database: Database) -> int:
    async with database.connection() as connection:
        return int(await value(connection, "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"))


async def test_a_job_exists_if_and_only_if_its_transaction_commits_and_runs_with_the_context(
    context: Context,
) -> None:
    _done.clear()
    app = jobs_app(context)

    async def decided_and_regretted() -> None:
        async with context.database.transaction() as connection:
            await defer(connection, note, number=1)
            raise RuntimeError

    async with app.open_async():
        with pytest.raises(RuntimeError):
            await decided_and_regretted()
        assert await _waiting(context.database) == 0
        async with context.database.transaction() as connection:
            await defer(connection, note, number=2)
            await defer(connection, note, at=clock.now() + timedelta(days=1), number=3)
        await app.run_worker_async(wait=False, install_signal_handlers=False)
        assert _done == [(2, True)]
        assert await _waiting(context.database) == 1, "the one for tomorrow waits"


async def test_a_job_wanted_once_is_added_once_and_the_rest_of_the_transaction_stands(
    context: Context,
) -> None:
    async with jobs_app(context).open_async():
        async with context.database.transaction() as connection:
            for _time in range(3):
                await defer(connection, note, once="only-one", number=1)
            await defer(connection, note, number=2)
        assert await _waiting(context.database) == 2


async def test_a_loop_runs_on_after_errors_and_at_once_while_there_is_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "_PAUSE_AFTER_ERROR_S", 0.001)
    steps: list[str] = []
    ended = asyncio.Event()

    async def step() -> bool:
        steps.append("step")
        if len(steps) in (2, 3):
            raise ValueError("once in a while")
        if len(steps) == 8:
            ended.set()
            await asyncio.Event().wait()
        return True

    running = asyncio.create_task(repeat("test", step, idle_s=3600))
    async with asyncio.timeout(30):
        await ended.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(steps) == 8


def _request(context: Context, headers: dict[str, str], staff: object = None) -> Request:
    class App:
        class state:
            pass

    App.state.context = context  # type: ignore[attr-defined]
    raw = [(name.encode(), text.encode()) for name, text in headers.items()]
    return Request(
        {
            "type": "http",
            "app": App,
            "headers": raw,
            "client": ("10.0.0.9", 1),
            "state": {"staff": staff},
        }
    )


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (0, "1.1.1.1", "10.0.0.9"),  # nobody is believed
        (1, "1.1.1.1, 2.2.2.2", "2.2.2.2"),  # what the one proxy saw, not what the caller wrote
        (2, "9.9.9.9, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "2.2.2.2", "10.0.0.9"),
        (1, "", "10.0.0.9"),
    ],
)
def test_a_callers_address_is_believed_as_far_as_proxies_are_trusted(
    trusted: int, forwarded: str, address: str
) -> None:
    settings = Settings(proxies_trusted=trusted, secret_key="only-for-tests")  # type: ignore[arg-type]
    context = make_context(settings, "postgresql://nowhere")
    assert client_address(_request(context, {"x-forwarded-for": forwarded})) == address


@pytest.mark.parametrize(
    ("role", "may"),
    [("agent", {"agent"}), ("manager", {"agent", "manager"}), ("owner", {"agent", "manager", "owner"})],
)
def test_a_role_may_do_what_lower_ones_may(context: Context, role: str, may: set[str]) -> None:
    actor = Actor(UUID(int=1), "a@b.co", "A", role)
    assert {needed for needed in ("agent", "manager", "owner") if actor.may(needed)} == may
    assert actor_of(_request(context, {}, actor)) is actor
    with pytest.raises(SignInNeeded):
        actor_of(_request(context, {}))
