"""Purchase orders in the console: the list, an order with its lines, and what comes of it."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from safar.kernel.errors import InvalidInput
from safar.kernel.i18n import _
from safar.kernel.ids import new_id, parse_id
from safar.kernel.money import plain_amount
from safar.kernel.web.access import StaffRoute
from safar.kernel.web.actor import Actor, actor_of
from safar.kernel.web.forms import UNITS_MAX, Fields
from safar.kernel.web.pages import context_of, page, today_of
from safar.kernel.web.post import NOTHING, Wrong, posted
from safar.stock import documents, forms
from safar.stock.purchasing import orders, receiving
from safar.stock.purchasing.errors import UnknownPurchase
from safar.stock.purchasing.model import (
    OPEN,
    Came,
    Purchase,
    PurchaseDelivery,
    PurchaseDraft,
    PurchaseLine,
    PurchaseState,
)
from safar.stock.purchasing.suppliers import items_of_variants, suppliers

_MAIL_CHARACTERS_MAX = 1500
_SUPPLIERS_MAX = 500
_DESTINATIONS = ("warehouse", "store")
_FOLDERS = {"open": ("sent", "partly_received"), "draft": ("draft",), "closed": ("received", "cancelled")}


async def _purchases(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor = actor_of(request)
    async with context_of(request).database.connection() as connection:
        listing = await documents.latest(request, _FOLDERS, partial(orders.purchases, connection))
        sellers = await suppliers(connection, limit=_SUPPLIERS_MAX)
        to = await forms.location_choices(connection, *_DESTINATIONS)
    values = {
        **listing,
        "suppliers": [(supplier.id, supplier.name) for supplier in sellers if supplier.active],
        "places": to,
        "may_buy": actor.may("manager"),
        "order_id": new_id(),
        "today": today_of(request),
        "place_name": forms.place_name,
        **wrong.values(),
    }
    return page(request, "stock/purchases.html", values, status=wrong.status)


@posted(_purchases)
async def _draft(request: Request, actor: Actor, fields: Fields) -> str:
    async with context_of(request).database.transaction() as connection:
        draft = PurchaseDraft(
            order_id=fields.uuid("order_id"),
            supplier_id=fields.uuid("supplier_id"),
            location_id=await forms.chosen_location(connection, fields, "location_id", *_DESTINATIONS),
            expected_on=fields.day("expected_on"),
            staff_id=actor.id,
        )
        fields.done()
        await orders.draft_many(connection, [draft])
    return f"/stock/purchases/{draft.order_id}"


async def _purchase(request: Request, wrong: Wrong = NOTHING) -> Response:
    actor, order_id = actor_of(request), parse_id(request.path_params["id"])
    after = request.query_params.get("after", "")
    async with context_of(request).database.connection() as connection:
        order = await orders.purchase(connection, order_id)
        if order is None:
            raise UnknownPurchase
        lines = await orders.purchase_lines_of(connection, order_id)
        receipts = await receiving.purchase_receipts_of(connection, order_id)
    values = {
        "order": order,
        "receipts": receipts,
        "open": PurchaseState(order.state) in OPEN,
        **documents.page_of([line for line in lines if line.sku > after], after),
        "late": order.expected_on and order.state in OPEN and order.expected_on < today_of(request),
        "receipt_id": new_id(),
        "place_name": forms.place_name,
        "plain_amount": plain_amount,
        "mail": _mail_to(order, lines),
        "with_lots": any(line.tracks_lots for line in lines),
        "may_buy": actor.may("manager"),
        **wrong.values(),
    }
    return page(request, "stock/purchase.html", values, status=wrong.status)


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


@posted(_purchase, "line")
async def _line(request: Request, _actor: Actor, fields: Fields) -> str:
    """Put an article on a draft: scanned or typed with its units, or a row of the table changed."""
    order_id = parse_id(request.path_params["id"])
    quantity = fields.integer("quantity", least=0, most=UNITS_MAX)
    async with context_of(request).database.transaction() as connection:
        order = await orders.locked(connection, order_id)
        variant_id = await documents.article_of(connection, fields, by_title=True)
        if fields.values.get("cost", "").strip():
            cost = fields.amount("cost", order.currency) or 0
        else:
            offers = (await items_of_variants(connection, [variant_id])).get(variant_id, [])
            cost = next((offer.cost_minor for offer in offers if offer.supplier_id == order.supplier_id), 0)
        fields.done()
        await orders.set_purchase_line(connection, order_id, variant_id, quantity, cost)
    return f"/stock/purchases/{order_id}#lines"


@posted(_purchase, "sent")
async def _sent(request: Request, actor: Actor, fields: Fields) -> str:
    order_id, expected_on = parse_id(request.path_params["id"]), fields.day("expected_on")
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await orders.send_purchase(connection, order_id, staff_id=actor.id, expected_on=expected_on)
    return f"/stock/purchases/{order_id}"


@posted(_purchase, "expected")
async def _expected(request: Request, actor: Actor, fields: Fields) -> str:
    order_id, expected_on = parse_id(request.path_params["id"]), fields.day("expected_on")
    if expected_on is None:
        raise InvalidInput(**{"expected_on": _("This is needed."), **fields.problems})
    async with context_of(request).database.transaction() as connection:
        await orders.expect(connection, order_id, expected_on, staff_id=actor.id)
    return f"/stock/purchases/{order_id}"


@posted(_purchase, "receipt")
async def _receipt(request: Request, actor: Actor, fields: Fields) -> str:
    """Take in what came: the units of each row, or everything that is missing."""
    order_id, receipt_id = parse_id(request.path_params["id"]), fields.uuid("receipt_id")
    document = fields.text("document", length_max=100, required=False)
    units = fields.units()
    async with context_of(request).database.transaction() as connection:
        lines = await orders.purchase_lines_of(connection, order_id)
        if fields.ticked("all"):
            units = {line.variant_id: line.missing for line in lines if line.missing}
        came = tuple(
            _came(fields, line, units[line.variant_id]) for line in lines if line.variant_id in units
        )
        if not any(line.quantity for line in came):
            fields.problems.setdefault("document", _("Enter how many units of an article came."))
        fields.done()
        more = fields.ticked("more")
        await receiving.receive_purchase(
            connection, PurchaseDelivery(receipt_id, order_id, came, document, actor.id, more=more)
        )
    return f"/stock/purchases/{order_id}#receipts"


def _came(fields: Fields, line: PurchaseLine, units: int) -> Came:
    if not line.tracks_lots or not units:
        return Came(line.variant_id, units)
    code = fields.text(f"lot-{line.variant_id}", length_max=60)
    return Came(line.variant_id, units, code, fields.day(f"expires-{line.variant_id}"))


@posted(_purchase, "closure")
async def _closure(request: Request, actor: Actor, fields: Fields) -> str:
    order_id, reason = parse_id(request.path_params["id"]), fields.text("reason", length_max=200)
    fields.done()
    async with context_of(request).database.transaction() as connection:
        await orders.close_purchase(connection, order_id, reason, staff_id=actor.id)
    return f"/stock/purchases/{order_id}"


routes: list[BaseRoute] = [
    StaffRoute("/stock/purchases", _purchases, role="agent"),
    StaffRoute("/stock/purchases", _draft, role="manager", methods=["POST"]),
    StaffRoute("/stock/purchases/{id}", _purchase, role="agent"),
    StaffRoute("/stock/purchases/{id}/lines", _line, role="manager", methods=["POST"]),
    StaffRoute("/stock/purchases/{id}/sent", _sent, role="manager", methods=["POST"]),
    StaffRoute("/stock/purchases/{id}/expected", _expected, role="manager", methods=["POST"]),
    StaffRoute("/stock/purchases/{id}/receipts", _receipt, role="agent", methods=["POST"]),
    StaffRoute("/stock/purchases/{id}/closure", _closure, role="manager", methods=["POST"]),
]
