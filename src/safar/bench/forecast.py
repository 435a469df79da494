"""How far off the forecasts are on real sales, beside a naive forecast: rolling origin, every article."""

import asyncio
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import NormalDist
from typing import Any

DATA = Path("/work/shared/data/online_retail/online_retail.parquet")
_WEEKS_LEAST = 24
_TEST_ORIGINS = 8
_SERVICES = (90.0, 95.0, 98.0)
_LEAD_WEEKS = (1, 2, 4)
_NICENESS = 5

# Articles only (five digits, perhaps a letter), cancellations taken off, what was given away left out.
_SALES = """
SELECT
    upper(StockCode) AS sku, CAST(InvoiceDate AS date) AS day,
    sum(CASE WHEN TRY_CAST(UnitPrice AS double) > 0 THEN CAST(Quantity AS integer) ELSE 0 END) AS units
FROM read_parquet(?)
WHERE regexp_matches(StockCode, '^[0-9]{5}')
GROUP BY ALL
ORDER BY sku, day
"""


async def measure(_seconds: float) -> dict[str, Any]:
    """Return the errors over all articles with 24 weeks or more; `seconds` is not used.

    In a process of its own: what it loads would stay. Raises RuntimeError when the data is not there.
    """
    if not data_file().exists():
        raise RuntimeError(
            f"There is no {data_file()}; set SAFAR_BENCH_SALES to the file online_retail.parquet."
        )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "safar.bench.forecast", stdout=asyncio.subprocess.PIPE
    )
    said, _nothing = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError("the forecasts could not be made; the messages above say why")
    figures: dict[str, Any] = json.loads(said)
    return figures


def data_file() -> Path:
    return Path(os.environ.get("SAFAR_BENCH_SALES", DATA))


def weeks_of_articles(path: Path) -> dict[str, list[float]]:
    """Return each article's weeks from its first sale on, the last one ending with the data."""
    import duckdb

    found = duckdb.connect().execute(_SALES, [str(path)]).fetchall()
    until = max(day for _sku, day, _units in found) + timedelta(days=1)
    by_sku: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for sku, day, units in found:
        by_sku[sku][_weeks_back(day, until)] += units
    return {
        sku: [float(max(weeks.get(back, 0), 0)) for back in range(max(weeks), -1, -1)]
        for sku, weeks in by_sku.items()
    }


def _weeks_back(day: date, until: date) -> int:
    return ((until - day).days - 1) // 7


def evaluate(articles: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return the errors of the chosen model and of the naive one at the last eight origins of each article.

    At each origin the model is chosen anew from what was known then. MASE and RMSSE (Hyndman and Koehler,
    Int. J. Forecasting 22 (2006); the M5 competition) divide by the naive one-step errors of the weeks before
    the first origin; `wape` is the sum of absolute errors of four-week sums over all units sold in them.
    """
    import numpy as np

    from safar.stock.replenish.forecast import HORIZON, judge

    scores: dict[str, dict[str, list[float]]] = {"chosen": defaultdict(list), "naive": defaultdict(list)}
    off = {"chosen": 0.0, "naive": 0.0}
    covered: dict[tuple[float, int], list[bool]] = defaultdict(list)
    sold = 0.0
    models: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    for weeks in articles.values():
        first = len(weeks) - HORIZON - _TEST_ORIGINS + 1
        steps = np.abs(np.diff(weeks[:first])) if len(weeks) >= _WEEKS_LEAST else np.zeros(1)
        if not steps.any():
            continue
        errors: dict[str, list[float]] = {"chosen": [], "naive": []}
        for origin in range(first, len(weeks) - HORIZON + 1):
            judged = judge(weeks[:origin])
            actual = weeks[origin : origin + HORIZON]
            sold += sum(actual)
            for name, level in (("chosen", judged.week_mean), ("naive", weeks[origin - 1])):
                errors[name] += [level - units for units in actual]
                off[name] += abs(level * HORIZON - sum(actual))
            for service, lead in ((s, w) for s in _SERVICES for w in _LEAD_WEEKS):
                z = NormalDist().inv_cdf(service / 100)
                point = judged.week_mean * lead + z * judged.week_deviation * lead**0.5
                covered[service, lead].append(sum(actual[:lead]) <= np.ceil(point))
        models[judged.model] += 1
        classes[judged.demand] += 1
        for name, values in errors.items():
            scores[name]["mase"].append(float(np.abs(values).mean() / steps.mean()))
            scores[name]["rmsse"].append(float(np.sqrt(np.square(values).mean() / np.square(steps).mean())))
    return {
        "articles": len(scores["chosen"]["mase"]),
        **{
            name: {
                **{score: round(float(np.mean(values)), 3) for score, values in scores[name].items()},
                "rmsse_median": round(float(np.median(scores[name]["rmsse"])), 3),
                "wape": round(off[name] / sold, 3),
            }
            for name in ("chosen", "naive")
        },
        "better_than_naive_percent": round(
            100 * float(np.mean(np.array(scores["chosen"]["rmsse"]) < np.array(scores["naive"]["rmsse"]))), 1
        ),
        "lasted_percent": {
            f"{service:g}% for {lead} weeks": round(100 * float(np.mean(hits)), 1)
            for (service, lead), hits in covered.items()
        },
        "models": dict(models),
        "demand": dict(classes),
    }


def main() -> None:
    """Print the figures as one line."""
    os.nice(_NICENESS)
    start = time.perf_counter()
    figures = evaluate(weeks_of_articles(data_file()))
    figures["seconds"] = round(time.perf_counter() - start, 1)
    sys.stdout.write(json.dumps({"bench": "forecast", **figures}) + "\n")


if __name__ == "__main__":
    main()
