"""Low stock, told to who looks after it: one mail with all of it, and the page that says who that is."""

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.channels.actions import queue_many
from safar.channels.model import EMAIL, Author, Outgoing
from safar.kernel.context import Context
from safar.kernel.database import transaction
from safar.kernel.i18n import _, ngettext, number, speaking
from safar.kernel.ids import derived_id, parse_id
from safar.kernel.keyset import FIRST_ID, LAST_ID, cut
from safar.kernel.loops import Loop
from safar.kernel.setbacks import nobodys_fault, note
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, page
from safar.kernel.web.requests import see_other
from safar.settings import Settings
from safar.stock.purchasing import suppliers
from safar.stock.purchasing.errors import UnknownSupplier
from safar.stock.purchasing.suppliers import supplier
from safar.stock.replenish.actions import set_watcher, take_untold
from safar.stock.replenish.decide import watchers_of
from safar.stock.replenish.model import Low
from safar.stock.replenish.reading import watchers
from safar.team.actions import all_staff
from safar.team.model import Staff

_LOOK_S = 30.0
_LINES_MAX = 40
_ROWS = 50


def loops(context: Context) -> list[Loop]:
    """Return the loop that tells staff what has run low."""

    async def tell() -> bool:
        return await tell_low(context)

    return [Loop("console.low_stock", tell, _LOOK_S)]


async def tell_low(context: Context) -> bool:
    """Write to everybody who looks after something that has run low and was not told yet."""
    async with context.database.transaction() as connection:
        lows = await take_untold(connection)
        if not lows:
            return False
        staff = {member.id: member for member in await all_staff(connection) if member.disabled_at is None}
        managers = [member.id for member in staff.values() if member.role in ("manager", "owner")]
        watching = {who: member for who, member in (await watchers(connection)).items() if member in staff}
        low_by_staff = watchers_of([(low.variant_id, low.supplier_id) for low in lows], watching, managers)
        by_id = {low.variant_id: low for low in lows}
        failed: dict[UUID, Exception] = {}
        for staff_id, ids in low_by_staff.items():
            try:
                async with transaction(connection):
                    lows_of = [by_id[variant_id] for variant_id in ids]
                    await queue_many(connection, [mail_to(staff[staff_id], lows_of, context.settings)])
            except Exception as error:  # the others are told all the same
                if nobodys_fault(error):
                    raise
                failed[staff_id] = error
    for staff_id, problem in failed.items():
        await note(context.database, "console.low_stock", staff_id, problem)
    return False


def mail_to(who: Staff, lows: Sequence[Low], settings: Settings) -> Outgoing:
    """Return the mail that tells a member of staff what has run low, the most urgent first."""
    with speaking(settings.language):
        lines = [_line(low) for low in lows[:_LINES_MAX]]
        if len(lows) > _LINES_MAX:
            more = len(lows) - _LINES_MAX
            lines.append(ngettext("… and %(num)s more", "… and %(num)s more", more))
        parts = [
            _("Hello %(name)s,", name=who.name or who.email),
            ngettext("%(num)s article has run low:", "%(num)s articles have run low:", len(lows)),
            "\n".join(lines),
            _("What to buy, and why: %(link)s", link=f"{settings.console_url}/stock/suggestions"),
        ]
        return Outgoing(
            message_id=derived_id("low stock", who.id, *(f"{low.variant_id}{low.low_since}" for low in lows)),
            channel_id=EMAIL,
            author=Author.SHOP,
            customer_id=None,
            staff_id=who.id,
            address=who.email,
            subject=ngettext("%(num)s article runs low", "%(num)s articles run low", len(lows)),
            body="\n\n".join(parts) + "\n",
            language=settings.language,
        )


def _line(low: Low) -> str:
    text = _(
        "%(sku)s %(title)s: %(free)s free, %(coming)s coming, reorder point %(point)s; to buy: %(quantity)s",
        sku=low.sku,
        title=low.title,
        free=number(low.free),
        coming=number(low.incoming),
        point=number(low.reorder_point),
        quantity=number(low.quantity),
    )
    return f"• {text} ({low.supplier})" if low.supplier else f"• {text}"


async def _watchers(request: Request) -> Response:
    """Show who is told when something of a supplier runs low."""
    after = request.query_params.get("after", "")[:200]
    async with context_of(request).database.connection() as connection:
        staff = [member for member in await all_staff(connection) if member.disabled_at is None]
        listed = await suppliers(connection, after=(after, LAST_ID if after else FIRST_ID), limit=_ROWS + 1)
        shown, last = cut(listed, _ROWS)
        values = {
            "suppliers": shown,
            "first": not after,
            "next": f"/stock/watchers?{urlencode({'after': last.name})}" if last else None,
            "watchers": await watchers(connection),
            "staff_choices": [
                ("", _("All managers")),
                *((member.id, member.name or member.email) for member in staff),
            ],
        }
    return page(request, "console/watchers.html", values)


async def _watch(request: Request) -> Response:
    """Say who looks after a supplier."""
    actor = actor_of(request)
    supplier_id = parse_id(request.path_params["id"])
    fields = await read_fields(request)
    chosen = fields.values.get("staff_id", "")
    async with context_of(request).database.transaction() as connection:
        staff = {
            str(member.id): member.id for member in await all_staff(connection) if member.disabled_at is None
        }
        watcher: UUID | None = staff.get(chosen)
        if chosen and watcher is None:
            fields.problems["staff_id"] = _("Choose one of the options.")
        fields.done()
        if await supplier(connection, supplier_id) is None:
            raise UnknownSupplier
        await set_watcher(connection, supplier_id, watcher, staff_id=actor.id)
    return see_other("/stock/watchers")


routes: list[BaseRoute] = [
    StaffRoute("/stock/watchers", _watchers, role="manager"),
    StaffRoute("/stock/watchers/{id}", _watch, role="manager", methods=["POST"]),
]
