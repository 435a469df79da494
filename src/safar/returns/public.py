"""A customer's return request, from the page of the order; works without scripts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from safar.kernel import clock
from safar.kernel.database import Connection
from safar.kernel.errors import InvalidInput, NotFound, SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import new_id
from safar.kernel.web.access import PublicRoute
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page, wants_json
from safar.kernel.web.requests import request_key, see_other
from safar.orders.links import order_link, path_of
from safar.orders.model import Order, OrderLine
from safar.orders.reading import order_lines_of, orders_by_id
from safar.owner.reading import shop_of
from safar.returns.decide import within_window
from safar.returns.errors import NotReturnable
from safar.returns.model import AskedLine, ReturnRequest, ReturnWish
from safar.returns.reading import OtherVariant, other_variants
from safar.returns.request import can_return, request_many
from safar.returns.show import REASONS, WISHES

NOTE_CHARACTERS_MAX = 1000
UNITS_MAX = 999


def routes(order_id_of: Callable[[Request], Awaitable[UUID]]) -> list[BaseRoute]:
    """Return the routes; `order_id_of` opens the signed link."""

    async def form(request: Request) -> Response:
        return await _form(request, await order_id_of(request))

    async def ask(request: Request) -> Response:
        return await _ask(request, await order_id_of(request))

    return [
        PublicRoute("/orders/{signed}/return", form, why="whoever has the signed link"),
        PublicRoute("/orders/{signed}/returns", ask, why="whoever has the signed link", methods=["POST"]),
    ]


async def _form(
    request: Request,
    order_id: UUID,
    *,
    fields: Fields | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    context = context_of(request)
    async with context.database.connection() as connection:
        order, lines = await _order_with_lines(connection, order_id)
        left = await can_return(connection, order_id)
        others = await other_variants(connection, [line.variant_id for line in lines])
    open_lines = [line for line in lines if left.get(line.variant_id)]
    settings = context.settings
    days, way_days = (await shop_of(context)).return_days, settings.delivery_days_max
    if not open_lines or not within_window(order, days, way_days, clock.now(), settings.timezone):
        raise NotReturnable
    typed = fields.values if fields else {}
    values = {
        "order": order,
        "lines": open_lines,
        "left": left,
        "others": _choices(open_lines, others),
        "signed": request.path_params["signed"],
        "reasons": [(key, _(text)) for key, text in REASONS.items()],
        "wishes": WISHES,
        "typed": typed,
        "problem": problem,
        "problems": fields.problems if fields else {},
        "request_id": typed.get("request_id") or new_id(),
        "note_max": NOTE_CHARACTERS_MAX,
    }
    return page(request, "returns/form.html", values, status=status)


async def _ask(request: Request, order_id: UUID) -> Response:
    """Take the request down: the same key with the same body is the same return."""
    context = context_of(request)
    fields = await read_fields(request)
    async with context.database.connection() as connection:
        _order, lines = await _order_with_lines(connection, order_id)
        others = await other_variants(connection, [line.variant_id for line in lines])
    try:
        wanted = read_return(fields, lines, others)
        key = request_key(request, fields, "return", order_id)
        fields.done()
        asked = ReturnRequest(
            key,
            order_id,
            wanted,
            fields.values["wish"],
            (await shop_of(context)).return_days,
            order_link(context, order_id),
            fields.values.get("note", "").strip(),
            way_days=context.settings.delivery_days_max,
        )
        number = (await context.batched(request_many, asked)).number
    except SafarError as refused:
        if wants_json(request) or isinstance(refused, NotFound):
            raise
        problem = None if isinstance(refused, InvalidInput) else error_text(refused)
        try:
            return await _form(request, order_id, fields=fields, problem=problem, status=refused.status)
        except NotReturnable:
            raise refused from None
    if wants_json(request):
        return JSONResponse({"id": str(key), "number": number}, 201)
    return see_other(f"{path_of(context, order_id)}#returns")


def read_return(
    fields: Fields, lines: Sequence[OrderLine], others: Mapping[UUID, Sequence[OtherVariant]]
) -> tuple[AskedLine, ...]:
    """Read units-ID, reason-ID and wanted-ID of each line, `wish` and `note`; problems are in `fields`.

    `others`: what each line's variant can be exchanged for.
    """
    fields.choice("wish", frozenset(ReturnWish))
    fields.text("note", length_max=NOTE_CHARACTERS_MAX, required=False)
    asked = []
    for line in lines:
        name = f"units-{line.variant_id}"
        if fields.values.get(name, "").strip() in ("", "0", "۰", "०"):
            continue
        units = fields.integer(name, least=0, most=UNITS_MAX)
        reason = fields.choice(f"reason-{line.variant_id}", REASONS)
        choices = {str(variant.id): variant.id for variant in others.get(line.variant_id, ())}
        wanted = fields.values.get(f"wanted-{line.variant_id}", "")
        if wanted and wanted not in choices:
            fields.problems[f"wanted-{line.variant_id}"] = _("Choose one of the options.")
        if units:
            asked.append(AskedLine(line.variant_id, units, reason, choices.get(wanted)))
    return tuple(asked)


async def _order_with_lines(connection: Connection, order_id: UUID) -> tuple[Order, list[OrderLine]]:
    order = (await orders_by_id(connection, [order_id])).get(order_id)
    if order is None:
        raise NotFound
    return order, (await order_lines_of(connection, [order_id]))[order_id]


def _choices(
    lines: Sequence[OrderLine], others: dict[UUID, list[OtherVariant]]
) -> dict[UUID, list[tuple[UUID, str]]]:
    """Return what each line can be exchanged for: the same again first; nothing when that is all."""
    choices = {}
    for line in lines:
        alternatives = [other for other in others[line.variant_id] if other.id != line.variant_id]
        choices[line.variant_id] = (
            [
                (line.variant_id, _("The same item")),
                *((variant.id, variant.title) for variant in alternatives),
            ]
            if alternatives
            else []
        )
    return choices
