"""The cart as its visitor sees it, and the same for programs."""

from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.cart.actions import change_carts_many, set_codes_many
from safar.cart.cookie import cart_id_of, cart_of, remember
from safar.cart.decide import LINES_MAX, UNITS_MAX, Answer, CartChange, CartChanged, CartCode, CartRefused
from safar.cart.stock_words import stock_of
from safar.catalogue.actions import find_variant, variant_id_of
from safar.catalogue.errors import UnknownProduct
from safar.customers.visitor import blocks_cookies, visitor_of
from safar.gate.door.layer import turned_away
from safar.kernel.errors import InvalidInput, SafarError
from safar.kernel.i18n import number
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page, wants_json
from safar.kernel.web.requests import request_key, see_other
from safar.orders.errors import OutOfStock, TooManyOfProduct
from safar.orders.links import path_of
from safar.orders.model import Order
from safar.orders.ownership import orders_shown_to_browser
from safar.pricing.discounts import plain_code
from safar.pricing.model import Destination
from safar.pricing.places import country_name
from safar.shop.checkout.bill import bill_json, bill_of
from safar.shop.checkout.cart_now import cart_now, home_of
from safar.shop.checkout.errors import CodeProofNeeded, NotInCart, TooManyInCart
from safar.shop.checkout.guesses import work_before_code
from safar.shop.checkout.prove import to_prove
from safar.storefront.currency import currency_of
from safar.storefront.product_pages import product_page

_SKU_CHARACTERS_MAX = 64
_CODE_CHARACTERS_MAX = 40
_ORDERS_MAX = 3


async def _cart(request: Request) -> Response:
    return await _answer(request)


async def _answer(
    request: Request, *, problem: str | None = None, code_problem: str | None = None, status: int = 200
) -> Response:
    basket = await cart_now(request)
    bill = await bill_of(context_of(request), basket, Destination(home_of(request)))
    if wants_json(request):
        response: Response = Response(orjson.dumps(bill_json(bill)), status, media_type="application/json")
    else:
        values = {
            "bill": bill,
            "basket": basket,
            "units_max": UNITS_MAX,
            "problem": problem,
            "code_problem": code_problem or bill.refusal_text,
            "stock_of": stock_of,
            "country_name": country_name,
            "cart_count": basket.units,
            "cookies_blocked": blocks_cookies(request),
            "orders": await _recent_orders(request) if not basket.lines else [],
        }
        response = page(request, "shop/cart.html", values, status=status)
    cart = cart_of(request)
    if cart and cart.units != basket.units:
        remember(request, response, cart.cart_id, basket.units)
    return response


async def _recent_orders(request: Request) -> list[tuple[Order, str]]:
    """Return the newest orders of this browser with the way to them: an empty cart may have become one."""
    context, visitor = context_of(request), visitor_of(request)
    if not visitor.returned:
        return []
    async with context.database.connection() as connection:
        orders = await orders_shown_to_browser(connection, visitor.visitor_id, limit=_ORDERS_MAX)
    return [(order, path_of(context, order.id)) for order in orders]


async def _add(request: Request) -> Response:
    """Put units into the cart, if as many can still be bought."""
    fields = await read_fields(request)
    sku = fields.text("sku", length_max=_SKU_CHARACTERS_MAX)
    quantity = fields.integer("quantity", least=1, most=UNITS_MAX) if "quantity" in fields.values else 1
    if away := turned_away(request, [variant_id_of(sku)]):
        return away
    change = CartChange(
        _key(request, fields),
        cart_id_of(request),
        visitor_of(request),
        sku,
        quantity,
        "add",
        currency_of(request),
    )
    if "sku" in fields.problems:
        raise UnknownProduct
    try:
        fields.done()
        done = _done(await context_of(request).batched(change_carts_many, change), change.variant_id)
    except UnknownProduct:
        raise
    except SafarError as refused:
        return await _not_added(request, sku, refused)
    return await _changed(request, done, 201)


async def _not_added(request: Request, sku: str, refused: SafarError) -> Response:
    """Show the product again with what is wrong."""
    async with context_of(request).database.connection() as connection:
        variant = await find_variant(connection, sku)
    if variant is None or not variant.published:
        raise UnknownProduct
    if wants_json(request):
        raise refused
    problem = refused.problems.get("quantity") if isinstance(refused, InvalidInput) else None
    return await product_page(
        request, variant.slug, problem=problem or error_text(refused), sku=variant.sku, status=refused.status
    )


