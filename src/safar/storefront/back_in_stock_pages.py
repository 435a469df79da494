"""Asking to be told when something is back, and confirming it from the mail."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.catalogue.actions import find_variant
from safar.catalogue.errors import UnknownProduct
from safar.customers.visitor import visitor_of
from safar.gate.door.limits import bucket_of
from safar.kernel.errors import BadRequest
from safar.kernel.i18n import current_language
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import read_fields
from safar.kernel.web.pages import context_of, page, wants_json
from safar.kernel.web.requests import client_address, request_key, see_other
from safar.storefront.back_in_stock import PURPOSE, ask, cancel_requests_many, confirm, find_request
from safar.storefront.errors import UnknownBackRequest
from safar.storefront.model import BackInStockRequest, BackRequest
from safar.storefront.product_pages import product_page

_SKU_MAX = 64
_SIGNED_CHARACTERS_MAX = 200


async def _ask(request: Request) -> Response:
    """Take an address; a wrong one is told on the product's page."""
    context, visitor, fields = context_of(request), visitor_of(request), await read_fields(request)
    sku, email, key = (
        fields.text("sku", length_max=_SKU_MAX),
        fields.email("email"),
        request_key(request, fields, "back in stock", visitor_of(request).visitor_id),
    )
    async with context.database.connection() as connection:
        variant = await find_variant(connection, sku) if sku and "sku" not in fields.problems else None
    if variant is None or not variant.published:
        raise UnknownProduct
    if fields.problems and not wants_json(request):
        problem = fields.problems.get("email") or next(iter(fields.problems.values()))
        return await product_page(
            request, variant.slug, email_problem=problem, typed=email, sku=variant.sku, status=422
        )
    fields.done()
    asked = BackRequest(
        key=key,
        variant_id=variant.id,
        customer_id=visitor.customer_id,
        email=email,
        language=current_language(),
        campaign_id=visitor.campaign_id,
        network=bucket_of(client_address(request)),
    )
    async with context.database.transaction() as connection:
        state = await ask(context, connection, asked)
    if wants_json(request):
        return JSONResponse({"state": state}, 202)
    return see_other(f"/back-in-stock?state={state}&product={variant.slug}")


async def _noted(request: Request) -> Response:
    """Say what happens next; the same for everybody, so that it tells nothing of an address."""
    state = request.query_params.get("state", "asked")
    slug = request.query_params.get("product", "")
    known = slug.replace("-", "").isalnum() and len(slug) <= 200
    values = {"state": state if state in ("asked", "confirmed") else "asked", "slug": slug if known else ""}
    return page(request, "storefront/back_noted.html", values)


async def _show(request: Request) -> Response:
    """Show the request with its buttons; a mail reader that fetches links ahead changes nothing."""
    async with context_of(request).database.connection() as connection:
        return _request_page(request, await find_request(connection, _request_id(request)))


async def _confirm(request: Request) -> Response:
    async with context_of(request).database.transaction() as connection:
        browser = visitor_of(request).customer_id
        return _request_page(request, await confirm(connection, _request_id(request), browser=browser))


async def _cancel(request: Request) -> Response:
    async with context_of(request).database.transaction() as connection:
        return _request_page(request, (await cancel_requests_many(connection, [_request_id(request)]))[0])


def _request_page(request: Request, waiting: BackInStockRequest) -> Response:
    values = {"waiting": waiting, "signed": request.path_params["signed"]}
    return page(request, "storefront/back_request.html", values)


def _request_id(request: Request) -> UUID:
    signed = request.path_params["signed"]
    if len(signed) > _SIGNED_CHARACTERS_MAX:
        raise UnknownBackRequest
    try:
        return UUID(str(context_of(request).vault.unsign(PURPOSE, signed)))
    except (BadRequest, ValueError):
        raise UnknownBackRequest from None


routes: list[BaseRoute] = [
    PublicRoute(
        "/back-in-stock", _ask, why="anybody may ask; the address has to confirm it", methods=["POST"]
    ),
    PublicRoute("/back-in-stock", _noted, why="says only what happens next"),
    PublicRoute("/back-in-stock/{signed}", _show, why="whoever has the signed link"),
    PublicRoute("/back-in-stock/{signed}", _confirm, why="whoever has the signed link", methods=["POST"]),
    PublicRoute(
        "/back-in-stock/{signed}/cancel", _cancel, why="whoever has the signed link", methods=["POST"]
    ),
]
