"""Payments and refunds of a time as a file: a row each, as a bookkeeper wants them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.clock import day_start
from safar.kernel.context import Context
from safar.kernel.i18n import N_, _
from safar.kernel.keyset import FIRST_ID, cut
from safar.kernel.money import Money
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.csv_answer import Row, csv_answer, csv_moment
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, today_of
from safar.payments.books.model import MoneyEntry
from safar.payments.books.reading import money_entries
from safar.payments.registry import KINDS
from safar.payments.words import REASONS

_ROWS_READ = 500
_COLUMNS = (
    N_("Date"), N_("Type"), N_("Order"), N_("Customer"), N_("Amount"), N_("Currency"), N_("Paid by"),
    N_("Reference"), N_("Reason"),
)  # fmt: skip
_TYPES = {"payment": N_("Payment"), "refund": N_("Refund")}


async def _payments_csv(request: Request) -> Response:
    """Send what came in and what went back on these days; this month's without any."""
    context, fields = context_of(request), Fields(dict(request.query_params))
    since, until = fields.day("from"), fields.day("to")
    fields.done()
    zone, today = context.settings.timezone, today_of(request)
    first = day_start(since or today.replace(day=1), zone)
    end = day_start((until or today) + timedelta(days=1), zone)
    event = Event(name="payments.exported", staff_id=actor_of(request).id)
    async with context.database.transaction() as connection:
        await append_many(connection, [event])
    header = [_(name) for name in _COLUMNS]
    return csv_answer("payments", _pages(context, first, end), header=header)


async def _pages(context: Context, first: datetime, end: datetime) -> AsyncIterator[Sequence[Row]]:
    after: tuple[datetime, UUID] = (first, FIRST_ID)
    while True:
        async with context.database.connection() as connection:
            entries = await money_entries(connection, first, end, after=after, limit=_ROWS_READ + 1)
        shown, last = cut(entries, _ROWS_READ)
        yield [_row(entry, context.settings.timezone) for entry in shown]
        if last is None:
            return
        after = (last.at, last.id)


def _row(entry: MoneyEntry, zone: str) -> Row:
    kind = KINDS.get(entry.provider)
    return [
        csv_moment(entry.at, zone),
        _(_TYPES[entry.kind]),
        entry.number,
        entry.name or "",
        Money(entry.amount_minor, entry.currency).major(),
        entry.currency,
        _(kind.label) if kind else entry.provider,
        entry.reference,
        _(REASONS[entry.reason]) if entry.reason in REASONS else entry.reason,
    ]


routes: list[BaseRoute] = [StaffRoute("/payments.csv", _payments_csv, role="manager")]
