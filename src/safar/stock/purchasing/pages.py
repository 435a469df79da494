"""Purchase orders in the console: the list, an order with its lines, and what comes of it."""

from collections.abc import Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from safar.catalogue.actions import variants_by_id
from safar.kernel import clock
from safar.kernel.errors import SafarError
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.web.actor import actor_of
from safar.kernel.web.forms import Fields, read_fields
from safar.kernel.web.pages import context_of, error_text, page
from safar.kernel.web.requests import see_other
from safar.stock import forms
from safar.stock.purchasing import orders, receiving
from safar.stock.purchasing.errors import UnknownPurchase
from safar.stock.purchasing.model import OPEN, Came, Delivery, Draft, Purchase, PurchaseLine, PurchaseState
from safar.stock.purchasing.suppliers import items_of_variants, suppliers

PAGE_SIZE = 50
_MAIL_CHARACTERS_MAX = 1500
_SUPPLIERS_MAX = 500
_FOLDERS = {
    "open": ("sent", "partly_received"),
    "draft": ("draft",),
    "closed": ("received", "cancelled"),
}


async def _purchases(request: Request) -> Response:
    return await _purchases_page(request)


async def _purchases_page(
    request: Request, fields: Fields | None = None, problem: str | None = None, status: int = 200
) -> Response:
    actor = actor_of(request)
    folder = request.query_params.get("state", "")
    before = forms.number_before(request.query_params)
    async with context_of(request).database.connection() as connection:
        found = await orders.purchases(
            connection, states=_FOLDERS.get(folder), before=before, limit=PAGE_SIZE + 1
        )
        sellers = await suppliers(connection, limit=_SUPPLIERS_MAX)
        to = await forms.places(connection, "warehouse", "store")
    older = forms.at("", state=folder, before=found[PAGE_SIZE - 1].number) if found[PAGE_SIZE:] else None
    values = {
        "purchases": found[:PAGE_SIZE], "older": older, "first": before is None,
        "folder": folder if folder in _FOLDERS else "", "today": clock.now().date(),
        "suppliers": [(one.id, one.name) for one in sellers if one.active], "places": to,
        "may_buy": actor.may("manager"), "order_id": new_id(), "place_name": forms.place_name,
        **forms.wrong(fields, problem),
    }  # fmt: skip
    return page(request, "stock/purchases.html", values, status=status)


async def _draft(request: Request) -> Response:
    actor, fields = actor_of(request, "manager"), await read_fields(request)
    draft = Draft(
        order_id=forms.uuid_of(fields, "order_id"), supplier_id=forms.uuid_of(fields, "supplier_id"),
        location_id=forms.uuid_of(fields, "location_id"), expected_on=forms.day_of(fields, "expected_on"),
        staff_id=actor.id,
    )  # fmt: skip
    async with context_of(request).database.transaction() as connection:
        if draft.location_id not in dict(await forms.places(connection, "warehouse", "store")):
            fields.problems.setdefault("location_id", _("Choose one of the options."))
        if not fields.problems:
            await orders.draft_many(connection, [draft])
    if fields.problems:
        return await _purchases_page(request, fields, status=422)
    return see_other(f"/stock/purchases/{draft.order_id}")


async def _purchase(request: Request) -> Response:
    return await _purchase_page(request)


