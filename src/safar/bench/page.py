"""Product pages a second from a warm cache, beside the same server with a handler that does nothing."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safar.bench.buying import CLIENTS, admitted, running, stocked
from safar.bench.flood import FloodOutcome, flood, get_request, one_by_one
from safar.bench.settings import bench_settings
from safar.bench.workplace import workplace
from safar.catalogue.actions import variants_by_id

_ROUNDS = 3
_PAGES_A_SECOND = 6000
_PRODUCTS = 20
_TARGETS = {"pages_per_s": 5000}


async def measure(seconds: float) -> dict[str, Any]:
    """Return pages/s of one front process at 64 clients who are inside, over twenty products."""
    with workplace() as folder:
        async with running(bench_settings(Path(folder))) as context:
            ids = (await stocked(context))[:_PRODUCTS]
            async with context.database.connection() as connection:
                variants = await variants_by_id(connection, ids)
            port = context.settings.front_port
            passes = await admitted(port, CLIENTS)
            paths = [f"/p/{variant.slug}" for variant in variants.values()]
            count = int(_PAGES_A_SECOND * seconds)
            await _round(port, paths, passes, len(paths) * 5)  # to warm up
            pages, bare = [], []
            for _again in range(_ROUNDS):
                pages.append(await _round(port, paths, passes, count))
                bare.append(await _round(port, ["/health"], [""], count))
            rate = statistics.median(r.per_s for r in pages)
            limit = statistics.median(r.per_s for r in bare)
            return {
                "bench": "page",
                "clients": CLIENTS,
                "pages_per_s": round(rate),
                "p50_ms": statistics.median(r.wait_ms(0.5) for r in pages),
                "p99_ms": statistics.median(r.wait_ms(0.99) for r in pages),
                "statuses": sorted({status for r in pages for status in r.statuses}),
                "bare_per_s": round(limit),
                "ratio_to_bare": round(rate / limit, 3),
                "targets": _TARGETS,
            }


async def _round(port: int, paths: Sequence[str], passes: Sequence[str], count: int) -> FloodOutcome:
    made = [get_request(paths[n % len(paths)], passes[n % len(passes)]) for n in range(count)]
    outcome = FloodOutcome()
    requests = iter(made)
    return await flood(port, [one_by_one(requests, outcome) for _client in range(CLIENTS)], outcome)
