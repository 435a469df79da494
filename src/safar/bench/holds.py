"""How many durable holds a second one hot account takes: combined, one by one, and at the bare limit."""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from safar.bench.server import bench_context
from safar.capacity.actions import QUERIES, OnHandChange, change_many, hold_many, open_account
from safar.capacity.model import Held, HoldRequest, HoldState
from safar.journal.actions import LINE_CLASS
from safar.journal.actions import QUERIES as JOURNAL
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import as_array, as_json, in_one_trip, send, tuples
from safar.kernel.ids import new_id

_ROUNDS = 3
_CALLERS = (1, 32, 256, 1024)
_BARE_BATCHES = (256, 512, 1024, 2048, 4096)
_ONE_BY_ONE_CALLERS = 32
_SUPPLY = 10**12


async def measure(seconds: float) -> dict[str, Any]:
    """Return holds/s by number of callers, beside one transaction a hold and the bare batch SQL.

    Each figure is the median of three rounds of `seconds`; the kinds take turns, so that a slow moment of
    the machine falls on all of them.
    """
    async with bench_context(pool_max=_ONE_BY_ONE_CALLERS) as context:
        async with context.database.transaction() as connection:
            account = await open_account(connection, "units", "hot")
            await change_many(connection, [OnHandChange(account, _SUPPLY)])
        kinds: dict[str, Callable[[], Awaitable[float]]] = {
            "one_by_one": lambda: _one_by_one(context, account, seconds),
            **{f"callers_{n}": _combined(context, account, n, seconds) for n in _CALLERS},
            **{f"bare_{n}": _bare(context, account, n, seconds) for n in _BARE_BATCHES},
        }
        rounds: dict[str, list[float]] = {name: [] for name in kinds}
        for _round in range(_ROUNDS):
            for name, kind in kinds.items():
                rounds[name].append(await kind())
        flush_ms = statistics.median(_flush_s(context.settings.data_dir) for _flush in range(50)) * 1000
    return _figures({name: statistics.median(values) for name, values in rounds.items()}, flush_ms)


def _flush_s(folder: Path) -> float:
    """Return the seconds the disk takes to make 8 KiB durable: what every commit costs at least."""
    with (folder / "flush").open("ab", buffering=0) as file:
        file.write(b"x" * 8192)
        start = time.perf_counter()
        os.fdatasync(file.fileno())
        return time.perf_counter() - start


def _figures(rates: dict[str, float], flush_ms: float) -> dict[str, Any]:
    best = max(_BARE_BATCHES, key=lambda size: rates[f"bare_{size}"])
    limit = rates[f"bare_{best}"]
    return {
        "bench": "holds",
        "holds_per_s": {str(n): round(rates[f"callers_{n}"]) for n in _CALLERS},
        "one_transaction_a_hold_per_s": round(rates["one_by_one"]),
        "limit_per_s": round(limit),
        "limit_batch": best,
        "disk_flush_ms": round(flush_ms, 3),
        "ratio_to_limit_at_256": round(rates["callers_256"] / limit, 3),
        "ratio_to_one_by_one_at_32": round(rates["callers_32"] / rates["one_by_one"], 1),
        "targets": {"ratio_to_limit_at_256": 0.6, "ratio_to_one_by_one_at_32": 20},
    }


def _request(account: int) -> HoldRequest:
    return HoldRequest(
        hold_id=new_id(), lines={account: 1}, expires_at=clock.now() + timedelta(hours=1), purpose="bench"
    )


async def _rate_of(callers: int, seconds: float, hold: Callable[[], Awaitable[Any]]) -> float:
    """Return the calls finished a second by `callers` that each call again as soon as they are answered."""
    done = 0
    end = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal done
        while True:
            outcome = await hold()
            if not isinstance(outcome, Held):
                raise RuntimeError(f"a hold was not granted: {outcome}")
            done += 1
            if time.perf_counter() >= end:
                return

    begin = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return done / (time.perf_counter() - begin)


def _combined(context: Context, account: int, callers: int, seconds: float) -> Callable[[], Awaitable[float]]:
    submit = context.batchers.of(hold_many).submit
    return lambda: _rate_of(callers, seconds, lambda: submit(_request(account)))


async def _one_by_one(context: Context, account: int, seconds: float) -> float:
    async def hold() -> object:
        async with context.database.transaction() as connection:
            return (await hold_many(connection, [_request(account)]))[0]

    return await _rate_of(_ONE_BY_ONE_CALLERS, seconds, hold)


def _bare(context: Context, account: int, size: int, seconds: float) -> Callable[[], Awaitable[float]]:
    return lambda: _bare_rate(context, account, size, seconds)


async def _bare_rate(context: Context, account: int, size: int, seconds: float) -> float:
    """Run the statements of `hold_many` alone in a loop: no callers, no decision, no outcomes."""
    done = 0
    busy = 0.0
    begin = time.perf_counter()
    while not done or time.perf_counter() - begin < seconds:
        batch = _prepared(account, size)  # made outside the measured time
        start = time.perf_counter()
        async with context.database.transaction() as connection:
            await in_one_trip(
                connection,
                tuples(connection, QUERIES["lock_accounts"], {"ids": [account]}),
                tuples(connection, QUERIES["holds"], {"ids": batch["ids"]}),
            )
            send(connection, QUERIES["insert_holds"], batch["holds"])
            send(connection, QUERIES["change_accounts"], batch["changes"])
            send(connection, JOURNAL["append"], batch["events"])
        busy += time.perf_counter() - start
        done += size
    return done / busy


def _prepared(account: int, size: int) -> dict[str, Any]:
    now = clock.now()
    ids = [new_id() for _ in range(size)]
    hold = {"account_ids": [account], "quantities": [1], "purpose": "bench", "expires_at": now}
    event = {"at": now, "name": "hold.placed"}
    properties = {"purpose": "bench", "lines": [[account, 1]]}
    return {
        "ids": as_array(ids),
        "holds": {
            "now": now,
            "state": HoldState.LIVE.value,
            "ended_at": None,
            "holds": as_json([{"id": one, **hold} for one in ids]),
        },
        "changes": {"ids": [account], "changes": as_json([{"id": account, "on_hand": 0, "held": size}])},
        "events": {
            "classid": LINE_CLASS,
            "events": as_json([{"subject_id": one, "properties": properties, **event} for one in ids]),
        },
    }
