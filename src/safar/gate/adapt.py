"""How much can be carried, from measured latency alone: Gradient2 of Netflix's concurrency-limits.

Source: github.com/Netflix/concurrency-limits, Gradient2Limit. With S the latency measured last, L̄ its
exponential average over 600 measurements (times 0.9 whenever it is more than twice S):

    g = clamp(tolerance · L̄ / S, 0.5, 1),   limit ← 0.8 · limit + 0.2 · (g · limit + √limit)

and no change while less than half of the limit is in use. Below FLOOR_MS nothing queues, whatever the ratio.
"""

import math
from dataclasses import dataclass

FLOOR_MS = 50.0
_TOLERANCE = 1.5
_SMOOTHING = 0.2
_LONG_WINDOW = 600
_GRADIENT_LEAST = 0.5
_DRIFT_MOST = 2.0
_DRIFT_CORRECTION = 0.9


@dataclass(frozen=True, slots=True)
class Limit:
    """How many at once, and the average latency (milliseconds; 0 before the first measurement)."""

    value: float
    long_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limit stays between these."""

    least: float
    most: float


def next_limit(limit: Limit, bounds: Bounds, *, latency_ms: float, in_use: float) -> Limit:
    """Return the limit after a measurement of `latency_ms` while `in_use` of it were taken."""
    long_ms = _average(limit.long_ms, latency_ms)
    if in_use < limit.value / 2:
        return Limit(_between(limit.value, bounds), long_ms)
    gradient = gradient_of(long_ms, latency_ms)
    wanted = limit.value * gradient + math.sqrt(limit.value)
    return Limit(_between(limit.value + _SMOOTHING * (wanted - limit.value), bounds), long_ms)


def gradient_of(long_ms: float, latency_ms: float) -> float:
    """Return 1 when nothing queues, down to 0.5 the more the latency exceeds its average."""
    if latency_ms <= FLOOR_MS:
        return 1.0
    return min(max(_TOLERANCE * long_ms / latency_ms, _GRADIENT_LEAST), 1.0)


def _average(long_ms: float, latency_ms: float) -> float:
    if long_ms <= 0:
        return latency_ms
    long_ms += (latency_ms - long_ms) * 2 / (_LONG_WINDOW + 1)
    return long_ms * _DRIFT_CORRECTION if long_ms > _DRIFT_MOST * latency_ms else long_ms


def _between(value: float, bounds: Bounds) -> float:
    return min(max(value, bounds.least), bounds.most)
