"""What a return is worth, without I/O: the lines' own prices, discounts and tax, to the last minor unit."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from safar.orders.model import Order, OrderLine
from safar.pricing.model import QuotedLine, Tax
from safar.pricing.money import half_up
from safar.pricing.quote import RATE_WHOLE


def paid_for(line: OrderLine, *, tax_included: bool) -> int:
    """Return what the customer paid for a whole line."""
    return line.price_minor * line.quantity - line.discount_minor + (0 if tax_included else line.tax_minor)


def returned_share(total_minor: int, quantity: int, before: int, units: int) -> int:
    """Return what `units` of `quantity` are worth when `before` of them have come back already.

    However a line is split, its shares sum to its total.
    """
    return total_minor * (before + units) // quantity - total_minor * before // quantity


def worth_of(
    order: Order, lines: Sequence[OrderLine], units: Mapping[UUID, int], before: Mapping[UUID, int]
) -> int:
    """Return what `units` of the order's lines are worth, `before` of each having come back already.

    What was given up of them has gone before, too.
    """
    return sum(
        returned_share(
            paid_for(line, tax_included=order.tax_included),
            line.quantity,
            before.get(line.variant_id, 0) + line.given_up,
            units.get(line.variant_id, 0),
        )
        for line in lines
    )


def shipping_paid(order: Order) -> int:
    """Return what the customer paid for sending, with its tax."""
    return order.shipping_minor + (0 if order.tax_included else order.shipping_tax_minor)


def delivery_worth(order: Order, left_minor: int) -> int:
    """Return what can go back of what sending an order had cost: once, and at most what is left."""
    return max(min(shipping_paid(order) - order.delivery_back_minor, left_minor), 0)


def same_again(line: OrderLine, units: int, before: int, *, tax_included: bool) -> QuotedLine:
    """Return a line of the same goods that costs exactly what was paid for these units of it."""
    before += line.given_up
    paid = returned_share(paid_for(line, tax_included=tax_included), line.quantity, before, units)
    tax = returned_share(line.tax_minor, line.quantity, before, units)
    off = line.price_minor * units + (0 if tax_included else tax) - paid
    if off < 0:  # the shares of discount and tax are rounded apart
        off, tax = 0, tax - off
    return QuotedLine(line.variant_id, line.price_minor, units, off, tax, line.tax_class, line.tax_rate)


def unit_in_terms_of(price_minor: int, tax: Tax, tax_class: str, *, tax_included: bool) -> int:
    """Return a price of now as an order says prices: with the tax in them, or without it."""
    rate = tax.rates.get(tax_class, 0)
    if tax.included == tax_included:
        return price_minor
    if tax.included:
        return price_minor - half_up(price_minor * rate, RATE_WHOLE + rate)
    return price_minor + half_up(price_minor * rate, RATE_WHOLE)
