"""The sales report: what was sold in a time, as a plot, a table and a file."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.i18n import N_, _, current_language, day, direction, money, number
from safar.kernel.money import Money
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.csv_answer import Row, csv_answer
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page, today_of
from safar.pricing.places import country_name
from safar.shop.console.channel import CHANNELS
from safar.shop.console.export import note_export
from safar.shop.console.plot import plot
from safar.shop.console.sales import (
    BY,
    DAYS_MAX,
    IN_TIME,
    SalesRow,
    Span,
    currencies_sold,
    in_time,
    sales,
    sales_sums,
)

_DAYS_SHOWN = 30
_BARS_MAX = 120
_RATE_WHOLE = 100_000
BY_NAMES = {
    "day": N_("Day"),
    "week": N_("Week"),
    "product": N_("Product"),
    "country": N_("Country"),
    "tax": N_("Tax rate"),
    "channel": N_("Channel"),
}
_COLUMNS = (
    N_("Orders"), N_("Items"), N_("Goods"), N_("Discounts"), N_("Delivery"), N_("Tax"), N_("Total"),
    N_("Refunded"),
)  # fmt: skip


def _asked(request: Request) -> tuple[Span, str]:
    """Return the days and the breakdown that are asked for: the last thirty days by day, without any."""
    fields = Fields(dict(request.query_params))
    today = today_of(request)
    last = fields.day("to") or today
    first = fields.day("from") or last - timedelta(days=_DAYS_SHOWN - 1)
    if first > last:
        first, last = last, first
    first = max(first, last - timedelta(days=DAYS_MAX - 1))
    by = request.query_params.get("by", "")
    return Span(first, last), by if by in BY else "day"


async def _report(request: Request, span: Span, by: str) -> tuple[Sequence[SalesRow], str, Sequence[str]]:
    """Return the rows, the currency they are in, and the currencies there are."""
    settings = context_of(request).settings
    async with context_of(request).database.connection() as connection:
        currencies = await currencies_sold(connection, span, zone=settings.timezone)
        wanted = request.query_params.get("currency", "")
        currency = wanted if wanted in currencies else next(iter(currencies), settings.currency)
        sales_rows = await sales(connection, span, by, currency=currency, zone=settings.timezone)
    return (in_time(sales_rows, span, by) if by in IN_TIME else sales_rows), currency, currencies


async def _sales(request: Request) -> Response:
    span, by = _asked(request)
    sales_rows, currency, currencies = await _report(request, span, by)
    names = [_name(row, by) for row in sales_rows]
    labels = [
        f"{name}: {money(row.total_minor, currency)}" for name, row in zip(names, sales_rows, strict=True)
    ]
    drawn = None
    if 1 < len(sales_rows) <= _BARS_MAX:
        mirrored = direction(current_language()) == "rtl"
        drawn = plot([row.total_minor for row in sales_rows], names, labels, mirrored=mirrored)
    link = {"from": span.first.isoformat(), "to": span.last.isoformat(), "currency": currency}
    values = {
        "span": span,
        "by": by,
        "by_name": _(BY_NAMES[by]),
        "breakdowns": [
            (key, _(name), f"/sales?{urlencode({**link, 'by': key})}") for key, name in BY_NAMES.items()
        ],
        "rows": list(zip(names, sales_rows, strict=True)),
        "sums": sales_sums(sales_rows),
        "of_goods": by in ("product", "tax"),
        "plot": drawn,
        "currency": currency,
        "currencies": currencies,
        "file": f"/sales.csv?{urlencode({**link, 'by': by})}",
        "spans": _spans(today_of(request), by),
    }
    return page(request, "shop/console/sales.html", values)


def _spans(today: date, by: str) -> list[tuple[str, str]]:
    """Return the times that are asked for most, as (label, address)."""
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    spans = [
        (_("Last 7 days"), today - timedelta(days=6), today),
        (_("Last 30 days"), today - timedelta(days=29), today),
        (_("This month"), month, today),
        (_("Last month"), before, month - timedelta(days=1)),
        (_("This year"), today.replace(month=1, day=1), today),
    ]
    return [
        (label, f"/sales?{urlencode({'from': first.isoformat(), 'to': last.isoformat(), 'by': by})}")
        for label, first, last in spans
    ]


def _name(row: SalesRow, by: str) -> str:
    if by in IN_TIME:
        return day(date.fromisoformat(row.key))
    if by == "country":
        return country_name(row.key) if row.key else _("Unknown")
    if by == "channel":
        return _(CHANNELS[row.key])
    if by == "tax":
        return f"{number(100 * int(row.key) / _RATE_WHOLE)} % ({row.name})"
    return f"{row.name} ({row.key})"


async def _sales_csv(request: Request) -> Response:
    span, by = _asked(request)
    sales_rows, currency, _currencies = await _report(request, span, by)
    await note_export(context_of(request), f"sales by {by}", actor_of(request).id)
    header = [_(BY_NAMES[by]), *(_(name) for name in _COLUMNS), _("Currency")]
    return csv_answer(f"sales-{span.first}-{span.last}", _one_page(sales_rows, by, currency), header=header)


async def _one_page(sales_rows: Sequence[SalesRow], by: str, currency: str) -> AsyncIterator[Sequence[Row]]:
    yield [
        [
            row.key if by in IN_TIME else _name(row, by),
            row.orders,
            row.units,
            *(
                Money(minor, currency).major()
                for minor in (
                    row.goods_minor,
                    row.discount_minor,
                    row.shipping_minor,
                    row.tax_minor,
                    row.total_minor,
                    row.refunded_minor,
                )
            ),
            currency,
        ]
        for row in sales_rows
    ]


routes: list[BaseRoute] = [
    StaffRoute("/sales", _sales, role="manager"),
    StaffRoute("/sales.csv", _sales_csv, role="manager"),
]