async def _change(request: Request) -> Response:
    fields = await read_fields(request)
    return await _set(request, fields, fields.integer("quantity", least=0, most=UNITS_MAX))


def _key(request: Request, fields: Fields) -> UUID:
    return request_key(request, fields, "cart change", visitor_of(request).visitor_id)


async def _remove(request: Request) -> Response:
    return await _set(request, await read_fields(request), 0)


async def _set(request: Request, fields: Fields, quantity: int) -> Response:
    cart, sku = cart_of(request), request.path_params["sku"]
    change = CartChange(
        _key(request, fields),
        cart.cart_id if cart else UUID(int=0),
        visitor_of(request),
        sku,
        quantity,
        "set",
        currency_of(request),
    )
    try:
        fields.done()
        if not sku.isprintable() or len(sku) > _SKU_CHARACTERS_MAX:
            raise UnknownProduct
        done = _done(await context_of(request).batched(change_carts_many, change), change.variant_id)
    except UnknownProduct:
        raise
    except SafarError as refused:
        return await _refused(request, refused)
    return await _changed(request, done)


async def _set_code(request: Request) -> Response:
    """Put a discount code into the cart, or take it out with an empty one."""
    fields = await read_fields(request)
    code = plain_code(fields.text("code", length_max=_CODE_CHARACTERS_MAX, required=False))
    cart = cart_of(request)
    try:
        key = _key(request, fields)
        fields.done()
        if cart is None:
            raise NotInCart
        if bits := await work_before_code(request, fields, code):
            return to_prove(request, fields.values, bits, CodeProofNeeded())
        done = _done(
            await context_of(request).batched(
                set_codes_many, CartCode(key, cart.cart_id, visitor_of(request), code)
            )
        )
    except SafarError as refused:
        return await _refused(request, refused)
    return await _changed(request, done)


async def _refused(request: Request, refused: SafarError) -> Response:
    if wants_json(request):
        raise refused
    problems = refused.problems if isinstance(refused, InvalidInput) else {}
    text = next(iter(problems.values()), None) or error_text(refused)
    on_code = request.url.path.endswith("/code")
    return await _answer(
        request,
        problem=None if on_code else text,
        code_problem=text if on_code else None,
        status=refused.status,
    )


async def _changed(request: Request, done: CartChanged, status: int = 200) -> Response:
    """Answer with the cart as it is now: programs get it at once, browsers go and look."""
    if wants_json(request):
        body = {"units": done.units}
        answer: Response = Response(orjson.dumps(body), status, media_type="application/json")
    else:
        answer = see_other("/cart")
    remember(request, answer, done.cart_id, done.units)
    return answer


def _done(answer: Answer, variant_id: UUID | None = None) -> CartChanged:
    """Return what was done. Raises what is to be told when it was refused."""
    if isinstance(answer, CartChanged):
        return answer
    raise _error(answer, variant_id)


def _error(refused: CartRefused, variant_id: UUID | None) -> SafarError:
    if refused.reason == "out_of_stock" and variant_id is not None:
        return OutOfStock({variant_id: refused.left})
    if refused.reason == "too_many":
        return TooManyInCart(units=number(UNITS_MAX), lines=number(LINES_MAX))
    if refused.reason == "too_many_of_product":
        return TooManyOfProduct(refused.left, refused.title)
    return NotInCart() if refused.reason == "not_in_cart" else UnknownProduct()


routes: list[BaseRoute] = [
    PublicRoute("/cart", _cart, why="the cart of the signed cookie"),
    PublicRoute("/cart/code", _set_code, why="the cart of the signed cookie", methods=["POST"]),
    PublicRoute("/cart/lines", _add, why="the cart of the signed cookie", methods=["POST"]),
    PublicRoute("/cart/lines/{sku}", _change, why="the cart of the signed cookie", methods=["POST"]),
    PublicRoute("/cart/lines/{sku}/remove", _remove, why="the cart of the signed cookie", methods=["POST"]),
]
