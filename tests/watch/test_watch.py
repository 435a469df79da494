"""What stands still or waits too long is found, in plain words, from one reading a second."""

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from safar.capacity.actions import OnHandChange, change_many, hold_many, open_account
from safar.capacity.model import HoldRequest
from safar.channels.actions import ensure_channels
from safar.channels.model import EMAIL
from safar.console.build import build_console
from safar.console.running import said
from safar.front.build import build_front
from safar.journal.actions import append_many
from safar.journal.line import LineKeeper
from safar.journal.model import Event
from safar.journal.subscribe import Subscriber, register
from safar.kernel import clock, setbacks
from safar.kernel.context import Context
from safar.kernel.database import Connection, execute
from safar.kernel.ids import new_id
from safar.watch import decide, reading
from safar.watch.beats import note_beats
from safar.watch.decide import wrong
from safar.watch.model import Finding, Lapsed, ReaderBehind, Readings, ShopStanding, TroubleKind
from safar.watch.reading import Watch, shop_standing
from safar.work import loops
from tests.stage.filled import insert
from tests.stage.people import signed_in
from tests.stage.serving import Serve

pytestmark = pytest.mark.finding("security-19")
NOW = datetime(2031, 5, 1, 12, tzinfo=UTC)
QUIET = ShopStanding(Readings(1.0, None, None, None, 0, 0), (), ())


async def _found(context: Context) -> list[TroubleKind]:
    async with context.database.connection() as connection:
        return [finding.kind for finding in wrong(await shop_standing(connection))]


async def test_a_shop_whose_worker_lives_has_nothing_wrong_and_one_without_says_so(context: Context) -> None:
    assert await _found(context) == [TroubleKind.WORKER_SILENT]
    await note_beats(context, "worker")()
    assert await _found(context) == []
    async with context.database.connection() as connection:
        await execute(connection, "UPDATE process_beats SET beat_at = now() - interval '25 seconds'")
    assert await _found(context) == [TroubleKind.WORKER_SILENT]
    await note_beats(context, "front")()
    assert await _found(context) == [TroubleKind.WORKER_SILENT], "another process is no worker"


async def test_what_stands_and_waits_is_found_by_how_long(context: Context) -> None:
    await note_beats(context, "worker")()

    async def take(_connection: Any, _events: Any) -> None: ...

    with clock.held(NOW) as held:
        async with context.database.transaction() as connection:
            await register(connection, Subscriber("tester", (), take))
            await ensure_channels(connection)
            await append_many(connection, [Event(name="test.happened")])
            account = await open_account(connection, "units", "v:l")
            await change_many(connection, [OnHandChange(account, 1)])
            hold = HoldRequest(
                hold_id=new_id(), lines={account: 1}, expires_at=NOW + timedelta(seconds=1), purpose="order"
            )
            await hold_many(connection, [hold])
            customer = await insert(connection, "customers", language="en")
            await insert(
                connection,
                "messages",
                channel_id=EMAIL,
                direction="out",
                author="bot",
                state="queued",
                customer_id=customer,
                next_try_at=NOW,
                at=NOW,
            )
        assert await _found(context) == []
        held.advance(seconds=decide.LINE_STANDS_S + 1)
        assert await _found(context) == [TroubleKind.LINE_STANDS]
        await LineKeeper(context.database).step()
        assert await _found(context) == []
        held.advance(seconds=decide.OUTBOX_OLDEST_S)
        assert await _found(context) == [
            TroubleKind.HOLDS_OVERDUE,
            TroubleKind.OUTBOX_OLDEST,
            TroubleKind.READER_BEHIND,
        ]


async def test_loops_that_lapse_items_set_aside_and_jobs_given_up_are_found(context: Context) -> None:
    beat = note_beats(context, "worker")
    context.pulse.of("gate.step").errors = 4
    context.pulse.of("gate.step").error = "LookupError"
    await beat()
    for _try in range(3):
        await setbacks.note(context.database, "test", 1, ValueError())
    async with context.database.connection() as connection:
        await execute(
            connection,
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
            " VALUES ('default', 't', 'failed')",
        )
        found = wrong(await shop_standing(connection))
    assert found == [
        Finding(TroubleKind.LOOP_LAPSED, count=4, about="worker: gate.step", error="LookupError"),
        Finding(TroubleKind.SETBACKS, count=1),
        Finding(TroubleKind.FAILED_JOBS, count=1),
    ]


@pytest.mark.parametrize(
    ("standing_then", "kind"),
    [
        (replace(QUIET, readings=replace(QUIET.readings, worker_silent_s=20.1)), TroubleKind.WORKER_SILENT),
        (replace(QUIET, readings=replace(QUIET.readings, worker_silent_s=None)), TroubleKind.WORKER_SILENT),
        (replace(QUIET, readings=replace(QUIET.readings, line_stands_s=30.1)), TroubleKind.LINE_STANDS),
        (replace(QUIET, readings=replace(QUIET.readings, holds_overdue_s=60.1)), TroubleKind.HOLDS_OVERDUE),
        (replace(QUIET, readings=replace(QUIET.readings, outbox_oldest_s=120.1)), TroubleKind.OUTBOX_OLDEST),
        (replace(QUIET, readings=replace(QUIET.readings, setbacks=2)), TroubleKind.SETBACKS),
        (replace(QUIET, readings=replace(QUIET.readings, failed_jobs=2)), TroubleKind.FAILED_JOBS),
        (replace(QUIET, readers=[ReaderBehind("inbox", 60.1)]), TroubleKind.READER_BEHIND),
        (replace(QUIET, lapsed=[Lapsed("worker", "outbox", 3, "OSError")]), TroubleKind.LOOP_LAPSED),
    ],
)
def test_each_threshold_finds_its_kind_and_has_a_sentence(
    standing_then: ShopStanding, kind: TroubleKind
) -> None:
    assert wrong(QUIET) == []
    (finding,) = wrong(standing_then)
    assert finding.kind is kind
    assert said(finding)


