"""The latency of the front's requests, measured in each process and shared; the capacity derived from it."""

import math
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from safar.gate.site.adapt import Bounds, Limit, next_limit
from safar.gate.site.events import record
from safar.gate.site.sites import QUERIES
from safar.gate.tickets.model import Site
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row
from safar.kernel.ids import new_id

_EVERY = timedelta(seconds=1)
_FRESH = timedelta(seconds=3)  # older measurements are of a process that died or has nothing to do
_REQUESTS_LEAST = 10  # fewer tell nothing about the site
_KEPT = timedelta(hours=1)
_RUNG = 1.25  # a change of capacity is an event when it passes one of these steps, not every second


@dataclass(frozen=True, slots=True)
class _Load:
    requests: int
    latency_ms: float


class Meter:
    """Counts one process's requests and sums their latency, from one report to the next."""

    def __init__(self) -> None:
        self.process_id: UUID = new_id()
        self._requests = 0
        self._seconds = 0.0
        self._reported = time.monotonic()

    def note(self, seconds: float) -> None:
        self._requests += 1
        self._seconds += seconds

    def due(self) -> _Load | None:
        """Return the report, about once a second, and start counting anew; None before that."""
        if time.monotonic() - self._reported < _EVERY.total_seconds() or not self._requests:
            return None
        load = _Load(self._requests, 1000 * self._seconds / self._requests)
        self._requests, self._seconds, self._reported = 0, 0.0, time.monotonic()
        return load


async def report_load(connection: Connection, meter: Meter) -> None:
    """Write down what this process measured, if a second has passed."""
    load = meter.due()
    if load is not None:
        params = {
            "process_id": meter.process_id,
            "requests": load.requests,
            "latency_ms": load.latency_ms,
            "now": clock.now(),
        }
        await execute(connection, QUERIES["report_load"], params)


async def adapted(connection: Connection, site: Site, inside: int) -> Site:
    """Return the locked site with the capacity that follows from the latency of the last seconds."""
    now = clock.now()
    if not site.adaptive or (site.adapted_at is not None and now - site.adapted_at < _EVERY):
        return site
    load = await row(_Load, connection, QUERIES["load"], {"since": now - _FRESH})
    if load is None or load.requests < _REQUESTS_LEAST:
        return site
    limit = next_limit(
        Limit(site.adaptive_limit or site.capacity, site.latency_long_ms),
        Bounds(site.capacity_least, site.capacity_most),
        latency_ms=load.latency_ms,
        in_use=inside,
    )
    changed = replace(
        site,
        capacity=max(1, round(limit.value)),
        adaptive_limit=limit.value,
        latency_ms=load.latency_ms,
        latency_long_ms=limit.long_ms,
        adapted_at=now,
    )
    params = {
        "id": site.id,
        "capacity": changed.capacity,
        "limit": limit.value,
        "latency_ms": load.latency_ms,
        "long_ms": limit.long_ms,
        "now": now,
    }
    await execute(connection, QUERIES["adapt"], params)
    if _rung(changed.capacity) != _rung(site.capacity):
        details = {
            "before": site.capacity,
            "capacity": changed.capacity,
            "latency_ms": round(load.latency_ms),
        }
        await record(connection, "site.capacity_adapted", site, None, details)
    return changed


def _rung(capacity: int) -> int:
    return math.floor(math.log(capacity, _RUNG))


async def forget_loads(connection: Connection) -> None:
    """Delete the measurements of processes that have ended."""
    await execute(connection, QUERIES["forget_loads"], {"before": clock.now() - _KEPT})
