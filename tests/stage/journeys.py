"""Journeys for the decisions about them."""

import math

from safar.journey.model import Journey

NOW = 1_000_000.0


def journey(*at: float, last: float | None = None, value: int = 0, causes: int = 0) -> Journey:
    padded = tuple(at) + (math.inf,) * (6 - len(at))
    seen = [moment for moment in padded if moment < math.inf]
    return Journey(padded, (1, 2, 3, 4, 5, 6), max(seen) if last is None else last, value, causes)
