"""How much can be carried, from measured latency alone: Gradient2 of Netflix's concurrency-limits.

Source: github.com/Netflix/concurrency-limits, Gradient2Limit. With S the latency measured last, L̄ its
exponential average over 600 measurements (times 0.9 whenever it is more than twice S):

    g = clamp(tolerance · L̄ / S, 0.5, 1),   limit ← 0.8 · limit + 0.2 · (g · limit + q)

and no change while less than half of the limit is in use. Below a floor of milliseconds all is well, whatever
the ratio.

Two things differ, since a place is taken for minutes and not for one request. q is √limit there; here it is
at least a tenth of the limit, or thousands of places would come back at a few a second. And the limit waits
for its own effect: while more is in use than it allows, it falls no further, and rises to what is in use when
all is well. Otherwise it would fall faster than visitors leave, to far below what is carried.
"""

import math
from dataclasses import dataclass

REQUESTS_FLOOR_MS = 50.0  # of the requests that a process has under way
PLACES_FLOOR_MS = 200.0  # of the places of a site: what nobody calls slow
_TOLERANCE = 1.5
_SMOOTHING = 0.2
_LONG_WINDOW = 600
_GRADIENT_LEAST = 0.5
_DRIFT_MOST = 2.0
_DRIFT_CORRECTION = 0.9
_GROWTH = 0.1


@dataclass(frozen=True, slots=True)
class Limit:
    """How many at once, and the average latency (milliseconds; 0 before the first measurement)."""

    value: float
    long_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limit stays between these; with a mean latency up to `floor_ms` all is well."""

    least: float
    most: float
    floor_ms: float = PLACES_FLOOR_MS


def next_limit(limit: Limit, bounds: Bounds, *, latency_ms: float, in_use: float) -> Limit:
    """Return the limit after a measurement of `latency_ms` while `in_use` of it were taken."""
    long_ms = _average(limit.long_ms, latency_ms)
    if in_use < limit.value / 2:
        return Limit(_between(limit.value, bounds), long_ms)
    gradient = gradient_of(long_ms, latency_ms, bounds.floor_ms)
    room = max(math.sqrt(limit.value), _GROWTH * limit.value)
    wanted = limit.value * gradient + room
    value = limit.value + _SMOOTHING * (wanted - limit.value)
    if in_use > limit.value + 1:  # a site has whole places
        value = max(value, in_use if gradient == 1 else limit.value)
    return Limit(_between(value, bounds), long_ms)


def gradient_of(long_ms: float, latency_ms: float, floor_ms: float) -> float:
    """Return 1 when nothing queues, down to 0.5 the more the latency exceeds its average."""
    if latency_ms <= floor_ms:
        return 1.0
    return min(max(_TOLERANCE * long_ms / latency_ms, _GRADIENT_LEAST), 1.0)


def _average(long_ms: float, latency_ms: float) -> float:
    if long_ms <= 0:
        return latency_ms
    long_ms += (latency_ms - long_ms) * 2 / (_LONG_WINDOW + 1)
    return long_ms * _DRIFT_CORRECTION if long_ms > _DRIFT_MOST * latency_ms else long_ms


def _between(value: float, bounds: Bounds) -> float:
    return min(max(value, bounds.least), bounds.most)
