"""Documents of orders, read from the books and printed beside the loop that serves others."""

import asyncio
import contextvars
import hashlib
import importlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from uuid import UUID

import orjson
from starlette.responses import Response

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, execute, rows, value
from safar.kernel.errors import NotFound, Overloaded
from safar.kernel.i18n import current_language
from safar.orders.changes import lock_orders
from safar.orders.model import Order
from safar.orders.reading import goods_of, order_lines_of, orders_by_id
from safar.owner.marks import Mark, mark_named
from safar.owner.reading import shop_of, stored_shop
from safar.payments.books.reading import accounts_of
from safar.shipments.draft import DocumentDraft, draft_of
from safar.shipments.model import Pick
from safar.shipments.picking import lots_to_take
from safar.shipments.reading import QUERIES, sent_in, shipments_of

PICKED_AT_ONCE_MAX = 200
# A document takes a quarter of a second of one core: not all cores for all who ask.
_PRINTERS = 2
_WAITING_MAX = 8  # documents being drawn or about to be; more are refused for the moment
_KEPT_MAX = 100
_printers: "dict[asyncio.AbstractEventLoop, Printers]" = {}


@dataclass(frozen=True, slots=True)
class _Issued:
    """A document as it was issued."""

    kind: str
    series: str
    number: int
    content: dict[str, Any]


def _documents() -> ModuleType:
    """Return what draws PDFs, loaded at the first one: 50 MB that most processes never need."""
    return importlib.import_module("safar.shipments.documents")


async def picking_list_of(context: Context, order_ids: Sequence[UUID]) -> bytes:
    """Return the picking list of these orders, in the language in force."""
    async with context.database.connection() as connection:
        orders = await orders_by_id(connection, order_ids)
        picks = await rows(Pick, connection, QUERIES["to_pick"], {"ids": list(orders)})
        goods = [(pick.order_id, pick.variant_id, pick.location_id, pick.units) for pick in picks]
        lots = await lots_to_take(connection, goods)
    if not orders:
        raise NotFound
    return await _printed(lambda: _documents().picking_list(orders, picks, lots), "pick", orders, picks, lots)


async def packing_slip_of(context: Context, order: Order, shipment_id: UUID | None) -> bytes:
    """Return what lies in one parcel of an order, or, without one, in all that is still to go."""
    async with context.database.connection() as connection:
        if shipment_id is None:
            goods = (await goods_of(connection, [order.id]))[order.id]
            left = [item for item in goods if item.quantity > item.shipped] or goods
            whole = left is goods
            units = [(g.sku, g.customer_title, g.quantity if whole else g.quantity - g.shipped) for g in left]
        else:
            parcels = {shipment.id for shipment in (await shipments_of(connection, [order.id]))[order.id]}
            if shipment_id not in parcels:
                raise NotFound
            content = (await sent_in(connection, [shipment_id]))[shipment_id]
            lines = (await order_lines_of(connection, [order.id]))[order.id]
            shown = {line.variant_id: line.customer_title for line in lines}
            units = [(item.sku, shown.get(item.variant_id, item.title), item.quantity) for item in content]
    shop = await shop_of(context)
    mark = await _mark(context, shop.logo)
    return await _printed(
        lambda: _documents().packing_slip(shop, order, units, mark=mark), "pack", shop, order, units
    )


async def invoice_of(context: Context, order: Order) -> bytes:
    """Return the invoice of an order, a receipt once it is paid: issued the first time, the same ever after.

    Its number is the order's in a series of its own without gaps: both are written in one transaction.
    """
    documents = _documents()
    async with context.database.transaction() as connection:
        await lock_orders(connection, [order.id])
        order = (await orders_by_id(connection, [order.id]))[order.id]
        issued = await rows(_Issued, connection, QUERIES["documents"], {"order_id": order.id})
        kind = "receipt" if documents.is_paid_for(order) else "invoice"
        content = next((document.content for document in issued if document.kind == kind), None)
        if content is None:
            content = await _issue(connection, context, order, kind, issued)
    draft = draft_of(content)
    mark = await _mark(context, next((args[0] for name, args in draft.strokes if name == "mark"), ""))
    return await _printed(lambda: documents.printed(draft, mark), "invoice", draft)


async def _mark(context: Context, name: str) -> Mark | None:
    if not name:
        return None
    async with context.database.connection() as connection:
        return await mark_named(connection, name)


async def _issue(
    connection: Connection, context: Context, order: Order, kind: str, issued: Sequence[_Issued]
) -> dict[str, Any]:
    series = issued[0].series if issued else context.settings.invoice_series
    number: int = (
        issued[0].number if issued else await value(connection, QUERIES["next_document"], {"series": series})
    )
    lines = (await order_lines_of(connection, [order.id]))[order.id]
    refunded = (await accounts_of(connection, [order.id]))[order.id].refunded_minor
    shop = await stored_shop(connection)
    draft: DocumentDraft = _documents().invoice_draft(
        shop, order, lines, number=f"{series}{number}", refunded_minor=refunded
    )
    params = {
        "order_id": order.id,
        "kind": kind,
        "series": series,
        "number": number,
        "now": clock.now(),
        "content": orjson.dumps(draft.kept()).decode(),
    }
    await execute(connection, QUERIES["issue_document"], params)
    return draft.kept()


def pdf_response(body: bytes, name: str) -> Response:
    """Return a document that the browser shows; `name` is what it is called when it is kept."""
    headers = {"content-disposition": f'inline; filename="{name}"', "cache-control": "private, no-store"}
    return Response(body, media_type="application/pdf", headers=headers)


class Printers:
    """Draws documents beside the loop: a few at once, a few more waiting, and what was drawn last is kept.

    `key` is all that a document is drawn from, so that a kept one is never an old one.
    """

    def __init__(self) -> None:
        self._drawing = asyncio.Semaphore(_PRINTERS)
        self._under_way: dict[Hashable, asyncio.Task[bytes]] = {}
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()

    async def print(self, key: Hashable, print_it: Callable[[], bytes]) -> bytes:
        """Return the document; one that is being drawn already is waited for. Raises Overloaded."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        drawing = self._under_way.get(key)
        if drawing is None:
            if len(self._under_way) >= _WAITING_MAX:
                raise Overloaded
            drawing = self._under_way[key] = asyncio.create_task(self._draw(key, print_it))
        return await asyncio.shield(drawing)  # one who goes away must not take it from the others

    async def _draw(self, key: Hashable, print_it: Callable[[], bytes]) -> bytes:
        try:
            async with self._drawing:
                document = await asyncio.to_thread(contextvars.copy_context().run, print_it)
        finally:
            del self._under_way[key]
        self._kept[key] = document
        if len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return document


async def _printed(print_it: Callable[[], bytes], *of: object) -> bytes:
    """Return the document that `print_it` draws from `of`, in the language in force."""
    loop = asyncio.get_running_loop()
    for old in [known for known in _printers if known.is_closed()]:
        del _printers[old]
    key = hashlib.sha256(repr((current_language(), *of)).encode()).digest()
    return await _printers.setdefault(loop, Printers()).print(key, print_it)
