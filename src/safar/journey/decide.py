"""The funnel, without I/O: from each customer's first times to what happened at every stage.

* Order is total: by time, and in the same instant by journal id.
* A customer stands at the furthest stage they have come to. A first time at an earlier stage after that is
  no arrival, so that no wait is negative and nobody is counted twice.
* Somebody who has not gone on is *inside* until they have been silent for the stage's window, a half-open
  interval [last sign, last sign + window); only then are they *dropped*. The windows are the same for every
  map of an installation, so that what is lost for one is lost for all; a rehearsal in time-lapse shortens
  those of the stages that its customers live through.
* Who goes from a stage to a later one has *skipped* those between: went on = came next, plus those skipping.
* What a loss costs: dropped × what those who went on from there were worth. Part of it is *avoidable*: those
  whom an account failed, or at least those above the share that is lost in the field anyway.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from safar.journey.model import CAUSES, STAGES, Journey, Map, Stage

_HOUR_S, _DAY_S = 3600.0, 86_400.0
WINDOWS_S: Mapping[str, float] = {
    "discover": 3 * _DAY_S,
    "visit": _HOUR_S / 2,
    "ask": _DAY_S,
    "buy": _HOUR_S,
    "receive": 14 * _DAY_S,
    "stay": math.inf,
}
_WINDOW_S_MIN = 10.0
_LIVED_THROUGH = ("discover", "visit", "ask", "buy")

# Shares that go on in the field: 18 % visit after a mail (Hillstrom), 10 % of visitors fill a cart or ask,
# 30 % of carts are bought (70 % abandoned), 98 % of parcels arrive.
USUAL: Mapping[str, float] = {
    "discover": 0.18, "visit": 0.10, "ask": 0.30, "buy": 0.30, "receive": 0.98, "stay": 1.0,
}  # fmt: skip
_BUY = STAGES.index("buy")


@dataclass(slots=True)
class _Tally:
    arrivals: int = 0
    went_on: int = 0
    skipped: int = 0
    waits: list[float] = field(default_factory=list)
    worth: int = 0  # of those who went on, in minor units
    standing: list[tuple[float, float, int, int]] = field(
        default_factory=list
    )  # arrived, last, worth, causes


def funnel(
    journeys: Iterable[Journey],
    *,
    now: float,
    price_minor: int = 0,
    windows_s: Mapping[str, float] = WINDOWS_S,
) -> Map:
    """Return what happened at every stage up to `now` (seconds).

    `price_minor`: what an order is taken to be worth while there is none.
    """
    tallies = [_Tally() for _stage in STAGES]
    customers, orders, orders_minor = 0, 0, 0
    for journey in journeys:
        customers += 1
        orders += journey.value_minor > 0
        orders_minor += journey.value_minor
        _count(tallies, journey)
    order_minor = orders_minor / orders if orders else float(price_minor)
    stages = tuple(
        _stage(name, tally, now, windows_s[name], _worth_of_going_on(name, tally, order_minor))
        for name, tally in zip(STAGES, tallies, strict=True)
    )
    return Map(stages, customers, orders_minor, bottleneck(stages))


def _count(tallies: Sequence[_Tally], journey: Journey) -> None:
    """Walk a customer's stages from the last; a stage counts if it came before all later ones."""
    later_at, later_id, later = math.inf, 0, len(tallies)
    for number in range(len(tallies) - 1, -1, -1):
        at = journey.at[number]
        if at > later_at or at == math.inf or (at == later_at and journey.ids[number] >= later_id):
            continue
        tally = tallies[number]
        tally.arrivals += 1
        if later_at == math.inf:
            tally.standing.append((at, max(journey.last_at, at), journey.value_minor, journey.causes))
        else:
            tally.went_on += 1
            tally.waits.append(later_at - at)
            tally.worth += journey.value_minor
            for between in tallies[number + 1 : later]:
                between.skipped += 1
        later_at, later_id, later = at, journey.ids[number], number


def windows_of(time_lapse: float) -> dict[str, float]:
    """Return the windows in seconds where customers live so many times faster (a rehearsal; life: 1)."""
    return {
        name: max(_WINDOW_S_MIN, window_s / time_lapse)
        if name in _LIVED_THROUGH and time_lapse > 1
        else window_s
        for name, window_s in WINDOWS_S.items()
    }


def _worth_of_going_on(name: str, tally: _Tally, order_minor: float) -> float:
    """Return what somebody who goes on from here is worth: as it was, else by the usual shares."""
    if tally.went_on:
        return tally.worth / tally.went_on
    worth = order_minor
    for later in STAGES[STAGES.index(name) + 1 : _BUY + 1]:
        worth *= USUAL[later]
    return worth


def _stage(name: str, tally: _Tally, now: float, window_s: float, worth: float) -> Stage:
    inside = dropped = lost_minor = 0
    time_s = sum(tally.waits)
    causes: Counter[str] = Counter()
    for at, last_at, value_minor, failed in tally.standing:
        leaves = last_at + window_s
        time_s += max(0.0, min(now, leaves) - at)
        if now < leaves:
            inside += 1
            continue
        dropped += 1
        lost_minor += value_minor
        if failed:
            causes[next(cause for n, cause in enumerate(CAUSES) if failed >> n & 1)] += 1
    # Who has paid and gets nothing takes back what they paid; before that, what they would have brought.
    loss = float(lost_minor) if STAGES.index(name) > _BUY else dropped * worth
    above_usual = dropped - (1 - USUAL[name]) * (tally.went_on + dropped)
    avoidable = max(above_usual, sum(causes.values()), 0.0) / dropped * loss if dropped else 0.0
    return Stage(
        name,
        tally.arrivals,
        tally.went_on,
        inside,
        dropped,
        tally.skipped,
        median(tally.waits) if tally.waits else None,
        window_s,
        time_s,
        round(loss),
        round(avoidable),
        dict(causes),
    )


def bottleneck(stages: Iterable[Stage]) -> Stage | None:
    """Return the most costly stage: by what was avoidable, else by all that was lost."""
    lost = [stage for stage in stages if stage.dropped]
    return max(lost, key=lambda stage: (stage.avoidable_minor, stage.loss_minor), default=None)


def marked_cut(found: Map) -> Map:
    """Return the map with the note that it shows a part of the customers."""
    return replace(found, cut=True)
