"""The gate's decisions, without I/O: whom to call, whom to let in at once, how long the rest will wait."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CLAIM_WINDOW_S = 30.0
_COMING_S = 2.0  # mean time a called visitor takes to come in: near the head they ask every 1 to 4 s
_SHOW_UP_LEAST, _SHOW_UP_MOST = 0.1, 0.98  # never certain: one who never comes must not keep a place
_SHOW_UP_WEIGHT = 0.02  # of one visitor in the moving average
_RATE_MEMORY_S = 120.0
_ADMISSIONS_LEAST = 4  # fewer tell nothing about the pace
_DEVIATIONS = 1.28  # 8 of 10 waits end within the range
_RANGE_RATIO_MAX = 12.0
_POLL_S_LEAST, _POLL_S_MOST = 1.0, 20.0  # inside the claim window, should the turn come sooner
_POLL_S_BLIND, _POLL_S_NEAR = 10.0, 4.0  # at most, when nothing can be estimated; when the turn is near
_POLL_EARLY = 0.5  # of the shortest likely wait
_PACE_KEPT_S = 5.0
_OPENING_POLL_S_MOST = 30.0
_OPENING_POLLS_PER_S = 2_000


@dataclass(frozen=True, slots=True)
class Call:
    """Numbers `first`..`last`, called together `age_s` ago; `claimed` of them have come in.

    The age counts only the seconds in which there was a place: who finds the door shut has not missed it.
    """

    first: int
    last: int
    claimed: int
    age_s: float

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    @property
    def over(self) -> bool:
        return self.age_s >= CLAIM_WINDOW_S

    @property
    def finished(self) -> bool:
        return self.over or self.claimed >= self.size


def still_coming(call: Call, show_up: float) -> float:
    """Return how many of a call's missing visitors are still expected.

    Bayes, for a visitor who comes at all with probability p and then after an exponential time: not having
    come by age a, they still will with p·e / (1 - p + p·e), e = exp(-a / mean).
    """
    if call.over:
        return 0.0
    p = bounded(show_up)
    e = math.exp(-call.age_s / _COMING_S)
    return (call.size - call.claimed) * p * e / (1 - p + p * e)


def bounded(show_up: float) -> float:
    return min(max(show_up, _SHOW_UP_LEAST), _SHOW_UP_MOST)


def next_called(
    *,
    issued: int,
    called: int,
    free: int,
    calls: Iterable[Call],
    show_up: float,
    allowance: float = math.inf,
) -> int:
    """Return how far `called` may go: the places that nobody is coming for, over the show-up rate.

    Rounded to the nearest: always down would leave a small site half empty, and who is called in vain keeps
    the right to the next place. `allowance`: how many may come in by the pace that staff have set.
    """
    room = min(free - sum(still_coming(call, show_up) for call in calls), allowance)
    if room <= 0:
        return called
    return max(called, min(issued, called + math.floor(room / bounded(show_up) + 0.5)))


def room_for_newcomers(
    *, waiting: int, free: int, calls: Iterable[Call], show_up: float, allowance: float = math.inf
) -> int:
    """Return how many may come in without a number: none while someone waits, else the unclaimed places."""
    if waiting > 0:
        return 0
    unclaimed = free - sum(still_coming(call, show_up) for call in calls)
    return max(0, math.floor(min(unclaimed, allowance)))


def grown_allowance(allowance: float, pace_per_minute: int, elapsed_s: float) -> float:
    """Return the admissions that the pace allows now; unused ones add up for five seconds at most."""
    return min(allowance + pace_per_minute * elapsed_s / 60, full_allowance(pace_per_minute))


def full_allowance(pace_per_minute: int) -> float:
    return max(1.0, pace_per_minute * _PACE_KEPT_S / 60)


def places(*, capacity: int, invited_places: int, inside: int, invited_inside: int) -> tuple[int, int]:
    """Return (for everybody, for invitations): how many places each account should have.

    Together at most `capacity`, and nobody who is inside is put out: a share grows as the other's leave.
    """
    everybody = max(inside, min(capacity - invited_places, capacity - invited_inside))
    invited = max(invited_inside, min(invited_places, capacity - everybody))
    return everybody, invited


def learned_show_up(show_up: float, finished: Iterable[Call]) -> float:
    """Return the moving average after calls whose window is over, each weighted by its size."""
    for call in finished:
        weight = 1 - (1 - _SHOW_UP_WEIGHT) ** call.size
        show_up += weight * (call.claimed / call.size - show_up)
    return bounded(show_up)


def learned_rate(rate: float, observed_s: float, admitted: int, elapsed_s: float) -> tuple[float, float]:
    """Return admissions a second and the seconds it rests on, older observations fading away.

    Feed it only while someone waits: without a queue, admissions tell the demand, not the pace of the site.
    """
    kept_s = observed_s * math.exp(-elapsed_s / _RATE_MEMORY_S)
    total_s = kept_s + elapsed_s
    return ((rate * kept_s + admitted) / total_s if total_s > 0 else rate), total_s


@dataclass(frozen=True, slots=True)
class Estimate:
    """8 of 10 visitors at this place wait at least `least_s` and at most `most_s` seconds."""

    least_s: float
    most_s: float


def estimate(*, place: int, rate: float, observed_s: float, show_up: float) -> Estimate | None:
    """Return the wait at `place` (1 = next), or None when too little was seen to say anything honest.

    Mean = place · p / rate. Its relative deviation joins the scatter of the m = place · p admissions that are
    needed with that of the N admissions that the rate rests on: sqrt(1/m + 1/N).
    """
    seen = rate * observed_s
    if seen < _ADMISSIONS_LEAST:
        return None
    needed = max(place * bounded(show_up), 1.0)
    mean_s = needed / rate
    spread = math.exp(_DEVIATIONS * math.sqrt(1 / needed + 1 / seen))
    if spread * spread > _RANGE_RATIO_MAX and mean_s > CLAIM_WINDOW_S:
        return None
    return Estimate(mean_s / spread, mean_s * spread + _POLL_S_LEAST)  # called, they still have to ask


def place_of(number: int, called: int) -> int:
    """Return the place in the queue: 1 is next, 0 may come in."""
    return max(0, number - called)


def poll_after_s(place: int, expected: Estimate | None) -> float:
    """Return when to ask again: soon when near, else before the turn can have come.

    Whoever waits asks a few times in all, not all the time: many who wait must not cost those who are inside.
    """
    if place == 0:
        return _POLL_S_LEAST
    if expected is None:
        return min(_POLL_S_BLIND, 2.0 + place / 100)
    near_s = min(_POLL_S_LEAST + place / 500, _POLL_S_NEAR)
    return min(max(_POLL_EARLY * expected.least_s, near_s), _POLL_S_MOST)


def poll_before_opening_s(left_s: float, joined: int, share: float) -> float:
    """Return when to ask again: at the opening, each at a moment of their own among all who wait for it.

    `share` is where between 0 and 1 this visitor's moment lies: those whose turn comes first ask first.
    """
    spread_s = joined / _OPENING_POLLS_PER_S
    return min(max(left_s, 0.0) + _POLL_S_LEAST + share * spread_s, _OPENING_POLL_S_MOST)


def progress(place: int, ahead: int) -> int:
    """Return the part of the way gone, 0 to 100, for one who was `ahead` numbers from being called."""
    return round(100 * (1 - min(place, ahead) / ahead)) if ahead > 0 else 100


def split_calls(calls: Sequence[Call]) -> tuple[list[Call], list[Call]]:
    """Return (open, finished): a call is finished when all have come or its window is over."""
    finished = [call for call in calls if call.finished]
    return [call for call in calls if not call.finished], finished
