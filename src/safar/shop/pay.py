"""Paying: outside every transaction; what the provider says is then written down, however late it comes."""

import asyncio
from datetime import timedelta
from uuid import UUID

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.log import log
from safar.shop import payments
from safar.shop.checkout import buy_many, place_many
from safar.shop.decide import OrderRequest, Unheard, when_unheard
from safar.shop.model import Answer, Order, OrderState, PaymentState, Taken
from safar.shop.orders import open_payments, orders_by_id, touch_payments
from safar.shop.payments import Charge, Outcome, Said, provider_of
from safar.shop.settle import (
    Cancellation,
    Confirmation,
    Refunded,
    Standing,
    cancel_many,
    confirm_many,
    refunded_many,
)

_BATCH_MAX = 100
# A provider is asked when its answer did not come in the time that the checkout waits for it, and some more.
ASK_AFTER = timedelta(seconds=15)


def link_of(context: Context, order_id: UUID) -> str:
    """Return the address of the order's page that only its customer gets."""
    return context.settings.public_url + path_of(context, order_id)


def path_of(context: Context, order_id: UUID) -> str:
    return "/orders/" + context.vault.sign("order", order_id.hex)


async def take_order(context: Context, request: OrderRequest) -> Answer:
    """Take one order: at once when it is paid on delivery, else placed, paid and settled."""
    if request.provider == payments.CASH:
        return await context.batched(buy_many, request)
    answer = await context.batched(place_many, request)
    return await pay(context, request, answer) if isinstance(answer, Taken) else answer


async def pay(context: Context, request: OrderRequest, taken: Taken) -> Taken:
    """Charge a placed order and settle it by the answer; return how the order stands then.

    When no answer comes in time the order stays PLACED and the recovery loop asks again.
    """
    if taken.state != OrderState.PLACED:
        return taken
    charge = Charge(
        taken.order_id, taken.total_minor, taken.currency, request.method,
        clock.now() + timedelta(minutes=request.hold_minutes),
    )  # fmt: skip
    try:
        async with asyncio.timeout(payments.PATIENCE_S):
            answers = await provider_of(context, request.provider).charge(charge)
    except Exception as error:
        # Whatever went wrong on the way, the provider may have taken the money.
        log.warning("payment.no_answer", order_id=str(taken.order_id), error=type(error).__name__)
        return taken
    standing: Standing | None = None
    for said in answers:
        standing = await _settle(context, taken.order_id, request.provider, said) or standing
    return taken if standing is None else _as_taken(taken, standing)


async def settle_open(context: Context) -> bool:
    """Settle payments nobody waits for any more; return whether there may be more of them."""
    async with context.database.connection() as connection:
        until = clock.now() - ASK_AFTER
        order_ids = await open_payments(connection, until=until, limit=_BATCH_MAX)
        orders = await orders_by_id(connection, order_ids)
    for order_id in order_ids:
        try:
            await _settle_one(context, orders[order_id])
        except Exception as error:
            # One order whose provider is down must not keep the others waiting.
            log.warning("payment.unsettled", order_id=str(order_id), error=repr(error))
    async with context.database.transaction() as connection:
        await touch_payments(connection, order_ids)
    return len(order_ids) == _BATCH_MAX


async def give_back(context: Context, order_id: UUID, provider: str) -> Standing:
    """Refund an order that was paid and cancelled."""
    await provider_of(context, provider).refund(order_id)
    return await context.batched(refunded_many, Refunded(order_id, link_of(context, order_id)))


async def _settle_one(context: Context, order: Order) -> None:
    if order.payment_state == PaymentState.OWED:
        await give_back(context, order.id, order.provider)
        return
    said = await provider_of(context, order.provider).look_up(order.id)
    if said is not None and await _settle(context, order.id, order.provider, said) is not None:
        return
    step = when_unheard(order, pending=said is not None, now=clock.now())
    if step is not Unheard.WAIT:
        cancellation = Cancellation(
            order.id, link_of(context, order.id), "payment_unfinished",
            may_still_arrive=step is Unheard.CANCEL_AND_ASK,
        )  # fmt: skip
        await context.batched(cancel_many, cancellation)


async def _settle(context: Context, order_id: UUID, provider: str, said: Said) -> Standing | None:
    """Write down what the provider said; None when it does not know yet."""
    link = link_of(context, order_id)
    if said.outcome is Outcome.PENDING:
        return None
    if said.outcome is Outcome.DECLINED:
        return await context.batched(cancel_many, Cancellation(order_id, link, "payment_declined"))
    standing = await context.batched(confirm_many, Confirmation(order_id, link, said.reference))
    if standing.payment_state == PaymentState.OWED:
        return await give_back(context, order_id, provider)
    return standing


def _as_taken(taken: Taken, standing: Standing) -> Taken:
    return Taken(
        taken.order_id, taken.number, standing.state or taken.state,
        standing.payment_state or taken.payment_state, taken.total_minor, taken.currency, standing.reason,
        taken.replayed,
    )  # fmt: skip