@pytest.mark.parametrize("kind", list(TroubleKind))
async def test_a_monitor_is_told_by_status_what_stands_and_a_balancer_only_whether_it_answers(
    context: Context, serve: Serve, kind: TroubleKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "wrong", lambda _standing: [Finding(kind, 90.0)])
    app = build_front(context)
    front = await serve(app)
    await app.state.watch.refresh()
    can_wait = kind in (TroubleKind.SETBACKS, TroubleKind.FAILED_JOBS)
    async with httpx.AsyncClient(base_url=front) as client:
        assert (await client.get("/health/shop")).status_code == (200 if can_wait else 503)
        for path in ("/health", "/ready"):
            assert (await client.get(path)).status_code == 200, path


@pytest.mark.finding("security-24")
def test_the_operations_guide_says_of_every_loop_what_it_does_with_an_item_that_fails(
    context: Context,
) -> None:
    guide = (Path(__file__).parent.parent.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    table = guide.split("| loop | what when one item fails", 1)[1].split("\n\n", 1)[0]
    named = set(re.findall(r"`([\w.]+)`", table))
    assert {loop.name for loop in loops(context)} - named == set()


@pytest.mark.finding("security-11")
async def test_ready_is_answered_from_memory_and_says_what_is_wrong(context: Context, serve: Serve) -> None:
    app = build_front(context)
    front = await serve(app)
    watch: Watch = app.state.watch
    await note_beats(context, "worker")()
    await watch.refresh()
    async with httpx.AsyncClient(base_url=front) as client:
        assert (await client.get("/ready")).text == "ready"
        assert (await client.get("/health/shop")).text == "ok"
        async with context.database.connection() as connection:
            await execute(connection, "UPDATE process_beats SET beat_at = now() - interval '1 minute'")
        await watch.refresh()
        answer = await client.get("/ready")
        assert answer.status_code == 200
        assert answer.text.splitlines()[0] == "ready"
        assert answer.text.splitlines()[1].startswith("worker silent: 6")
        shop = await client.get("/health/shop")
        assert (shop.status_code, shop.text.splitlines()[0]) == (503, "something stands still")
        assert shop.text.splitlines()[1].startswith("worker silent: 6")
        async with AsyncExitStack() as taken:
            for _connection in range(context.settings.pool_max):
                await taken.enter_async_context(context.database.connection())
            assert (await client.get("/ready", timeout=4)).status_code == 200, "a flood takes no connection"


async def test_an_older_reading_never_covers_a_newer_one(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, go_on, own = asyncio.Event(), asyncio.Event(), reading.shop_standing

    async def held_once(connection: Connection) -> ShopStanding:
        found = await own(connection)
        if not read.is_set():
            read.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(reading, "shop_standing", held_once)
    watch = Watch(context.database)
    older = asyncio.create_task(watch.refresh())
    await read.wait()
    await note_beats(context, "worker")()
    newer = asyncio.create_task(watch.refresh())
    await asyncio.wait({newer}, timeout=0.2)  # it would be over, if it did not wait
    go_on.set()
    await asyncio.gather(older, newer)
    assert watch.runs


async def test_today_says_it_and_the_page_lets_managers_act(context: Context, serve: Serve) -> None:
    base = await serve(build_console(context))
    async with context.database.transaction() as connection:
        await append_many(connection, [Event(name="order.placed")])
        await insert(connection, "journal_failures", subscriber="inbox", event_id=1, error="boom")
        await insert(connection, "journal_failures", subscriber="inbox", event_id=999, error="gone")
    await setbacks.note(context.database, "gate.step", "p-1", ValueError())
    async with await signed_in(context, base) as client:
        today = (await client.get("/")).text
        assert "The background worker is not running" in today
        assert "2 events failed" in today
        page = (await client.get("/running")).text
        assert "order.placed" in page
        assert "ValueError" in page
        for path, data in (
            ("/running/failures/inbox/1/retry", {}),
            ("/running/failures/inbox/999/dismiss", {}),
            ("/running/setbacks", {"queue": "gate.step", "item": "p-1"}),
        ):
            assert (await client.post(path, data=data)).status_code == 303
        assert (await client.post("/running/failures/inbox/999/dismiss")).status_code == 404
        assert (await client.post("/running/failures/inbox/1/nonsense")).status_code == 404
        assert (await client.post("/running/setbacks", data={"queue": "x"})).status_code == 404
        page = (await client.get("/running")).text
        assert "retrying" in page
        assert "1 event failed" in (await client.get("/")).text
        audit = (await client.get("/audit")).text
        assert "Dismissed event 999" in audit
        assert "Had event 1 taken again by inbox" in audit
    async with await signed_in(context, base, "agent") as client:
        assert (await client.get("/running")).status_code == 403
        assert (await client.post("/running/failures/inbox/1/retry")).status_code == 403
