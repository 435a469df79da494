"""Purchase orders: drafted, changed while they are drafts, sent, cancelled; and read."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows, tuples
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.keyset import LAST_NUMBER
from safar.stock.purchasing.errors import (
    NotADraft,
    NothingOrdered,
    PurchaseNotOpen,
    TooManyLines,
    UnknownPurchase,
    UnknownSupplier,
)
from safar.stock.purchasing.model import Drafted, Purchase, PurchaseDraft, PurchaseLine, PurchaseState
from safar.stock.purchasing.suppliers import QUERIES, supplier

LINES_MAX = 500


async def draft_many(connection: Connection, drafts: Sequence[PurchaseDraft]) -> list[Drafted]:
    """Write drafts of purchase orders. Writes purchase.drafted. Idempotent by order id.

    Raises UnknownSupplier, TooManyLines, SameKeyOtherBody.
    """
    if any(len(draft.lines) > LINES_MAX for draft in drafts):
        raise TooManyLines(count=LINES_MAX)
    once = {draft.order_id: draft for draft in reversed(drafts)}
    params = {
        "orders": as_json([_record(draft) for draft in once.values()]),
        "lines": as_json([line for draft in once.values() for line in _line_records(draft)]),
        "now": clock.now(),
    }
    fresh: dict[UUID, int] = dict(await tuples(connection, QUERIES["insert_drafts"], params))
    drafted = await tuples(connection, QUERIES["drafted"], {"ids": list(once)})
    known = {id_: (number, fingerprint) for id_, number, fingerprint in drafted}
    if known.keys() | fresh.keys() != once.keys():
        raise UnknownSupplier
    if any(known[draft.order_id][1] != draft.fingerprint for draft in drafts if draft.order_id in known):
        raise SameKeyOtherBody
    await append_many(
        connection,
        [
            Event(
                name="purchase.drafted",
                staff_id=once[id_].staff_id,
                subject_id=id_,
                properties={"number": number, "lines": len(once[id_].lines), "reason": once[id_].reason},
            )
            for id_, number in fresh.items()
        ],
    )
    numbers = {id_: number for id_, (number, _fingerprint) in known.items()} | fresh
    return [Drafted(draft.order_id, numbers[draft.order_id], draft.order_id not in fresh) for draft in drafts]


async def set_purchase_line(
    connection: Connection, order_id: UUID, variant_id: UUID, quantity: int, cost_minor: int
) -> None:
    """Put so many units on a draft; none takes the line off. Raises NotADraft, UnknownPurchase."""
    order = await locked(connection, order_id)
    if order.state != PurchaseState.DRAFT:
        raise NotADraft
    key = {"order_id": order_id, "variant_id": variant_id}
    if quantity == 0:
        await execute(connection, QUERIES["remove_line"], key)
        return
    params = {**key, "quantity": quantity, "cost_minor": cost_minor, "lines_max": LINES_MAX}
    if not await execute(connection, QUERIES["set_line"], params):
        raise TooManyLines(count=LINES_MAX)


async def send_purchase(
    connection: Connection, order_id: UUID, *, staff_id: UUID | None, expected_on: date | None = None
) -> None:
    """Say that a draft has gone to the supplier; again is the same as once. Writes purchase.sent.

    Without a day it is expected after the supplier's lead time. Raises NotADraft, NothingOrdered.
    """
    order = await locked(connection, order_id)
    if order.state in (PurchaseState.SENT, PurchaseState.PARTLY_RECEIVED):
        return
    if order.state != PurchaseState.DRAFT:
        raise NotADraft
    if order.units == 0:
        raise NothingOrdered
    now = clock.now()
    by = await supplier(connection, order.supplier_id)
    today = clock.today(connection.zone)
    expected = expected_on or order.expected_on or today + timedelta(days=by.lead_days if by else 0)
    params = {"id": order_id, "expected_on": expected, "now": now}
    await execute(connection, QUERIES["send"], params)
    about = {"number": order.number, "units": order.units, "expected_on": expected}
    await append_many(connection, [_event("purchase.sent", order_id, staff_id, about)])


async def expect(connection: Connection, order_id: UUID, expected_on: date, *, staff_id: UUID | None) -> None:
    """Take down another day for what is still missing. Writes purchase.expected. Raises NotOpen."""
    order = await locked(connection, order_id)
    if order.closed_at:
        raise PurchaseNotOpen
    if order.expected_on == expected_on:
        return
    await execute(connection, QUERIES["expect"], {"id": order_id, "expected_on": expected_on})
    about = {"number": order.number, "from": order.expected_on, "to": expected_on}
    await append_many(connection, [_event("purchase.expected", order_id, staff_id, about)])


async def close_purchase(
    connection: Connection, order_id: UUID, reason: str, *, staff_id: UUID | None
) -> None:
    """End an order of which nothing more will come: received if some came, else cancelled.

    Again is the same as once. Writes purchase.cancelled or purchase.closed.
    """
    order = await locked(connection, order_id)
    if order.closed_at:
        return
    state = PurchaseState.RECEIVED if order.units_received else PurchaseState.CANCELLED
    params = {"id": order_id, "state": state.value, "reason": reason, "now": clock.now()}
    await execute(connection, QUERIES["close"], params)
    about = {"number": order.number, "reason": reason, "units_missing": order.units - order.units_received}
    name = "purchase.closed" if order.units_received else "purchase.cancelled"
    await append_many(connection, [_event(name, order_id, staff_id, about)])


async def locked(connection: Connection, order_id: UUID) -> Purchase:
    """Return an order, locked until the transaction ends. Raises UnknownPurchase."""
    await execute(connection, QUERIES["lock_order"], {"id": order_id})
    order = await purchase(connection, order_id)
    if order is None:
        raise UnknownPurchase
    return order


async def purchase(connection: Connection, order_id: UUID) -> Purchase | None:
    return await row(Purchase, connection, QUERIES["purchase"], {"id": order_id})


async def purchases(
    connection: Connection,
    *,
    states: Sequence[str] | None = None,
    supplier_id: UUID | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Purchase]:
    """Return orders, the newest first, those with a lower number than `before`."""
    params = {
        "states": list(states or PurchaseState),
        "supplier_id": supplier_id,
        "before": before or LAST_NUMBER,
        "limit": limit,
    }
    return await rows(Purchase, connection, QUERIES["purchases"], params)


async def purchase_lines_of(connection: Connection, order_id: UUID) -> list[PurchaseLine]:
    """Return an order's lines, by SKU."""
    params = {"order_id": order_id, "limit": LINES_MAX}
    return await rows(PurchaseLine, connection, QUERIES["lines_of"], params)


def _record(draft: PurchaseDraft) -> dict[str, Any]:
    return {
        "id": draft.order_id,
        "supplier_id": draft.supplier_id,
        "location_id": draft.location_id,
        "expected_on": draft.expected_on,
        "reason": draft.reason,
        "staff_id": draft.staff_id,
        "fingerprint": draft.fingerprint.hex(),
    }


def _line_records(draft: PurchaseDraft) -> list[dict[str, Any]]:
    """Return the lines of a draft, a variant that was named twice with the sum of its units."""
    summed: dict[UUID, tuple[int, int]] = {}
    for variant_id, quantity, cost_minor in draft.lines:
        summed[variant_id] = (summed.get(variant_id, (0, 0))[0] + quantity, cost_minor)
    return [
        {"order_id": draft.order_id, "variant_id": id_, "quantity": quantity, "cost_minor": cost_minor}
        for id_, (quantity, cost_minor) in summed.items()
    ]


def _event(name: str, order_id: UUID, staff_id: UUID | None, about: dict[str, Any]) -> Event:
    return Event(name=name, staff_id=staff_id, subject_id=order_id, properties=about)
