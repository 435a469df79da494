"""A surge at the front door: three times what the site carries, in the shape of a real one, for a minute.

What it carries is measured first, with a gate that lets everybody in: customers who look at three pages, buy
and leave, more of them every few seconds, until answers take too long; they hardly think, so that each rate
settles at once. The gate then gets as many places as that rate fills with customers who do think (Little's
law), and may adapt them by latency between a quarter and twice as many.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from safar.bench.buying import fill_warehouse, running, stocked
from safar.bench.crowd import PAUSES, THINK_S, Crowd, Second
from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.catalogue.actions import variants_by_id
from safar.gate.line.calling import set_capacity
from safar.gate.site.settings import set_adaptive
from safar.gate.tickets.model import SHOP
from safar.kernel.context import Context
from safar.kernel.ids import new_id

TRAFFIC = Path("../shared/data/web_traffic/nasa_requests_per_minute.parquet")
_BEFORE_S, _AFTER_S = 40, 20
_SURGE_S = 60
_TIMES = 3.0
_CALM = 0.5  # of capacity, before and after
_CONNECTIONS = 1000
_PRODUCTS = 50
_UNITS = 1_000_000
_CAPACITY_S = 8
_RATES = (60, 90, 120, 150, 180, 210, 240, 270, 300, 350, 400, 450, 500, 600, 700, 800, 1000, 1500)
_P95_MS_MOST = 250
_HARDLY_S = 0.5
_ALL = 1_000_000
_WINDOW_S = 5
_SETTLE_S = 3
_TARGETS = {
    "goodput_to_capacity": 0.85, "recovered_after_s": 5, "admitted_and_lost": {}, "console_p95_ms": 150,
}  # fmt: skip


async def measure(_seconds: float, plot: Path | None = None) -> dict[str, Any]:
    """Return goodput before, in and after the surge, beside the capacity measured in the same run."""
    with workplace() as folder:
        async with running(_settings(Path(folder))) as context:
            items = await _shop(context)
            port = context.settings.front_port
            capacity = await _capacity(port, items)
            places = max(round(capacity * PAUSES * THINK_S), 1)
            await _narrow(context, places)
            shape, source = _shape(_SURGE_S)
            total = _BEFORE_S + _SURGE_S + _AFTER_S
            crowd = Crowd(port, _rate(capacity, shape), total, items)
            console: list[float] = []
            stop = asyncio.Event()
            asking = asyncio.create_task(_console(context, stop, console))
            await crowd.run(_CONNECTIONS)
            stop.set()
            await asking
            figures = {"places": places, **_figures(crowd, capacity, console)}
            if plot is not None:
                _draw(crowd.seconds[:-1], capacity, plot)  # the last are those who finish afterwards
            return {"bench": "surge", "shape": source, **figures}


def _settings(folder: Path) -> Any:
    update = {"site_capacity": _ALL, "gate_tickets_per_minute": 0}  # the crowd has one address
    return bench_settings(folder).model_copy(update=update)


async def _shop(context: Context) -> list[tuple[str, str]]:
    """Return (slug, SKU) of the products that the crowd looks at and buys."""
    ids = (await stocked(context))[:_PRODUCTS]
    await fill_warehouse(context, ids, _UNITS)
    async with context.database.transaction() as connection:
        variants = await variants_by_id(connection, ids)
    return [(variants[id_].slug, variants[id_].sku) for id_ in ids]


async def _capacity(port: int, items: list[tuple[str, str]]) -> float:
    """Return how many customers a second buy at most while 19 of 20 answers take 250 ms or less."""
    best = 0.0
    for rate in _RATES:
        crowd = Crowd(port, _steady(rate), _CAPACITY_S, items, think_s=_HARDLY_S)
        await crowd.run(_CONNECTIONS)
        settled = crowd.seconds[3:_CAPACITY_S]
        carried = statistics.median(s.bought for s in settled)
        if _p95_ms(settled) > _P95_MS_MOST or carried < best:
            break
        best = float(carried)
    return best


async def _narrow(context: Context, places: int) -> None:
    """Give the gate this many places, to be adapted from there."""
    staff_id = new_id()
    async with context.database.transaction() as connection:
        await set_capacity(connection, SHOP, places, staff_id=staff_id)
        await set_adaptive(
            connection, SHOP, True, least=max(places // 4, 1), most=2 * places, staff_id=staff_id
        )
    await asyncio.sleep(_SETTLE_S)


def _steady(rate: float) -> Callable[[float], float]:
    return lambda _at: rate


def _rate(capacity: float, shape: Sequence[float]) -> Callable[[float], float]:
    def rate(at: float) -> float:
        if _BEFORE_S <= at < _BEFORE_S + _SURGE_S:
            return _TIMES * capacity * shape[int(at - _BEFORE_S)]
        return _CALM * capacity

    return rate


def _shape(seconds: int) -> tuple[list[float], str]:
    """Return the surge by second, 1 on average: the busiest hour of real traffic, a minute a second."""
    if TRAFFIC.exists():
        import duckdb

        query = "SELECT requests::int FROM read_parquet(?) ORDER BY minute::int"
        counts = [count for (count,) in duckdb.execute(query, [str(TRAFFIC)]).fetchall()]
        start = max(range(len(counts) - seconds), key=lambda at: sum(counts[at : at + seconds]))
        busiest, source = counts[start : start + seconds], TRAFFIC.stem
    else:  # a steep rise and a slow decay
        busiest, source = [round(100 * (1 + 2 * 0.93**at)) for at in range(seconds)], "made (no traffic data)"
    mean = sum(busiest) / seconds
    return [count / mean for count in busiest], source


async def _console(context: Context, stop: asyncio.Event, waits: list[float]) -> None:
    """Ask the console for its sign-in page, as staff who come to work in the middle of it."""
    async with httpx.AsyncClient(base_url=context.settings.console_url, timeout=10) as client:
        while not stop.is_set():
            began = time.perf_counter()
            (await client.get("/sign-in")).raise_for_status()
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.1)


def _figures(crowd: Crowd, capacity: float, console: Sequence[float]) -> dict[str, Any]:
    end = _BEFORE_S + _SURGE_S
    surge = crowd.seconds[_BEFORE_S + 2 : end]
    windows = [
        sum(s.bought for s in surge[at : at + _WINDOW_S]) / _WINDOW_S
        for at in range(0, len(surge) - _WINDOW_S + 1)
    ]
    calm = _p95_ms(crowd.seconds[_BEFORE_S // 2 : _BEFORE_S])
    recovered = next(
        (
            at - end
            for at in range(end, end + _AFTER_S)
            if _p95_ms(crowd.seconds[at : at + 2]) <= max(2 * calm, 100)
        ),
        None,
    )
    return {
        "capacity_per_s": round(capacity),
        "arrivals": sum(s.arrived for s in crowd.seconds),
        "arrivals_per_s_in_surge": round(sum(s.arrived for s in surge) / len(surge)),
        "goodput_per_s_median": round(statistics.median(s.bought for s in surge)),
        "goodput_least_of_any_5_s": round(min(windows), 1),
        "goodput_to_capacity": round(statistics.median(s.bought for s in surge) / capacity, 3),
        "goodput_to_capacity_least": round(min(windows) / capacity, 3),
        "answers_late": sum(s.late for s in crowd.seconds),
        "shed": sum(s.shed for s in crowd.seconds),
        "polls_per_s": round(sum(s.polls for s in surge) / len(surge)),
        "p95_inside_ms": _p95_ms(surge),
        "p95_before_ms": calm,
        "recovered_after_s": recovered,
        "admitted": sum(s.admitted for s in crowd.seconds),
        "admitted_and_lost": dict(crowd.lost),
        "left_waiting": crowd.left_waiting,
        "console_p95_ms": round(sorted(console)[int(len(console) * 0.95)] * 1000, 1),
        "targets": _TARGETS,
    }


def _p95_ms(seconds: Sequence[Second]) -> float:
    waits = sorted(wait for second in seconds for wait in second.waits)
    return round(waits[int(len(waits) * 0.95)] * 1000, 1) if waits else float("inf")


def _draw(seconds: Sequence[Second], capacity: float, target: Path) -> None:
    """Draw the run: who came, who was served, who waited."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    at = range(len(seconds))
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(9, 6), sharex=True, height_ratios=(2, 1))
    upper.axvspan(_BEFORE_S, _BEFORE_S + _SURGE_S, color="#f3efe6", zorder=0)
    upper.plot(at, [s.arrived for s in seconds], color="#b45309", label="customers who come")
    upper.plot(at, [s.bought for s in seconds], color="#0f766e", label="customers who have bought")
    upper.axhline(capacity, color="#555", linestyle=":", label="capacity, measured before")
    upper.set_ylabel("customers / s")
    upper.legend(loc="upper right", frameon=False)
    lower.plot(at, [_p95_ms([s]) if s.waits else float("nan") for s in seconds], color="#0f766e")
    lower.set_ylabel("p95 inside, ms")
    lower.set_xlabel("seconds")
    lower.set_ylim(bottom=0)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(target, dpi=110)
