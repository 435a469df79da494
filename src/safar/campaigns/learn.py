"""Learning from what happened so far: how many of those we reached respond, and how soon.

A person who has not responded yet will either respond later or never. With share p of responders whose
delays are exponential with mean τ, somebody silent for a seconds still responds with probability

    w(a) = p·e^(−a/τ) / (1 − p·(1 − e^(−a/τ)))

p and τ are fitted together (a mixture cure model by expectation–maximisation), so that quick first responses
are not taken for all there will be. Priors: p ~ Beta, ln τ ~ Normal.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_ROUNDS = 40
_P_MAX = 0.95
_DELAY_S_MIN, _DELAY_S_MAX = 0.5, 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Prior:
    """What we believe before the first response: worth `weight` observations for p, `spread` of ln τ."""

    p: float
    weight: float
    delay_s: float
    spread: float


# Visits 15 to 18 % of those mailed, orders 7 % of those who visit (Hillstrom); an offer of few units that
# many want does far better, so the prior for orders is higher and both weigh little.
VISIT = Prior(p=0.15, weight=8.0, delay_s=3600.0, spread=2.0)
ORDER = Prior(p=0.20, weight=5.0, delay_s=600.0, spread=2.0)


@dataclass(frozen=True, slots=True)
class Silence:
    """`count` people who were reached `age_s` seconds ago and have not responded."""

    age_s: float
    count: int


@dataclass(frozen=True, slots=True)
class Learned:
    """The share that responds (`p`, and one standard deviation above it), how soon, and what is to come."""

    p: float
    p_upper: float
    delay_s: float
    reached: int
    responded: int
    pending: float  # responses still to come, expected with p_upper
    known: float  # people whose answer is in: responded, or silent for so long that they will not


def learn(responded: int, delays_s: float, silent: Sequence[Silence], prior: Prior) -> Learned:
    """Fit p and τ to `responded` people with `delays_s` of delay altogether, and to those still silent."""
    p, tau = prior.p, prior.delay_s
    reached = responded + sum(group.count for group in silent)
    for _round in range(_ROUNDS):
        late = [group.count * still_to_come(group.age_s, p, tau) for group in silent]
        later = sum(late)
        p = (responded + later + prior.p * prior.weight) / (reached + prior.weight)
        p = min(p, _P_MAX)
        seconds = delays_s + sum(
            count * (group.age_s + tau) for count, group in zip(late, silent, strict=True)
        )
        tau = _delay(responded + later, seconds, prior)
    deviation = math.sqrt(p * (1 - p) / (_answers(responded, silent, tau) + prior.weight))
    upper = min(p + deviation, _P_MAX)
    pending = sum(group.count * still_to_come(group.age_s, upper, tau) for group in silent)
    return Learned(p, upper, tau, reached, responded, pending, _answers(responded, silent, tau))


def still_to_come(age_s: float, p: float, delay_s: float) -> float:
    """Return the probability that somebody silent for `age_s` responds after all."""
    waiting = math.exp(-age_s / delay_s)
    return p * waiting / (1 - p * (1 - waiting))


def _answers(responded: int, silent: Sequence[Silence], delay_s: float) -> float:
    return responded + sum(group.count * -math.expm1(-group.age_s / delay_s) for group in silent)


def _delay(responses: float, seconds: float, prior: Prior) -> float:
    """Return the most likely τ: the root of −R + S·e^(−x) − (x − x₀)/σ² in x = ln τ, by bisection."""
    low, high = math.log(_DELAY_S_MIN), math.log(_DELAY_S_MAX)
    expected, precision = math.log(prior.delay_s), 1 / prior.spread**2
    for _halving in range(30):
        x = (low + high) / 2
        if -responses + seconds * math.exp(-x) - (x - expected) * precision > 0:
            low = x
        else:
            high = x
    return math.exp((low + high) / 2)
