"""The sales report: each breakdown comes to the same, days without a sale are shown, the file says it."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import httpx
import pytest

from safar.kernel import clock
from safar.kernel.context import Context
from safar.shop.console.plot import HEIGHT, plot
from safar.shop.console.sales import SalesRow, Span, in_time
from tests.stage.orders import bought, delivered
from tests.stage.shop import CLOCK, MUG


async def _rows(desk: httpx.AsyncClient, by: str) -> list[dict[str, str]]:
    day = clock.now().date()
    answer = await desk.get(
        "/sales.csv", params={"from": str(day - timedelta(days=2)), "to": str(day), "by": by}
    )
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("by", ["day", "week", "product", "country", "tax", "channel"])
async def test_every_breakdown_comes_to_what_was_sold(
    desk: httpx.AsyncClient, context: Context, by: str
) -> None:
    await bought(context, (MUG, 2), country="GB")
    await delivered(context, (MUG, 1), (CLOCK, 1), country="IE")
    gone = await bought(context, (CLOCK, 2))
    await desk.post(f"/orders/{gone}/cancelled")
    found = await _rows(desk, by)
    assert sum(Decimal(row["Total"]) for row in found) == Decimal("18.60")
    assert sum(int(row["Items"]) for row in found) == 4
    if by == "day":
        assert [row["Orders"] for row in found] == ["0", "0", "2"]
    if by == "product":
        assert [(row["Product"], row["Items"]) for row in found] == [
            ("Retrospot mug (MUG)", "3"), ("Alarm clock bakelike green (CLOCK)", "1"),
        ]  # fmt: skip
    page = await desk.get("/sales", params={"by": by})
    assert "£18.60" in page.text
    assert (await desk.get("/sales", headers={"x-role": "agent"})).status_code == 403


async def test_a_report_of_nothing_and_of_days_that_are_none_is_still_a_page(desk: httpx.AsyncClient) -> None:
    assert "Nothing was sold" in (await desk.get("/sales", params={"by": "product"})).text
    for query in ("from=x&to=y", "from=2099-01-01&to=2001-01-01", "by=rubbish&currency=ZZZ"):
        assert (await desk.get(f"/sales?{query}")).status_code == 200


def test_weeks_begin_on_monday_and_none_is_left_out() -> None:
    span = Span(date(2026, 11, 18), date(2026, 12, 1))
    found = in_time([SalesRow("2026-11-23", "", 1, 1, 5, 0, 0, 0, 5, 0)], span, "week")
    assert [(row.key, row.total_minor) for row in found] == [
        ("2026-11-16", 0), ("2026-11-23", 5), ("2026-11-30", 0),
    ]  # fmt: skip


def test_bars_stand_to_one_scale_and_time_runs_with_the_script() -> None:
    drawn = plot([0, 50, 100], ["a", "b", "c"], ["0", "50", "100"])
    heights = [bar.height for bar in drawn.bars]
    assert heights[0] == 0
    assert heights[2] == pytest.approx(2 * heights[1])
    assert heights[2] < HEIGHT
    assert [bar.x for bar in drawn.bars] == sorted(bar.x for bar in drawn.bars)
    mirrored = plot([0, 50, 100], ["a", "b", "c"], ["0", "50", "100"], mirrored=True)
    assert [bar.x for bar in mirrored.bars] == [bar.x for bar in reversed(drawn.bars)]
    assert plot([], [], []).bars == []
