"""The process that makes all forecasts and ends: `python -m safar.stock.replenish.work NOW UNTIL`.

numpy, pandas and statsforecast take 200 MB, which no process keeps that stays. It reads the book of demand as
a stream and writes a thousand forecasts in each transaction; run again it writes the same ones.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
import psycopg

from safar.kernel.connection import reachable
from safar.kernel.queries import queries_beside
from safar.stock.replenish.book import HISTORY
from safar.stock.replenish.demand import weekly
from safar.stock.replenish.forecast import judge
from safar.stock.replenish.model import Day, Forecast

QUERIES = queries_beside(__file__)
_CHUNK = 1000
_FETCH = 20_000
_NICENESS = 10


def forecast_variants(url: str, now: datetime, until: date) -> int:
    """Forecast every variant that had demand before `until`; return how many there are."""
    count = 0
    with psycopg.connect(reachable(url)) as reading, psycopg.connect(reachable(url)) as writing:
        on_hand: dict[UUID, int] = dict(reading.execute(QUERIES["on_hand"]).fetchall())
        with reading.cursor(name="demand") as cursor:
            cursor.itersize = _FETCH
            cursor.execute(QUERIES["all_demand"], {"since": until - HISTORY})
            forecasts = forecasts_of(cursor, on_hand, until)
            while chunk := list(islice(forecasts, _CHUNK)):
                with writing.transaction():
                    params = {"forecasts": orjson.dumps(chunk).decode(), "now": now}
                    writing.execute(QUERIES["save_forecasts"], params)
                count += len(chunk)
        writing.execute(QUERIES["forget_forecasts"], {"before": now})
    return count


def forecasts_of(
    rows: Iterable[tuple[Any, ...]], on_hand: dict[UUID, int], until: date
) -> Iterator[Forecast]:
    """Yield the forecasts of rows (variant, day, sold, returned, change) in the order of variant and day."""
    for variant_id, moved in groupby(rows, key=itemgetter(0)):
        days = [Day(*record[1:]) for record in moved]
        judged = judge(weeks := weekly(days, on_hand=on_hand.get(variant_id, 0), until=until))
        if judged.demand != "none":
            yield Forecast(
                variant_id,
                judged.demand,
                judged.model,
                judged.week_mean,
                judged.week_deviation,
                len(weeks),
                judged.error,
                judged.naive_error,
            )


if __name__ == "__main__":
    os.nice(_NICENESS)
    series = forecast_variants(
        os.environ["SAFAR_DATABASE_URL"], datetime.fromisoformat(sys.argv[1]), date.fromisoformat(sys.argv[2])
    )
    sys.stdout.write(f"{series}\n")
