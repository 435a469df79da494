"""What was sold in a time, by day, week, product, country, tax or channel: one row a key, in one currency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import LiteralString

from safar.kernel.clock import day_start
from safar.kernel.database import Connection, rows, values
from safar.shop.console.history import QUERIES

DAYS_MAX = 366 * 5
ROWS_MAX = 2000
# By what the report can be broken down, and the statement that does it.
BY: Mapping[str, LiteralString] = {
    "day": "sales_by_day",
    "week": "sales_by_week",
    "product": "sales_by_product",
    "country": "sales_by_country",
    "tax": "sales_by_tax",
    "channel": "sales_by_channel",
}
IN_TIME = ("day", "week")


@dataclass(frozen=True, slots=True)
class SalesRow:
    """What was sold of one day, product, country, rate or channel; `name` as it is shown, if it has one.

    `goods_minor`: at their prices; `discount_minor`: taken off them; `tax_minor`: in the total or on top;
    `refunded_minor`: what went back of these orders by now. `total_minor`: what the orders come to. Rows of
    goods (by product and by tax) have no delivery and no refunds of their own.
    """

    key: str
    name: str
    orders: int
    units: int
    goods_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class Span:
    """Days of the shop, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


async def sales(
    connection: Connection, span: Span, by: str, *, currency: str, zone: str
) -> Sequence[SalesRow]:
    """Return the rows of a report, days and weeks in their order, the rest by what they brought."""
    params = {**_between(span, zone), "currency": currency, "zone": zone, "limit": ROWS_MAX}
    return await rows(SalesRow, connection, QUERIES[BY[by]], params)


async def currencies_sold(connection: Connection, span: Span, *, zone: str) -> Sequence[str]:
    """Return the currencies in which something was sold, the most used first."""
    return await values(connection, QUERIES["currencies_sold"], _between(span, zone))


def _between(span: Span, zone: str) -> dict[str, object]:
    return {
        "since": day_start(span.first, zone),
        "until": day_start(span.last + timedelta(days=1), zone),
    }


def in_time(sales_rows: Sequence[SalesRow], span: Span, by: str) -> list[SalesRow]:
    """Return a row for each day or week of the span: one of nothing where nothing was sold."""
    by_key = {row.key: row for row in sales_rows}
    step = 7 if by == "week" else 1
    first = span.first - timedelta(days=span.first.weekday()) if by == "week" else span.first
    keys = [
        (first + timedelta(days=offset)).isoformat()
        for offset in range(0, (span.last - first).days + 1, step)
    ]
    return [by_key.get(key) or SalesRow(key, "", 0, 0, 0, 0, 0, 0, 0, 0) for key in keys]


def sales_sums(sales_rows: Sequence[SalesRow]) -> SalesRow:
    """Return the last line of a report. Orders of several rows of goods are not added up: see `sales`."""
    fields = (
        "orders", "units", "goods_minor", "discount_minor", "shipping_minor", "tax_minor", "total_minor",
        "refunded_minor",
    )  # fmt: skip
    return SalesRow("", "", *(sum(getattr(row, name) for row in sales_rows) for name in fields))
