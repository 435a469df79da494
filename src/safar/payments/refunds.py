"""Refunds: carried out at their provider, outside any transaction; a failed call is retried."""

import asyncio
from datetime import timedelta
from uuid import UUID

from safar.kernel.context import Context
from safar.kernel.log import log
from safar.kernel.setbacks import nobodys_fault, note
from safar.orders.changes import OrderStanding
from safar.orders.links import order_link
from safar.orders.reading import orders_by_id
from safar.payments.books.ask_refund import refund_cancelled_many
from safar.payments.books.decide import try_again_in
from safar.payments.books.end_refund import end_refunds_many, postpone, take_due_refunds, take_of
from safar.payments.books.model import DueRefund, Ending
from safar.payments.books.reading import accounts_of
from safar.payments.providers.port import RefundOrder, RefundOutcome, RefundWord
from safar.payments.ways import provider_of

_UNDER_WAY = timedelta(minutes=10)
_STATES = {RefundOutcome.DONE: "done", RefundOutcome.REFUSED: "failed", RefundOutcome.BY_HAND: "by_hand"}


async def carry_out_due(context: Context) -> bool:
    """Carry out the refunds that are due; return whether there may be more of them."""
    async with context.database.transaction() as connection:
        due = await take_due_refunds(connection)

    async def carry_out(refund: DueRefund) -> None:
        try:
            await _carry_out(context, refund)
        except Exception as error:
            # It was postponed when it was taken; the others are carried out, and staff see this one.
            if nobodys_fault(error):
                raise
            await note(context.database, "shop.refunds", refund.id, error)

    await asyncio.gather(*(carry_out(refund) for refund in due))
    return bool(due)


async def carry_out_of(context: Context, order_id: UUID) -> None:
    """Carry out the new refunds of one order at once; what fails here is left to the loop."""
    async with context.database.transaction() as connection:
        due = await take_of(connection, order_id)
    for refund in due:
        await _carry_out(context, refund)


async def _carry_out(context: Context, refund: DueRefund) -> None:
    back = RefundOrder(
        refund.id,
        refund.order_id,
        refund.amount_minor,
        refund.currency,
        refund.payment_reference,
        refund.data,
        refund.reference,
        refund.failures,
    )
    try:
        async with asyncio.timeout(context.settings.payment_timeout_s):
            word = await (await provider_of(context, refund.provider)).refund(back)
    except Exception as error:
        log.warning("refund.no_answer", refund_id=str(refund.id), error=type(error).__name__)
        await _later(context, refund, try_again_in(refund.tries), type(error).__name__)
        return
    await write_refund_word(context, refund, word)


async def write_refund_word(context: Context, refund: DueRefund, word: RefundWord) -> None:
    """Write down what a provider said about a refund."""
    if word.outcome is RefundOutcome.WAITING:
        await _later(context, refund, _UNDER_WAY, None, word.reference)
        return
    link = order_link(context, refund.order_id)
    ending = Ending(refund.id, _STATES[word.outcome], link, word.reference, word.problem)
    await context.batched(end_refunds_many, ending)


async def _later(
    context: Context, refund: DueRefund, pause: timedelta, problem: str | None, reference: str | None = None
) -> None:
    async with context.database.transaction() as connection:
        await postpone(connection, refund, pause=pause, problem=problem, reference=reference)


async def refund_cancelled(context: Context, order_id: UUID) -> OrderStanding:
    """Refund what was paid for an order that was cancelled: at once where a provider does it.

    Where people paid by hand it becomes a task of the staff, and the payment stays OWED until it is done.
    """
    await context.batched(refund_cancelled_many, order_id)
    await carry_out_of(context, order_id)
    async with context.database.connection() as connection:
        account = (await accounts_of(connection, [order_id]))[order_id]
        order = (await orders_by_id(connection, [order_id]))[order_id]
    return OrderStanding(order_id, account.order_state, account.state, order.reason)
