"""Taking orders: many at a time, each all or nothing, in one transaction with the units it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import Held, HoldRequest, HoldState, Refused
from safar.channels.actions import queue_many
from safar.customers.actions import identify_many
from safar.customers.model import IdentityRequest
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute
from safar.shop.catalogue import variants_by_id
from safar.shop.decide import OrderRequest, Plan, answers_of, left_of, new_of, plan_order
from safar.shop.mail import About, mail_of
from safar.shop.model import Answer, KeyReused, OrderState, OutOfStock, PaymentState, Taken
from safar.shop.orders import QUERIES, orders_by_id
from safar.stock import actions as stock

__all__ = ["OrderRequest", "buy_many", "place_many"]


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A plan whose units are held, the customer it belongs to and the number it got."""

    plan: Plan
    customer_id: UUID
    number: int

    @property
    def goods(self) -> tuple[tuple[UUID, UUID, int], ...]:
        return tuple((line.variant_id, line.location_id, line.quantity) for line in self.plan.lines)


async def place_many(connection: Connection, requests: Sequence[OrderRequest]) -> list[Answer]:
    """Hold the units of each order and write it as PLACED, with a payment that is started.

    The plural verb for a batcher. An id that was used before gets the answer it got then, or KeyReused
    for another body; a refusal wrote nothing, so asking again with its id asks anew. Writes order.placed
    and order.refused.
    """
    return await _take(connection, requests, at_once=False)


async def buy_many(connection: Connection, requests: Sequence[OrderRequest]) -> list[Answer]:
    """Take orders that are paid on delivery: as `place_many`, and sold and confirmed at once."""
    return await _take(connection, requests, at_once=True)


async def _take(connection: Connection, requests: Sequence[OrderRequest], *, at_once: bool) -> list[Answer]:
    known = await orders_by_id(connection, {request.order_id for request in requests})
    new = new_of(requests, known)
    now = clock.now()
    answers: dict[UUID, Answer] = {}
    if new:
        plans = await _plan(connection, new, answers)
        held = await _hold(connection, plans, answers, now)
        accepted = await _write(connection, held, answers, now, at_once=at_once)
        await _report(
            connection, accepted, [r for r in new if r.order_id in answers], answers, at_once=at_once
        )
        # Another process took the same id while this one waited for the accounts.
        raced = [request.order_id for request in new if request.order_id not in answers]
        if raced:
            known |= await orders_by_id(connection, raced)
    return answers_of(requests, known, new, answers)


async def _plan(
    connection: Connection, requests: Sequence[OrderRequest], answers: dict[UUID, Answer]
) -> list[Plan]:
    variant_ids = {variant_id for request in requests for variant_id, _quantity in request.lines}
    variants = await variants_by_id(connection, variant_ids)
    levels = await stock.levels(connection, variant_ids)
    plans = []
    for request in requests:
        plan = plan_order(request, variants, levels)
        if isinstance(plan, Plan):
            plans.append(plan)
        else:
            answers[request.order_id] = plan
    return plans


async def _hold(
    connection: Connection, plans: Sequence[Plan], answers: dict[UUID, Answer], now: datetime
) -> list[Plan]:
    """Return the plans whose units are held now; the others get their answer, those raced get none yet."""
    if not plans:
        return []
    requests = [
        HoldRequest(
            hold_id=plan.request.order_id,
            lines=plan.accounts,
            expires_at=_held_until(plan, now),
            purpose="order",
            customer_id=plan.request.customer_id,
            campaign_id=plan.request.campaign_id,
        )
        for plan in plans
    ]
    held = []
    for plan, outcome in zip(plans, await ledger.hold_many(connection, requests), strict=True):
        if isinstance(outcome, Held):
            if not outcome.replayed:
                held.append(plan)
        elif isinstance(outcome, Refused):
            answers[plan.request.order_id] = left_of(plan, outcome.short)
        else:
            answers[plan.request.order_id] = KeyReused(plan.request.order_id)
    return held