async def _purchase_page(
    request: Request,
    form: str = "",
    fields: Fields | None = None,
    *,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    actor, order_id = actor_of(request), parse_id(request.path_params["id"])
    after = request.query_params.get("after", "")
    async with context_of(request).database.connection() as connection:
        order = await orders.purchase(connection, order_id)
        if order is None:
            raise UnknownPurchase
        lines = await orders.lines_of(connection, order_id)
        receipts = await receiving.receipts_of(connection, order_id)
    shown = [line for line in lines if line.sku > after]
    values = {
        "order": order, "lines": shown[:PAGE_SIZE], "receipts": receipts, "form": form,
        "more": forms.at("", after=shown[PAGE_SIZE - 1].sku) if shown[PAGE_SIZE:] else None,
        "first": not after, "open": PurchaseState(order.state) in OPEN, "may_buy": actor.may("manager"),
        "late": order.expected_on and order.state in OPEN and order.expected_on < clock.now().date(),
        "receipt_id": new_id(), "place_name": forms.place_name, "plain_amount": forms.plain_amount,
        "mail": _mail_to(order, lines),
        "with_lots": any(line.tracks_lots for line in lines), **forms.wrong(fields, problem),
    }  # fmt: skip
    return page(request, "stock/purchase.html", values, status=status)


def _mail_to(order: Purchase, lines: Sequence[PurchaseLine]) -> str | None:
    """Return the address of a mail to the supplier with the order in it, as far as it fits."""
    if not order.email or not lines:
        return None
    wanted = [
        f"{line.missing} × {' '.join(filter(None, (line.supplier_sku, line.sku, line.title)))}"
        for line in lines
        if line.missing
    ]
    subject = _("Purchase order %(number)s", number=order.number)
    text = "\n".join(wanted)[:_MAIL_CHARACTERS_MAX]
    return f"mailto:{quote(order.email)}?subject={quote(subject)}&body={quote(text)}"


async def _line(request: Request) -> Response:
    """Put an article on a draft: scanned or typed with its units, or a row of the table changed."""
    actor_of(request, "manager")
    order_id, fields = parse_id(request.path_params["id"]), await read_fields(request)
    quantity = fields.integer("quantity", least=0, most=forms.UNITS_MAX)
    try:
        async with context_of(request).database.transaction() as connection:
            order = await orders.locked(connection, order_id)
            if "variant_id" in fields.values:
                variant_id = forms.uuid_of(fields, "variant_id")
                if variant_id not in await variants_by_id(connection, [variant_id]):
                    fields.problems["variant_id"] = _("Choose one of the options.")
            else:
                variant = await forms.variant_in(connection, fields)
                variant_id = variant.id if variant else order_id
            cost = 0
            if fields.values.get("cost", "").strip():
                cost = forms.amount_of(fields, "cost", order.currency)
            elif not fields.problems:
                offers = (await items_of_variants(connection, [variant_id])).get(variant_id, [])
                mine = (one.cost_minor for one in offers if one.supplier_id == order.supplier_id)
                cost = next(mine, 0)
            if not fields.problems:
                await orders.set_line(connection, order_id, variant_id, quantity, cost)
    except SafarError as refused:
        return await _again(request, "line", fields, refused)
    if fields.problems:
        return await _purchase_page(request, "line", fields, status=422)
    return see_other(f"/stock/purchases/{order_id}#lines")


async def _sent(request: Request) -> Response:
    actor, order_id = actor_of(request, "manager"), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    expected_on = forms.day_of(fields, "expected_on")
    if fields.problems:
        return await _purchase_page(request, "sent", fields, status=422)
    try:
        async with context_of(request).database.transaction() as connection:
            await orders.send(connection, order_id, staff_id=actor.id, expected_on=expected_on)
    except SafarError as refused:
        return await _again(request, "sent", fields, refused)
    return see_other(f"/stock/purchases/{order_id}")


async def _expected(request: Request) -> Response:
    actor, order_id = actor_of(request, "manager"), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    expected_on = forms.day_of(fields, "expected_on")
    if expected_on is None:
        fields.problems.setdefault("expected_on", _("This is needed."))
        return await _purchase_page(request, "expected", fields, status=422)
    async with context_of(request).database.transaction() as connection:
        await orders.expect(connection, order_id, expected_on, staff_id=actor.id)
    return see_other(f"/stock/purchases/{order_id}")


async def _receipt(request: Request) -> Response:
    """Take in what came: the units of each row, or everything that is missing."""
    actor, order_id = actor_of(request), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    receipt_id = forms.uuid_of(fields, "receipt_id")
    document = fields.text("document", length_max=100, required=False)
    units = forms.units_by_variant(fields)
    try:
        async with context_of(request).database.transaction() as connection:
            lines = await orders.lines_of(connection, order_id)
            if forms.ticked(fields, "all"):
                units = {line.variant_id: line.missing for line in lines if line.missing}
            came = tuple(
                _came(fields, line, units[line.variant_id]) for line in lines if line.variant_id in units
            )
            delivery = Delivery(
                receipt_id, order_id, came, document, actor.id, more=forms.ticked(fields, "more")
            )
            if not any(line.quantity for line in came):
                fields.problems.setdefault("document", _("Enter how many units of an article came."))
            if not fields.problems:
                await receiving.receive(connection, delivery)
    except SafarError as refused:
        return await _again(request, "receipt", fields, refused)
    if fields.problems:
        if not lines:
            raise UnknownPurchase
        return await _purchase_page(request, "receipt", fields, status=422)
    return see_other(f"/stock/purchases/{order_id}#receipts")


def _came(fields: Fields, line: PurchaseLine, units: int) -> Came:
    if not line.tracks_lots or not units:
        return Came(line.variant_id, units)
    code = fields.text(f"lot-{line.variant_id}", length_max=60)
    return Came(line.variant_id, units, code, forms.day_of(fields, f"expires-{line.variant_id}"))


async def _closure(request: Request) -> Response:
    actor, order_id = actor_of(request, "manager"), parse_id(request.path_params["id"])
    fields = await read_fields(request)
    reason = fields.text("reason", length_max=200)
    if fields.problems:
        return await _purchase_page(request, "closure", fields, status=422)
    async with context_of(request).database.transaction() as connection:
        await orders.close(connection, order_id, reason, staff_id=actor.id)
    return see_other(f"/stock/purchases/{order_id}")


async def _again(request: Request, form: str, fields: Fields, refused: SafarError) -> Response:
    if refused.status == 404:
        raise refused
    return await _purchase_page(request, form, fields, problem=error_text(refused), status=refused.status)


routes: list[BaseRoute] = [
    Route("/stock/purchases", _purchases),
    Route("/stock/purchases", _draft, methods=["POST"]),
    Route("/stock/purchases/{id}", _purchase),
    Route("/stock/purchases/{id}/lines", _line, methods=["POST"]),
    Route("/stock/purchases/{id}/sent", _sent, methods=["POST"]),
    Route("/stock/purchases/{id}/expected", _expected, methods=["POST"]),
    Route("/stock/purchases/{id}/receipts", _receipt, methods=["POST"]),
    Route("/stock/purchases/{id}/closure", _closure, methods=["POST"]),
]
