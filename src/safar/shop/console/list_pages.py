"""The list of orders: found, filtered, kept as views, told of what is new, taken away as a file."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.journal.actions import line
from safar.journal.live import LiveFeed
from safar.kernel.database import value
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.keyset import LAST_NUMBER, cut
from safar.kernel.text import whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import Fields
from safar.kernel.web.pages import context_of, page, render, today_of
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.kernel.web.requests import see_other
from safar.kernel.web.sse import ServerEvent, event_stream
from safar.orders.desk import known_tags, tags_by_order
from safar.orders.reading import order_of_number
from safar.orders.words import PAYMENT_STATES, STATES
from safar.owner.reading import shop_of
from safar.returns.reading import progress_of
from safar.returns.show import payment_word, state_word
from safar.shipments.show import is_late
from safar.shop.console.export import orders_csv
from safar.shop.console.filters import (
    filters_of,
    known_filters,
    order_search_of,
    remove_view,
    save_view,
    views_of,
)
from safar.shop.console.find import PAGE_SIZE, OrderSearch, count_orders, find_orders
from safar.shop.console.history import QUERIES

_VIEW_NAME_MAX = 60
_NUMBERS_TOLD = 10


async def orders_page(request: Request, wrong: Wrong = NOTHING) -> Response:
    """Show orders, newest first; a number in the search goes straight to its order."""
    actor, context = actor_of(request), context_of(request)
    wanted, shop, zone = order_search_of(request), await shop_of(context), context.settings.timezone
    async with context.database.connection() as connection:
        if (number := whole_number(wanted.query)) and (order_id := await order_of_number(connection, number)):
            return see_other(f"/orders/{order_id}")
        today, days = today_of(request), shop.ship_days
        orders = await find_orders(connection, wanted, ship_days=days, today=today, zone=zone)
        total = await count_orders(connection, wanted, ship_days=days, today=today, zone=zone)
        shown, last = cut(orders, PAGE_SIZE)
        ids = [order.id for order in shown]
        progress = await progress_of(connection, ids)
        tags = await tags_by_order(connection, ids)
        views = await views_of(connection, actor.id)
        all_tags = await known_tags(connection)
        newest = await value(connection, QUERIES["newest_number"])
    older = f"?{request.url.include_query_params(before=last.number).query}" if last else None
    filters = filters_of(wanted)
    values = {
        "orders": shown,
        "total": total,
        "state_word": state_word,
        "payment_word": payment_word,
        "wanted": wanted,
        "filters": filters,
        "states": STATES,
        "payments": PAYMENT_STATES,
        "older": older,
        "first": wanted.before is None,
        "progress": progress,
        "tags": tags,
        "all_tags": all_tags,
        "views": views,
        "tabs": _tabs(wanted),
        "late": {order.id for order in shown if is_late(order, shop, today_of(request), zone=zone)},
        "batch_id": new_id(),
        "told": _told(request),
        "may_manage": actor.may("manager"),
        "problem": wrong.first,
        # Who looks at older pages, or for something, is not called away from them.
        "live_url": f"/orders/news?after={newest}" if wanted.before is None and not wanted.query else None,
    }
    return page(request, "shop/console/orders.html", values, status=wrong.status)


def _tabs(wanted: OrderSearch) -> list[tuple[str, str, bool]]:
    """Return the views that everybody has as (label, address, whether it is this one)."""
    plain = not (wanted.late or wanted.with_returns)
    tabs = [(_("All"), "/orders", plain and not filters_of(wanted))]
    tabs += [
        (_(name), f"/orders?{urlencode({'state': state.value})}", plain and wanted.state == state)
        for state, name in STATES.items()
    ]
    tabs.append((_("Late"), "/orders?late=1", wanted.late))
    tabs.append((_("Open returns"), "/orders?returns=1", wanted.with_returns))
    return tabs


def _told(request: Request) -> tuple[int, int, Sequence[int]] | None:
    """Return how many orders of the last batch were done, how many were not, and the numbers of these."""
    query = request.query_params
    done, left = (whole_number(query.get(name, "")) for name in ("done", "left"))
    if done is None and left is None:
        return None
    numbers = [number for text in query.getlist("not") if (number := whole_number(text))]
    return done or 0, left or 0, numbers[:_NUMBERS_TOLD]


@posted(orders_page)
async def _save_view(request: Request, actor: Actor, fields: Fields) -> str:
    name = fields.text("name", length_max=_VIEW_NAME_MAX)
    filters = known_filters(fields.values.get("filters", ""))
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await save_view(connection, actor.id, name=name, filters=filters)
    return f"/orders?{filters}"


@posted(orders_page)
async def _remove_view(request: Request, actor: Actor, _fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        await remove_view(connection, parse_id(request.path_params["id"]), actor.id)
    return "/orders"


async def _news(request: Request) -> Response:
    after = whole_number(request.query_params.get("after", ""))
    return event_stream(_new_orders(request, min(after or LAST_NUMBER, LAST_NUMBER)))


async def _new_orders(request: Request, after: int) -> AsyncIterator[ServerEvent]:
    """Say how many orders came since the page was made: at once after a gap, then as they come."""
    database, last_count = context_of(request).database, 0
    async for event in _each_order(request):
        async with database.connection() as connection:
            count = await value(connection, QUERIES["newer_orders"], {"number": after})
        if count != last_count:
            last_count = count
            yield ServerEvent(render("shop/console/new_orders.html", {"count": count}), "new-orders", event)


async def _each_order(request: Request) -> AsyncIterator[int | None]:
    """Yield once, and again for each order that is placed: its event's id."""
    feed: LiveFeed = request.app.state.live
    async with context_of(request).database.connection() as connection:
        until = await line(connection)  # nothing that comes while the first answer is read is missed
    yield None
    async for event in feed.events(until, ("order",)):
        if event.name == "order.placed":
            yield event.id


routes: list[BaseRoute] = [
    StaffRoute("/orders", orders_page, role="agent"),
    StaffRoute("/orders.csv", orders_csv, role="manager"),
    StaffRoute("/orders/news", _news, role="agent"),
    StaffRoute("/orders/views", _save_view, role="agent", methods=["POST"]),
    StaffRoute("/orders/views/{id}/removed", _remove_view, role="agent", methods=["POST"]),
]
