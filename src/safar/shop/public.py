"""The shop's front: listing and search, product pages, the cart."""

import contextlib
from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from safar.customers.visitor import visitor_of
from safar.journal.actions import record_many
from safar.journal.model import Event
from safar.kernel.errors import Overloaded, SafarError
from safar.kernel.i18n import _, number
from safar.kernel.text import ascii_digits
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, error_text, page, wants_json
from safar.kernel.web.requests import see_other
from safar.shop import checkout_pages, order_pages
from safar.shop.cart import cart_id_of, cart_of, remember
from safar.shop.cart_lines import UNITS_MAX, add_line, lines_in_cart, set_line
from safar.shop.catalogue import PAGE_SIZE, categories, find_products, find_variant, product_of
from safar.shop.errors import OutOfStockError, UnknownProduct
from safar.shop.model import Listed, Product, Variant
from safar.shop.show import Stock, cart_views, category_name, stock_of, stock_text, total_of
from safar.stock import actions as stock
from safar.stock.model import Level, Place

_PAGES_MAX = 500


async def _listing(request: Request) -> Response:
    context, visitor = context_of(request), visitor_of(request)
    query = request.query_params.get("q", "").strip()[:100]
    category = request.query_params.get("category") or None
    at_page = _page_number(request)
    async with context.database.connection() as connection:
        all_categories = await categories(connection)
        category = category if category in all_categories else None
        found = await find_products(connection, query, category=category, page=at_page)
        levels = await stock.levels(connection, [id_ for item in found for id_ in item.variant_ids])
    values = {
        "query": query,
        "category": category,
        "category_name": category_name,
        "categories": all_categories,
        "items": [(item, _stock_of_listed(item, visitor.campaign_id, levels)) for item in found],
        "found": found[0].found if found else 0,
        "page": at_page,
        "pages": -(-found[0].found // PAGE_SIZE) if found else 0,
    }
    return page(request, "shop/listing.html", values)


async def _product(request: Request) -> Response:
    """Show a product; looking at it is an event."""
    visitor = visitor_of(request)
    product, variants = await _found(request, request.path_params["slug"])
    viewed = Event(
        name="product.viewed", customer_id=visitor.customer_id, campaign_id=visitor.campaign_id,
        subject_id=variants[0].id, properties={"variant_id": variants[0].id, "sku": variants[0].sku},
    )  # fmt: skip
    with contextlib.suppress(Overloaded):  # better a page that was not counted than no page
        await context_of(request).batched(record_many, viewed)
    return await _product_page(request, product, variants)


async def _found(request: Request, slug: str) -> tuple[Product, list[Variant]]:
    async with context_of(request).database.connection() as connection:
        return await product_of(connection, slug)


async def _product_page(
    request: Request,
    product: Product,
    variants: Sequence[Variant],
    *,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    campaign_id = visitor_of(request).campaign_id
    async with context_of(request).database.connection() as connection:
        levels = await stock.levels(connection, [variant.id for variant in variants])
    offers = [(variant, stock_of(variant.id, campaign_id, levels)) for variant in variants]
    values = {
        "product": product,
        "category_name": category_name,
        "offers": offers,
        "units_max": min(max(offer.free for _variant, offer in offers), UNITS_MAX),
        "problem": problem,
    }
    return page(request, "shop/product.html", values, status=status)


async def _cart(request: Request) -> Response:
    return await _cart_page(request)


async def _cart_page(request: Request, *, problem: str | None = None, status: int = 200) -> Response:
    cart, visitor = cart_of(request), visitor_of(request)
    async with context_of(request).database.connection() as connection:
        lines = await lines_in_cart(connection, cart.cart_id) if cart else []
        levels = await stock.levels(connection, [line.variant_id for line in lines])
    values = {
        "views": cart_views(lines, visitor.campaign_id, levels),
        "total": total_of(lines),
        "currency": lines[0].currency if lines else context_of(request).settings.currency,
        "units_max": UNITS_MAX,
        "problem": problem,
        "cart_count": sum(line.quantity for line in lines),
    }
    response = page(request, "shop/cart.html", values, status=status)
    if cart and cart.units != values["cart_count"]:
        remember(request, response, cart.cart_id, sum(line.quantity for line in lines))
    return response


async def _add(request: Request) -> Response:
    """Put units into the cart, if as many can still be bought."""
    fields = await read_fields(request)
    sku = fields.text("sku", length_max=64)
    quantity = fields.integer("quantity", least=1, most=UNITS_MAX) if "quantity" in fields.values else 1
    async with context_of(request).database.connection() as connection:
        variant = await find_variant(connection, sku) if "sku" not in fields.problems else None
    if variant is None:
        raise UnknownProduct
    try:
        fields.done()
        cart_id, units = await _put(request, variant, quantity)
    except SafarError as refused:
        if wants_json(request):
            raise
        problem = fields.problems.get("quantity") or error_text(refused)
        return await _product_page(
            request, *await _found(request, variant.slug), problem=problem, status=refused.status
        )
    answer: Response = JSONResponse({"units": units}, 201) if wants_json(request) else see_other("/cart")
    remember(request, answer, cart_id, units)
    return answer


async def _put(request: Request, variant: Variant, quantity: int) -> tuple[UUID, int]:
    """Return the cart and how many units are in it then."""
    visitor = visitor_of(request)
    async with context_of(request).database.transaction() as connection:
        levels = await stock.levels(connection, [variant.id])
        left = stock_of(variant.id, visitor.campaign_id, levels).free
        if quantity > left:
            raise OutOfStockError(left=number(left))
        cart_id = await add_line(connection, cart_id_of(request), visitor, variant, quantity)
        return cart_id, sum(line.quantity for line in await lines_in_cart(connection, cart_id))


async def _change(request: Request) -> Response:
    fields = await read_fields(request)
    quantity = fields.integer("quantity", least=0, most=UNITS_MAX)
    if fields.problems:
        return await _cart_page(request, problem=fields.problems["quantity"], status=422)
    return await _set(request, quantity)


async def _remove(request: Request) -> Response:
    return await _set(request, 0)


async def _set(request: Request, quantity: int) -> Response:
    cart = cart_of(request)
    async with context_of(request).database.transaction() as connection:
        variant = await find_variant(connection, request.path_params["sku"])
        if variant is None:
            raise UnknownProduct
        if cart and await set_line(connection, cart.cart_id, visitor_of(request), variant.id, quantity):
            units = sum(line.quantity for line in await lines_in_cart(connection, cart.cart_id))
        else:
            units = None
    if cart is None or units is None:
        return await _cart_page(request, problem=_("This is not in your cart any more."), status=409)
    response = see_other("/cart")
    remember(request, response, cart.cart_id, units)
    return response


def _page_number(request: Request) -> int:
    text = ascii_digits(request.query_params.get("page", "1"))
    return min(max(int(text), 1), _PAGES_MAX) if text.isdecimal() and len(text) < 5 else 1


def _stock_of_listed(item: Listed, campaign_id: UUID | None, levels: dict[Place, Level]) -> Stock:
    stocks = [stock_of(id_, campaign_id, levels) for id_ in item.variant_ids]
    return max(stocks, key=lambda one: one.free, default=stock_text(0, 0))


routes: list[BaseRoute] = [
    Route("/", _listing),
    Route("/p/{slug}", _product),
    Route("/cart", _cart),
    Route("/cart/lines", _add, methods=["POST"]),
    Route("/cart/lines/{sku}", _change, methods=["POST"]),
    Route("/cart/lines/{sku}/remove", _remove, methods=["POST"]),
    *checkout_pages.routes,
    *order_pages.routes,
]
