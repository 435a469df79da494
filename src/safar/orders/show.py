"""How an order is shown: its way, its sums, what became of its money."""

from collections.abc import Sequence

from safar.kernel.i18n import _, date, money
from safar.orders.model import Order, OrderLine, OrderState, PaymentState
from safar.orders.words import REASONS

Step = tuple[str, str, str | None]


def steps_of(order: Order, *, partly_shipped: bool = False, sent_back: bool = False) -> list[Step]:
    """Return the order's way as (label, done | now | next | failed, when); what is now, in the present."""
    if order.state == OrderState.CANCELLED:
        return [
            (_("Ordered"), "done", date(order.placed_at)),
            (_("Cancelled"), "failed", date(order.cancelled_at) if order.cancelled_at else None),
        ]
    paid = order.payment_state in (PaymentState.PAID, PaymentState.REFUNDED)
    way = (
        (_("Ordered"), "", order.placed_at),
        (
            _("Paid") if paid and order.state != OrderState.PLACED else _("Confirmed"),
            _("Waiting for payment"),
            order.confirmed_at,
        ),
        (_("Packed"), _("Being packed"), order.packed_at),
        (_("Partly shipped") if partly_shipped else _("Shipped"), _("Ready to ship"), order.shipped_at),
        (
            _("Counts as delivered") if counts_as_delivered(order) else _("Delivered"),
            _("On its way"),
            order.delivered_at,
        ),
    )
    reached = max(index for index, (_label, _now, at) in enumerate(way) if at)
    if counts_as_delivered(order):
        reached = len(way) - 1
    if partly_shipped:
        reached = max(reached, 2)
    steps: list[Step] = []
    for index, (label, under_way, at) in enumerate(way):
        state = "done" if index <= reached else "now" if index == reached + 1 else "next"
        steps.append((under_way if state == "now" else label, state, date(at) if at else None))
    return [*steps, (_("Sent back"), "done", None)] if sent_back else steps


def counts_as_delivered(order: Order) -> bool:
    """Tell whether an order was closed although nobody marked it delivered: it left long ago."""
    return order.state == OrderState.CLOSED and order.delivered_at is None


def awaited_words(order: Order) -> str:
    """Return what is waited for while an order is not paid, for its customer; "" once it is."""
    if order.payment_state != PaymentState.STARTED or order.state != OrderState.PLACED:
        return ""
    return _("Waiting for your transfer") if order.provider == "transfer" else _("Waiting for your payment")


def next_step_text(order: Order, *, partly_shipped: bool = False, sent_back: bool = False) -> str:
    """Return what happens next, in a sentence."""
    if order.state == OrderState.CANCELLED:
        return _(REASONS.get(order.reason or "", REASONS["cancelled_by_shop"]))
    if sent_back:
        return _("You’ve returned everything in this order.")
    if counts_as_delivered(order):
        return _(
            "Your order shipped a while ago, so we count it as delivered. If it hasn’t arrived, contact us."
        )
    if partly_shipped:
        return _("Part of your order is on its way; the rest will follow.")
    return {
        OrderState.PLACED: _("We’ve reserved your items. We’ll e-mail you as soon as your payment is here."),
        OrderState.CONFIRMED: _("We’re packing your order and will e-mail you when it ships."),
        OrderState.PACKED: _("Your order is packed and waiting for the carrier."),
        OrderState.SHIPPED: _("Your parcel is with the carrier."),
        OrderState.DELIVERED: _("Your parcel has arrived. Enjoy it!"),
        OrderState.CLOSED: _("Your order is complete."),
    }[OrderState(order.state)]


def sums_of(order: Order, lines: Sequence[OrderLine]) -> list[tuple[str, int]]:
    """Return what makes up an order's total, and the total, as (label, minor units).

    A code that took nothing off the goods made the delivery free.
    """
    code = f" ({order.discount_code})" if order.discount_code else ""
    rows = [(_("Subtotal"), sum(line.price_minor * line.quantity for line in lines))]
    if order.discount_minor:
        rows.append((_("Discount") + code, -order.discount_minor))
    rows.append((_("Delivery") + ("" if order.discount_minor else code), order.shipping_minor))
    if order.tax_minor and not order.tax_included:
        rows.append((_("Tax"), order.tax_minor))
    if order.credit_minor:
        rows.append((_("Credit for returned items"), -order.credit_minor))
    if order.waived_minor:
        rows.append((_("No longer due"), -order.waived_minor))
    return [*rows, (_("Total"), order.total_minor)]


def money_note(
    order: Order, *, came_minor: int = 0, back_minor: int = 0, return_state: str | None = None
) -> str | None:
    """Return what became of the money, for an order that was cancelled.

    `came_minor`: what arrived of it, be it too little or too late; `back_minor`: what was given back.
    `return_state`: how the return stands that it was the exchange for.
    """
    if order.state != OrderState.CANCELLED:
        return None
    if order.credit_minor and return_state and return_state != "refused":
        amount = money(order.credit_minor, order.currency)
        if return_state == "refunded":
            return _("The %(amount)s you paid for the items you returned will be refunded.", amount=amount)
        return _("You’ll be refunded %(amount)s for the items you return, once we have them.", amount=amount)
    state = PaymentState(order.payment_state)
    note = {
        PaymentState.OWED: _("Your refund is on its way; we’ll e-mail you when it’s done."),
        PaymentState.REFUNDED: _("You’ve been refunded in full."),
        PaymentState.STARTED: _("If your payment still arrives, we’ll refund it in full."),
    }.get(state, _("You haven’t been charged."))
    if not came_minor or state in (PaymentState.OWED, PaymentState.REFUNDED):
        return note
    amount = money(came_minor, order.currency)
    came = (
        _("We received %(amount)s and have refunded it.", amount=amount)
        if back_minor >= came_minor
        else _("We received %(amount)s and are refunding it; we’ll e-mail you when it’s done.", amount=amount)
    )
    return f"{came} {note}" if state == PaymentState.STARTED else came
