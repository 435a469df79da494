"""Polls a second of those who wait, on one front process; its memory with a thousand, a million of them."""

import asyncio
import itertools
import random
import statistics
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from safar.app import when_answering
from safar.bench.flood import FloodOutcome, flood, get_request, one_by_one
from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.customers.visitor import COOKIE, new_visitor, signed
from safar.gate.tickets.model import SHOP, Ticket
from safar.gate.tickets.seal import Seal, client_tag
from safar.kernel import clock
from safar.kernel.context import Context, make_context
from safar.kernel.database import execute
from safar.kernel.ports import reserve_port
from safar.kernel.queries import queries_beside
from safar.serve import Supervisor
from safar.settings import Settings

_SQL = queries_beside(__file__, "gate.sql")
_CLIENTS = 64
_ROUNDS = 3
_POLLS_A_SECOND = 10_000
_TICKETS = 5_000  # different browsers that ask in turn
_FEW, _MANY = 1_000, 1_000_000
_LANGUAGES = ("en", "fa", "hi", "pt-BR")
_TARGETS = {"polls_per_s": 8000}


async def measure(seconds: float) -> dict[str, Any]:
    """Return polls/s at 64 clients, the same of a server that does nothing, and megabytes of the front."""
    with workplace() as folder:
        async with _running(bench_settings(Path(folder))) as (context, pid), _empty() as empty_port:
            port = context.settings.front_port
            count = int(_POLLS_A_SECOND * seconds)
            await _waiting(context, port, pid, 1, count)  # to warm up
            few, memory_few = await _waiting(context, port, pid, _FEW, count)
            polls, limits = [], []
            many, memory_many = await _waiting(context, port, pid, _MANY, count)
            for _round in range(_ROUNDS):
                polls.append(await _polls(context, port, _MANY, count))
                limits.append(await _round_of(empty_port, itertools.repeat(get_request("/")), count))
            rate, limit = (statistics.median(r.per_s for r in rounds) for rounds in (polls, limits))
            return {
                "bench": "gate",
                "clients": _CLIENTS,
                "polls_per_s": round(rate),
                "p50_ms": statistics.median(r.wait_ms(0.5) for r in polls),
                "p99_ms": statistics.median(r.wait_ms(0.99) for r in polls),
                "statuses": sorted({status for r in (few, many, *polls) for status in r.statuses}),
                "bare_per_s": round(limit),
                "ratio_to_bare": round(rate / limit, 3),
                "megabytes_with_1000": memory_few,
                "megabytes_with_1000000": memory_many,
                "targets": _TARGETS,
            }


@asynccontextmanager
async def _running(settings: Settings) -> AsyncIterator[tuple[Context, int]]:
    """Run everything as `safar serve` does; yield the front's process id with the context."""
    supervisor = Supervisor(settings)
    await supervisor.start("owner@bench.example")
    context = make_context(settings, supervisor.url)
    await context.database.open()
    try:
        yield context, next(supervisor.pids("front"))
    finally:
        await context.database.close()
        await supervisor.stop()


@asynccontextmanager
async def _empty() -> AsyncIterator[int]:
    port = reserve_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "safar.bench.empty", str(port))
    try:
        await when_answering("127.0.0.1", port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _waiting(
    context: Context, port: int, pid: int, count: int, polls: int
) -> tuple[FloodOutcome, float]:
    """Let so many wait, poll for a while, and return that round with the front's memory after it."""
    async with context.database.transaction() as connection:
        await execute(connection, _SQL["fill_queue"], {"key": SHOP, "count": count})
    await asyncio.sleep(1)  # the front reads the new figures
    outcome = await _polls(context, port, count, polls)
    return outcome, round(_resident_megabytes(pid), 1)


async def _polls(context: Context, port: int, waiting: int, count: int) -> FloodOutcome:
    return await _round_of(port, itertools.cycle(_requests(context, waiting)), count)


async def _round_of(port: int, requests: Iterator[bytes], count: int) -> FloodOutcome:
    outcome = FloodOutcome()
    shared = itertools.islice(requests, count)
    return await flood(port, [one_by_one(shared, outcome) for _client in range(_CLIENTS)], outcome)


def _requests(context: Context, waiting: int) -> list[bytes]:
    """Return polls of browsers that wait somewhere among `waiting`, each with its own signed cookies."""
    seal = Seal(context.vault, SHOP)
    requests = []
    for index in range(_TICKETS):
        visitor = new_visitor()
        number = random.randint(1, waiting)
        ticket = Ticket(visitor.visitor_id, number, number, clock.now(), client_tag(visitor.visitor_id))
        cookies = f"{COOKIE}={signed(context.vault, visitor)}; ticket={seal.ticket_text(ticket)}"
        language = _LANGUAGES[index % len(_LANGUAGES)]
        headers = f"Accept: application/json\r\nAccept-Language: {language}\r\nCookie: {cookies}\r\n"
        requests.append(get_request("/wait/poll?next=%2F", headers))
    return requests


def _resident_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
