"""Goods bought in one request, for programs: one SKU, or several lines."""

from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.cart.decide import LINES_MAX, UNITS_MAX
from safar.catalogue.actions import variant_id_of, variants_by_id
from safar.catalogue.words import titles_in
from safar.customers.visitor import visitor_of
from safar.kernel.context import Context
from safar.kernel.i18n import _
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import Fields, read_fields, read_json
from safar.kernel.web.pages import context_of, error_text, wants_json
from safar.orders.errors import REFUSALS, OutOfStock, PriceChanged, ProveFirst, Refusal
from safar.orders.links import link_shown
from safar.orders.reading import orders_by_id
from safar.shop.checkout.buyer import buyer_of, order_proof
from safar.shop.checkout.cart_now import home_of
from safar.shop.checkout.errors import CodeProofNeeded
from safar.shop.checkout.form import choices_of, details_of, order_request, read_order_key
from safar.shop.checkout.guesses import work_before_code
from safar.shop.checkout.prove import to_prove
from safar.shop.checkout.take_order import is_kept, not_kept, take_order, taken_json

_SKU_CHARACTERS_MAX = 64
_OWN = "en"  # in which the catalogue's own titles are taken to be, so that most orders ask for no others


async def _buy(request: Request) -> Response:
    """Take an order of `sku` and `quantity`, or of `lines` of them; `id` makes it safe to send again."""
    context = context_of(request)
    fields = await read_fields(request)
    key = read_order_key(fields, "id")
    lines = await _lines(request, fields)
    currency = fields.text("currency", length_max=3, required=False).upper() or None
    choices = choices_of(fields, home=home_of(request))
    details = details_of(fields, choices.to.country)
    fields.done()
    asked = order_request(
        context,
        visitor_of(request),
        buyer_of(request, fields),
        key,
        lines=lines,
        details=details,
        choices=choices,
        currency=currency,
        cart_id=None,
    )
    if asked.language != _OWN:
        asked.titles = await _titles(context, lines, asked.language)
    bits = await work_before_code(request, fields, asked.discount_code)
    if bits and not await _is_known(context, asked.order_id):
        return to_prove(request, fields.values, bits, CodeProofNeeded())
    try:
        taken = await take_order(context, asked)
    except REFUSALS as refusal:
        return _json(_refusal_json(request, refusal), refusal.status)
    if is_kept(taken):
        return _json(taken_json(taken, link_shown(context, taken.order_id)), 201)
    ended = not_kept(taken)
    order = {"order": str(taken.order_id), "number": str(taken.number), "reason": taken.reason or ""}
    return _json({"error": ended.code, "message": error_text(ended), **order}, ended.status)


def _refusal_json(request: Request, refusal: Refusal) -> dict[str, object]:
    """Return a refusal for programs, with what they need to ask again."""
    body: dict[str, object] = {"error": refusal.code, "message": error_text(refusal)}
    match refusal:
        case OutOfStock():
            body["left"] = min(refusal.left.values(), default=0)
        case ProveFirst():
            body |= order_proof(request, refusal.bits)
        case PriceChanged():
            body |= {"total_minor": refusal.total_minor, "currency": refusal.currency}
    return body


async def _titles(context: Context, lines: dict[UUID, int], language: str) -> dict[UUID, str]:
    """Return what the variants are called in the customer's language."""
    async with context.database.connection() as connection:
        variants = await variants_by_id(connection, lines)
        return await titles_in(connection, variants.values(), language)


async def _is_known(context: Context, order_id: UUID) -> bool:
    async with context.database.connection() as connection:
        return bool(await orders_by_id(connection, [order_id]))


async def _lines(request: Request, fields: Fields) -> dict[UUID, int]:
    """Return the units of each variant; problems stay in `fields`."""
    if "lines" not in fields.values:
        return dict([_line(fields, fields)])
    given = (await read_json(request))["lines"] if wants_json(request) else None
    if not isinstance(given, list) or not 0 < len(given) <= LINES_MAX:
        fields.problems["lines"] = _(
            "A list of one to %(count)s lines with sku and quantity.", count=LINES_MAX
        )
        return {}
    units: dict[UUID, int] = {}
    for number, line in enumerate(given, 1):
        values = line if isinstance(line, dict) else {}
        typed = Fields({name: str(value) for name, value in values.items() if value is not None})
        variant_id, quantity = _line(typed, fields, f"lines.{number}.")
        units[variant_id] = units.get(variant_id, 0) + quantity
    return units


def _line(typed: Fields, fields: Fields, prefix: str = "") -> tuple[UUID, int]:
    sku = typed.text("sku", length_max=_SKU_CHARACTERS_MAX)
    quantity = typed.integer("quantity", least=1, most=UNITS_MAX)
    if prefix:
        fields.problems |= {prefix + name: problem for name, problem in typed.problems.items()}
    return variant_id_of(sku), quantity


def _json(body: dict[str, object], status: int) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


routes: list[BaseRoute] = [PublicRoute("/buy", _buy, why="anybody may buy", methods=["POST"])]
