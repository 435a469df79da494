"""One search over all: orders, customers and articles, a few of each, and the way to all of them."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import QUERIES, patterns_of
from safar.catalogue.codes import variant_of_code
from safar.catalogue.decide import barcode_of
from safar.catalogue.pages import ProductRow
from safar.customers.pages import WantedCustomers, find_customers
from safar.kernel.database import Connection, rows
from safar.kernel.keyset import FIRST_ID
from safar.kernel.text import whole_number
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.pages import context_of, page, today_of
from safar.kernel.web.requests import see_other
from safar.orders.model import Order
from safar.orders.reading import order_of_number, orders_by_id
from safar.orders.words import STATES
from safar.owner.reading import shop_of
from safar.shop.console.find import OrderSearch, find_orders

_QUERY_CHARACTERS_MAX = 100
_SHOWN = 8


async def search_page(request: Request) -> Response:
    """Show what the words may mean; what only one thing can be is opened at once."""
    query = request.query_params.get("q", "").strip()[:_QUERY_CHARACTERS_MAX]
    if not query or not query.isprintable():
        return page(request, "console/search.html", {"query": "", "found": False})
    async with context_of(request).database.connection() as connection:
        if barcode_of(query) and (scanned := await variant_of_code(connection, query)):
            return see_other(f"/catalogue/variants/{scanned.id}")
        orders = await _orders(connection, request, query)
        customers = (await find_customers(connection, WantedCustomers(query)))[:_SHOWN]
        products = await _products(connection, query)
    if len(orders) == 1 and not customers and not products:
        return see_other(f"/orders/{orders[0].id}")
    values = {
        "query": query,
        "found": bool(orders or customers or products),
        "orders": orders,
        "states": STATES,
        "customers": customers,
        "products": products,
        "more": urlencode({"q": query}),
        "shown": _SHOWN,
    }
    return page(request, "console/search.html", values)


async def _orders(connection: Connection, request: Request, query: str) -> list[Order]:
    number = whole_number(query.removeprefix("#"))
    order_id = await order_of_number(connection, number) if number else None
    exact = list((await orders_by_id(connection, [order_id])).values()) if order_id else []
    context = context_of(request)
    orders = await find_orders(
        connection,
        OrderSearch(query=query),
        ship_days=(await shop_of(context)).ship_days,
        today=today_of(request),
        zone=context.settings.timezone,
    )
    return [*exact, *(order for order in orders if order.id != order_id)][:_SHOWN]


async def _products(connection: Connection, query: str) -> list[ProductRow]:
    params = {
        "after_title": "",
        "after_id": FIRST_ID,
        "patterns": patterns_of(query),
        "category": None,
        "published": None,
        "archived": None,
        "limit": _SHOWN,
    }
    return await rows(ProductRow, connection, QUERIES["catalogue_page"], params)


routes: list[BaseRoute] = [StaffRoute("/search", search_page, role="agent")]
