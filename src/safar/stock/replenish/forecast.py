"""The forecast of one series of weeks. Imports statsforecast: only short-lived processes import this.

Each model gives a level that holds for all coming weeks, so a model is judged on sums of four weeks, which is
about what a delivery takes. The candidates: IMAPA and ADIDA (aggregation in time), TSB, SBA (Croston's method
without its bias) and the simple ones. A model other than IMAPA is taken where it was better by a clear margin
at every origin of the past together: without the margin, choosing by past errors was worse than not choosing
(docs/replenishment.md has the figures).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from statsforecast import models

from safar.stock.replenish.model import Demand

HORIZON = 4
FIRST_ORIGIN = 8
DEFAULT = "IMAPA"
_ORIGINS_LEAST = 8
_ORIGINS_MAX = 26
_MARGIN = 0.2
# Syntetos, Boylan and Croston, J. Oper. Res. Soc. 56 (2005): the mean interval between weeks with demand, and
# the squared coefficient of variation of what those weeks sold.
_INTERVAL_MAX = 1.32
_VARIATION_MAX = 0.49

Series = NDArray[np.float64]
Model = Callable[[Series], float]


@dataclass(frozen=True, slots=True)
class Judged:
    """The model that was chosen, what it expects of a week, and how it and a naive forecast did so far."""

    demand: Demand
    model: str
    week_mean: float
    week_deviation: float
    error: float | None
    naive_error: float | None


def _level(model: Any) -> Model:
    return lambda series: float(model.forecast(series, 1)["mean"][0])


CANDIDATES: dict[str, Model] = {
    DEFAULT: _level(models.IMAPA()),
    "ADIDA": _level(models.ADIDA()),
    "TSB": _level(models.TSB(alpha_d=0.1, alpha_p=0.1)),
    "SBA": _level(models.CrostonSBA()),
    "SES": _level(models.SimpleExponentialSmoothing(alpha=0.2)),
    "SESOpt": _level(models.SimpleExponentialSmoothingOptimized()),
    "Mean": _level(models.HistoricAverage()),
}


def naive(series: Series) -> float:
    """Return what the last week sold: the forecast that all others have to beat."""
    return float(series[-1])


def judge(weeks: Sequence[float]) -> Judged:
    """Return the forecast of a series of weeks, oldest first."""
    series = np.asarray(weeks, dtype=np.float64)
    demand = demand_class(series)
    if demand in ("none", "new"):
        mean = float(series.mean()) if len(series) else 0.0
        spread = float(series.std()) if len(series) else 0.0
        return Judged(demand, "Mean", mean, _at_least_poisson(spread, mean), None, None)
    origins = origins_of(len(series))
    sums = np.array([series[o : o + HORIZON].sum() for o in origins])
    past = {name: _past(model, series, origins) for name, model in CANDIDATES.items()}
    name = choose_model({name: _error(levels, sums) for name, levels in past.items()}, len(origins))
    mean = max(CANDIDATES[name](series), 0.0)
    errors = past[name] * HORIZON - sums
    deviation = float(np.sqrt((errors**2).mean() / HORIZON)) if len(errors) else float(series.std())
    return Judged(
        demand,
        name,
        mean,
        _at_least_poisson(deviation, mean),
        _error(past[name], sums),
        _error(_past(naive, series, origins), sums),
    )


def demand_class(series: Series) -> Demand:
    """Return the class of demand by Syntetos and Boylan; "new" is too short to be classed."""
    sizes = series[series > 0]
    if not len(sizes):
        return "none"
    if len(series) < FIRST_ORIGIN or len(sizes) < 2:
        return "new"
    often = len(series) / len(sizes) < _INTERVAL_MAX
    steady = (sizes.std() / sizes.mean()) ** 2 < _VARIATION_MAX
    if often:
        return "smooth" if steady else "erratic"
    return "intermittent" if steady else "lumpy"


def origins_of(weeks: int) -> list[int]:
    """Return how many weeks were known at each look back, the latest 26 of them."""
    return list(range(FIRST_ORIGIN, weeks - HORIZON + 1))[-_ORIGINS_MAX:]


def choose_model(errors: dict[str, float | None], origins: int) -> str:
    """Return the model to use: IMAPA, unless another was clearly better over at least eight looks back."""
    default = errors[DEFAULT]
    if origins < _ORIGINS_LEAST or default is None:
        return DEFAULT
    known = {name: error for name, error in errors.items() if error is not None}
    best = min(known, key=lambda name: known[name])
    return best if known[best] < default * (1 - _MARGIN) else DEFAULT


def _past(model: Model, series: Series, origins: Sequence[int]) -> Series:
    return np.array([max(model(series[:origin]), 0.0) for origin in origins])


def _error(levels: Series, sums: Series) -> float | None:
    return float(np.abs(levels * HORIZON - sums).mean()) if len(sums) else None


def _at_least_poisson(deviation: float, mean: float) -> float:
    """Return the deviation, at least that of independent single buyers: a short past looks too calm."""
    return max(deviation, float(np.sqrt(max(mean, 0.0))))