async def _write(
    connection: Connection,
    plans: Sequence[Plan],
    answers: dict[UUID, Answer],
    now: datetime,
    *,
    at_once: bool,
) -> list[_Accepted]:
    """Write the orders of plans whose units are held; those at once are sold in the same breath."""
    if not plans:
        return []
    state = OrderState.CONFIRMED if at_once else OrderState.PLACED
    payment_state = PaymentState.DUE if at_once else PaymentState.STARTED
    customer_ids = await identify_many(connection, [_identity(plan.request) for plan in plans])
    params = {
        "orders": as_json([_record(p, id_, now) for p, id_ in zip(plans, customer_ids, strict=True)]),
        "lines": as_json([_line_record(plan, line) for plan in plans for line in plan.lines]),
        "state": state.value,
        "payment_state": payment_state.value,
        "now": now,
        "confirmed_at": now if at_once else None,
    }
    cursor = await connection.execute(QUERIES["insert_orders"], params)
    numbers: dict[UUID, int] = dict(await cursor.fetchall())
    accepted = []
    for plan, customer_id in zip(plans, customer_ids, strict=True):
        order_id = plan.request.order_id
        accepted.append(_Accepted(plan, customer_id, numbers[order_id]))
        answers[order_id] = Taken(
            order_id, numbers[order_id], state, payment_state, plan.total_minor, plan.currency
        )  # fmt: skip
    if at_once:
        await _sell(connection, accepted, now)
    return accepted


async def _sell(connection: Connection, accepted: Sequence[_Accepted], now: datetime) -> None:
    claims = [stock.Claim(a.plan.request.order_id, a.goods, f"order {a.number}") for a in accepted]
    for ended in await stock.claim_many(connection, claims):
        if ended.state is not HoldState.CLAIMED:
            raise RuntimeError(f"hold {ended.hold_id}, just placed, is {ended.state}")
    carts = [a.plan.request.cart_id for a in accepted if a.plan.request.cart_id]
    if carts:
        await execute(connection, QUERIES["close_carts"], {"ids": carts, "now": now})
    await queue_many(connection, [mail_of("confirmed", _about(a)) for a in accepted])


async def _report(
    connection: Connection,
    accepted: Sequence[_Accepted],
    requests: Sequence[OrderRequest],
    answers: dict[UUID, Answer],
    *,
    at_once: bool,
) -> None:
    events = [_order_event("order.placed", a) for a in accepted]
    if at_once:
        events += [_order_event("order.confirmed", a) for a in accepted]
    events += [
        _refused_event(request, answer)
        for request in requests
        if isinstance(answer := answers[request.order_id], OutOfStock)
    ]
    await append_many(connection, events)


def _held_until(plan: Plan, now: datetime) -> datetime:
    return now + timedelta(minutes=plan.request.hold_minutes)


def _identity(request: OrderRequest) -> IdentityRequest:
    return IdentityRequest(
        kind="email", value=request.email, language=request.language, customer_id=request.customer_id,
        name=request.name,
    )  # fmt: skip


def _record(plan: Plan, customer_id: UUID, now: datetime) -> dict[str, Any]:
    request = plan.request
    return {
        "id": request.order_id,
        "fingerprint": request.fingerprint.hex(),
        "customer_id": customer_id,
        "cart_id": request.cart_id,
        "campaign_id": request.campaign_id,
        "email": request.email,
        "name": request.name,
        "address": request.address,
        "language": request.language,
        "total_minor": plan.total_minor,
        "currency": plan.currency,
        "provider": request.provider,
        "method": request.method,
        "held_until": _held_until(plan, now),
    }


def _line_record(plan: Plan, line: Any) -> dict[str, Any]:
    return {
        "order_id": plan.request.order_id,
        "variant_id": line.variant_id,
        "location_id": line.location_id,
        "quantity": line.quantity,
        "price_minor": line.price_minor,
        "title": line.title,
    }


def _about(accepted: _Accepted) -> About:
    request, plan = accepted.plan.request, accepted.plan
    return About(
        order_id=request.order_id, number=accepted.number, customer_id=accepted.customer_id,
        campaign_id=request.campaign_id, name=request.name, email=request.email, address=request.address,
        language=request.language, total_minor=plan.total_minor, currency=plan.currency,
        payment_state=PaymentState.DUE, reason=None, link=request.link,
        lines=[(line.quantity, line.title, line.price_minor) for line in plan.lines],
    )  # fmt: skip


def _order_event(name: str, accepted: _Accepted) -> Event:
    request, plan = accepted.plan.request, accepted.plan
    return Event(
        name=name,
        customer_id=accepted.customer_id,
        campaign_id=request.campaign_id,
        subject_id=request.order_id,
        properties={
            "total_minor": plan.total_minor,
            "currency": plan.currency,
            "provider": request.provider,
            "lines": [list(goods) for goods in accepted.goods],
        },
    )


def _refused_event(request: OrderRequest, answer: OutOfStock) -> Event:
    """Return the event of a customer who came for units that were gone; it names those it was refused for."""
    units = request.units
    return Event(
        name="order.refused",
        customer_id=request.customer_id,
        campaign_id=request.campaign_id,
        subject_id=request.order_id,
        properties={
            "reason": "out_of_stock",
            "lines": [[variant_id, None, units[variant_id]] for variant_id in answer.left],
        },
    )
