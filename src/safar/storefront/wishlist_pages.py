"""A visitor's wishlist, kept in a signed cookie, and the link by which others can look at it."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.cart.cookie import cart_id_of, remember
from safar.cart.decide import CartChange, CartRefused
from safar.catalogue.errors import UnknownProduct
from safar.customers.visitor import visitor_of
from safar.kernel.errors import BadRequest
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id, new_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.cookies import cookie_of, cookie_set
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, page, wants_json
from safar.kernel.web.requests import request_key, see_other
from safar.storefront.currency import currency_of
from safar.storefront.errors import UnknownWishlist
from safar.storefront.public import visit_of
from safar.storefront.wishlist import (
    WishChange,
    change_wishlist,
    move_to_cart,
    share_wishlist,
    shared_by,
    wishes,
    wishlist_link,
)

COOKIE = "wishlist"
_PURPOSE = "wishlist"
_SHARED = "shared wishlist"
_YEAR_S = 365 * 24 * 3600
_SIGNED_CHARACTERS_MAX = 200
_SKU_MAX = 64


async def _own(request: Request) -> Response:
    return await _page(request, _id_of(request))


async def _shared(request: Request) -> Response:
    """Show somebody's list to whom they gave its link: to look at, not to change."""
    link_id, wishlist_id = _unsigned(request, _SHARED, request.path_params["signed"]), None
    if link_id is not None:
        async with context_of(request).database.connection() as connection:
            wishlist_id = await shared_by(connection, link_id)
    if wishlist_id is None:
        raise UnknownWishlist
    return await _page(request, wishlist_id, shared=True)


async def _page(
    request: Request,
    wishlist_id: UUID | None,
    *,
    shared: bool = False,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    context = context_of(request)
    listed, link, until = [], "", None
    if wishlist_id is not None:
        async with context.database.connection() as connection:
            listed = await wishes(connection, wishlist_id, visit_of(request))
            given = None if shared else await wishlist_link(connection, wishlist_id)
        if given is not None:
            link, until = f"/wishlist/{context.vault.sign(_SHARED, given.link_id.hex)}", given.link_until
    values = {
        "wishes": listed,
        "shared": shared,
        "until": until,
        "link": context.settings.public_url + link if link else "",
        "path_to_share": link,
        "currency": currency_of(request),
        "problem": problem,
    }
    return page(request, "storefront/wishlist.html", values, status=status)


async def _share(request: Request) -> Response:
    """Make a link by which others may look; the one before opens nothing any more."""
    fields = await read_fields(request)
    key = _key(request, fields)
    fields.done()
    return await _set_link(request, derived_id("wishlist link", key))


async def _unshare(request: Request) -> Response:
    return await _set_link(request, None)


async def _set_link(request: Request, link_id: UUID | None) -> Response:
    context, wishlist_id = context_of(request), _id_of(request)
    if wishlist_id is None:
        raise UnknownWishlist
    async with context.database.transaction() as connection:
        days = context.settings.wishlist_link_days
        await share_wishlist(connection, wishlist_id, visitor_of(request), link_id=link_id, days=days)
    return see_other("/wishlist")


async def _add(request: Request) -> Response:
    return await _change(request, "add")


async def _remove(request: Request) -> Response:
    return await _change(request, "remove")


async def _change(request: Request, how: str) -> Response:
    fields = await read_fields(request)
    sku = request.path_params.get("sku") or fields.text("sku", length_max=_SKU_MAX)
    key = _key(request, fields)
    fields.done()
    own = _id_of(request)
    if own is None and how == "remove":
        raise UnknownWishlist
    wishlist_id = own or new_id()
    change = WishChange(key, wishlist_id, visitor_of(request), sku, "add" if how == "add" else "remove")
    async with context_of(request).database.transaction() as connection:
        await change_wishlist(connection, change)
    answer: Response = JSONResponse({"sku": sku}, 201 if how == "add" else 200)
    if not wants_json(request):
        answer = see_other("/wishlist")
    _remember(request, answer, wishlist_id)
    return answer


async def _to_cart(request: Request) -> Response:
    """Move one unit into the cart; it stays on the list when it cannot be had."""
    fields = await read_fields(request)
    key, wishlist_id = _key(request, fields), _id_of(request)
    fields.done()
    if wishlist_id is None:
        raise UnknownWishlist
    change = CartChange(
        key=key,
        cart_id=cart_id_of(request),
        visitor=visitor_of(request),
        sku=request.path_params["sku"],
        quantity=1,
        how="add",
        currency=currency_of(request),
    )
    async with context_of(request).database.transaction() as connection:
        answer = await move_to_cart(connection, wishlist_id, change)
    if isinstance(answer, CartRefused):
        if answer.reason == "unknown_product":
            raise UnknownProduct
        problem = _("This cannot be put into the cart at the moment: there is not enough of it.")
        return await _page(request, wishlist_id, problem=problem, status=409)
    response = see_other("/cart")
    remember(request, response, answer.cart_id, answer.units)
    return response


def _key(request: Request, fields: Fields) -> UUID:
    return request_key(request, fields, "wishlist change", visitor_of(request).visitor_id)


def _id_of(request: Request) -> UUID | None:
    return _unsigned(request, _PURPOSE, cookie_of(request.scope, context_of(request).settings, COOKIE) or "")


def _unsigned(request: Request, purpose: str, signed: str) -> UUID | None:
    if not signed or len(signed) > _SIGNED_CHARACTERS_MAX:
        return None
    try:
        return UUID(str(context_of(request).vault.unsign(purpose, signed)))
    except (BadRequest, ValueError):
        return None


def _remember(request: Request, response: Response, wishlist_id: UUID) -> None:
    context = context_of(request)
    text = context.vault.sign(_PURPOSE, wishlist_id.hex)
    response.headers.append("set-cookie", cookie_set(context.settings, COOKIE, text, life_s=_YEAR_S))


routes: list[BaseRoute] = [
    PublicRoute("/wishlist", _own, why="the wishlist of the signed cookie"),
    PublicRoute("/wishlist", _add, why="the wishlist of the signed cookie", methods=["POST"]),
    PublicRoute("/wishlist/link", _share, why="the wishlist of the signed cookie", methods=["POST"]),
    PublicRoute("/wishlist/link/end", _unshare, why="the wishlist of the signed cookie", methods=["POST"]),
    PublicRoute("/wishlist/{sku}/remove", _remove, why="the wishlist of the signed cookie", methods=["POST"]),
    PublicRoute(
        "/wishlist/{sku}/cart",
        _to_cart,
        why="the wishlist and the cart of the signed cookies",
        methods=["POST"],
    ),
    PublicRoute("/wishlist/{signed}", _shared, why="whoever has the signed link may look"),
]
