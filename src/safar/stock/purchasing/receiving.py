"""Receiving: what came of a purchase order, with its lots, as moves out of the supplier's hands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows, value
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.ids import derived_id
from safar.stock.actions import move_many
from safar.stock.lots import Lot, follow_many, open_lots
from safar.stock.model import SUPPLIER, Transfer
from safar.stock.purchasing.errors import MoreCameThanOrdered, NotOnOrder, PurchaseNotOpen
from safar.stock.purchasing.model import OPEN, Came, Purchase, PurchaseDelivery, PurchaseLine, PurchaseState
from safar.stock.purchasing.orders import locked, purchase_lines_of
from safar.stock.purchasing.suppliers import QUERIES


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A line of a delivery as it was taken in."""

    receipt_id: UUID
    at: datetime
    document: str
    staff_id: UUID | None
    variant_id: UUID
    sku: str
    title: str
    quantity: int
    lot: str | None


async def receive_purchase(connection: Connection, delivery: PurchaseDelivery) -> bool:
    """Take a delivery into stock; False when it was taken in before (the same id and body).

    Writes stock.received for each move and purchase.received. Raises NotOpen, NotOnOrder, MoreThanOrdered,
    SameKeyOtherBody, UnknownPurchase.
    """
    order = await locked(connection, delivery.order_id)
    known = await value(connection, QUERIES["receipt_fingerprint"], {"id": delivery.receipt_id})
    if known is not None:
        if known != delivery.fingerprint:
            raise SameKeyOtherBody
        return False
    if PurchaseState(order.state) not in OPEN:
        raise PurchaseNotOpen
    lines = {line.variant_id: line for line in await purchase_lines_of(connection, order.id)}
    came = [line for line in delivery.lines if line.quantity > 0]
    _check(lines, came, more=delivery.more)
    await _write(connection, order, delivery, came)
    state = _state_after(order, lines, came, last=delivery.last)
    now = clock.now()
    closed_at = now if state is PurchaseState.RECEIVED else None
    await execute(
        connection, QUERIES["set_state"], {"id": order.id, "state": state.value, "closed_at": closed_at}
    )
    about = {"number": order.number, "units": sum(line.quantity for line in came), "state": state.value}
    event = Event(name="purchase.received", staff_id=delivery.staff_id, subject_id=order.id, properties=about)
    await append_many(connection, [event])
    return True


def _check(lines: Mapping[UUID, PurchaseLine], came: Sequence[Came], *, more: bool) -> None:
    if any(line.variant_id not in lines for line in came):
        raise NotOnOrder
    for line in came:
        if line.quantity > lines[line.variant_id].missing and not more:
            raise MoreCameThanOrdered(sku=lines[line.variant_id].sku)


def _state_after(
    order: Purchase, lines: Mapping[UUID, PurchaseLine], came: Sequence[Came], *, last: bool
) -> PurchaseState:
    got = {line.variant_id: line.quantity for line in came}
    if last or all(line.received + got.get(id_, 0) >= line.quantity for id_, line in lines.items()):
        return PurchaseState.RECEIVED
    return PurchaseState.PARTLY_RECEIVED if came else PurchaseState(order.state)


async def _write(
    connection: Connection, order: Purchase, delivery: PurchaseDelivery, came: Sequence[Came]
) -> None:
    lots = {
        line.variant_id: Lot(line.variant_id, line.lot_code, line.expires_on)
        for line in came
        if line.lot_code.strip()
    }
    await open_lots(connection, lots.values())
    records = [
        {
            "variant_id": line.variant_id,
            "quantity": line.quantity,
            "lot_id": lots[line.variant_id].id if line.variant_id in lots else None,
        }
        for line in came
    ]
    params = {
        "id": delivery.receipt_id,
        "order_id": order.id,
        "document": delivery.document,
        "fingerprint": delivery.fingerprint,
        "staff_id": delivery.staff_id,
        "now": clock.now(),
        "lines": as_json(records),
    }
    await execute(connection, QUERIES["insert_receipt"], params)
    await execute(connection, QUERIES["add_received"], params)
    moves = [_move(order, delivery, line) for line in came]
    await move_many(connection, moves, "stock.received")
    stated = {_move_id(delivery, variant_id): lot.id for variant_id, lot in lots.items()}
    await follow_many(connection, moves, stated)


def _move(order: Purchase, delivery: PurchaseDelivery, line: Came) -> Transfer:
    document = f"PO {order.number}" + (f" · {delivery.document}" if delivery.document else "")
    return Transfer(
        move_id=_move_id(delivery, line.variant_id),
        variant_id=line.variant_id,
        from_location_id=SUPPLIER,
        to_location_id=order.location_id,
        quantity=line.quantity,
        reason="purchase",
        document=document,
        staff_id=delivery.staff_id,
    )


def _move_id(delivery: PurchaseDelivery, variant_id: UUID) -> UUID:
    return derived_id("receipt", delivery.receipt_id, variant_id)


async def purchase_receipts_of(
    connection: Connection, order_id: UUID, *, limit: int = 200
) -> list[ReceiptLine]:
    """Return what came of an order, the newest first."""
    params = {"order_id": order_id, "limit": limit}
    return await rows(ReceiptLine, connection, QUERIES["receipts_of"], params)
