"""How the shop shows what is left, what is in a cart and how an order stands: values for the templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.kernel.i18n import N_, _, date, number
from safar.shop.decide import REASONS, free_for, location_for
from safar.shop.model import CartLine, Order, OrderState, PaymentState
from safar.stock.decide import state_of
from safar.stock.model import Level, Place

CATEGORIES = {
    "bags": N_("Bags"), "bath": N_("Bath"), "children": N_("Children"), "christmas": N_("Christmas"),
    "garden": N_("Garden"), "home": N_("Home"), "jewellery": N_("Jewellery"), "kitchen": N_("Kitchen"),
    "lights": N_("Lights"), "party": N_("Party"), "signs": N_("Signs"), "stationery": N_("Stationery"),
    "storage": N_("Storage"),
}  # fmt: skip

STATES = {
    OrderState.PLACED: N_("Waiting for payment"),
    OrderState.CONFIRMED: N_("Confirmed"),
    OrderState.SHIPPED: N_("Shipped"),
    OrderState.DELIVERED: N_("Delivered"),
    OrderState.CANCELLED: N_("Cancelled"),
}

PAYMENT_STATES = {
    PaymentState.STARTED: N_("Being checked"),
    PaymentState.PAID: N_("Paid"),
    PaymentState.DUE: N_("On delivery"),
    PaymentState.FAILED: N_("Not paid"),
    PaymentState.OWED: N_("Refund under way"),
    PaymentState.REFUNDED: N_("Refunded"),
}

Step = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Stock:
    """What a visitor is told of the units: how many are free, in words, and in which tone."""

    free: int
    text: str
    tone: str

    @property
    def gone(self) -> bool:
        return self.free <= 0


@dataclass(frozen=True, slots=True)
class CartView:
    """A line of the cart with what has changed since the customer saw it last."""

    line: CartLine
    stock: Stock

    @property
    def too_many(self) -> bool:
        return self.line.quantity > self.stock.free

    @property
    def repriced(self) -> bool:
        return self.line.price_minor != self.line.seen_minor


def category_name(category: str) -> str:
    """Return a category as customers read it; one that is not among ours keeps its own name."""
    return _(CATEGORIES[category]) if category in CATEGORIES else category


def stock_of(variant_id: UUID, campaign_id: UUID | None, levels: Mapping[Place, Level]) -> Stock:
    """Return what is left for this visitor, and say so when units are in other people's checkouts."""
    free = free_for(variant_id, campaign_id, levels)
    location_id = location_for(variant_id, campaign_id, levels)
    held = levels[variant_id, location_id].held if location_id else 0
    return stock_text(free, held)


def stock_text(free: int, held: int) -> Stock:
    state = state_of(free)
    if state == "plenty":
        return Stock(free, _("In stock: %(count)s", count=number(free)), "good")
    if state == "low":
        return Stock(free, _("Only %(count)s left", count=number(free)), "warn")
    if held:
        return Stock(0, _("The last ones are in other customers' checkouts"), "warn")
    return Stock(0, _("Sold out"), "bad")


def cart_views(
    lines: Sequence[CartLine], campaign_id: UUID | None, levels: Mapping[Place, Level]
) -> list[CartView]:
    return [CartView(line, stock_of(line.variant_id, campaign_id, levels)) for line in lines]


def total_of(lines: Sequence[CartLine]) -> int:
    return sum(line.price_minor * line.quantity for line in lines)


def steps_of(order: Order) -> list[Step]:
    """Return the order's way as (label, done | now | next | failed, when)."""
    if order.state == OrderState.CANCELLED:
        return [
            (_("Ordered"), "done", date(order.placed_at)),
            (_("Cancelled"), "failed", date(order.cancelled_at) if order.cancelled_at else None),
        ]
    way = (
        (_("Ordered"), order.placed_at),
        (_("Confirmed"), order.confirmed_at),
        (_("Shipped"), order.shipped_at),
        (_("Delivered"), order.delivered_at),
    )
    steps: list[Step] = []
    for label, at in way:
        open_before = bool(steps) and steps[-1][1] != "done"
        state = "done" if at else "next" if open_before else "now"
        steps.append((label, state, date(at) if at else None))
    return steps


def next_of(order: Order) -> str:
    """Return what happens next, in a sentence."""
    if order.state == OrderState.CANCELLED:
        return _(REASONS.get(order.reason or "", REASONS["cancelled_by_shop"]))
    return {
        OrderState.PLACED: _(
            "Your units are set aside. We are waiting for the payment to be confirmed and write to you then."
        ),
        OrderState.CONFIRMED: _("The units are yours. We pack them now and write to you when they leave."),
        OrderState.SHIPPED: _("Your parcel is with the carrier."),
        OrderState.DELIVERED: _("Your parcel has arrived. Enjoy it!"),
    }[OrderState(order.state)]


def money_note(order: Order) -> str | None:
    """Return what became of the money, for an order that was cancelled."""
    if order.state != OrderState.CANCELLED:
        return None
    return {
        PaymentState.OWED: _("Your money is on its way back; we write to you as soon as it is done."),
        PaymentState.REFUNDED: _("Your money was given back in full."),
        PaymentState.STARTED: _("Should the payment still arrive, you get it back in full."),
    }.get(PaymentState(order.payment_state), _("Nothing was charged."))
