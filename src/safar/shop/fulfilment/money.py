"""What a return is worth, without I/O: the lines' own prices, discounts and tax, to the last minor unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from safar.shop.model import Order, OrderLine


@dataclass(frozen=True, slots=True)
class Swap:
    """Units of a bought line that are exchanged; `same`: for the same again."""

    line: OrderLine
    units: int
    same: bool


def paid_for(line: OrderLine, *, tax_included: bool) -> int:
    """Return what the customer paid for a whole line."""
    return line.price_minor * line.quantity - line.discount_minor + (0 if tax_included else line.tax_minor)


def share(total_minor: int, quantity: int, before: int, units: int) -> int:
    """Return what `units` of `quantity` are worth when `before` of them have come back already.

    However a line is split, its shares sum to its total.
    """
    return total_minor * (before + units) // quantity - total_minor * before // quantity


def worth_of(
    order: Order, lines: Sequence[OrderLine], units: Mapping[UUID, int], before: Mapping[UUID, int]
) -> int:
    """Return what `units` of the order's lines are worth, `before` of each having come back already."""
    return sum(
        share(
            paid_for(line, tax_included=order.tax_included), line.quantity,
            before.get(line.variant_id, 0), units.get(line.variant_id, 0),
        )
        for line in lines
    )  # fmt: skip


def shipping_paid(order: Order, lines: Sequence[OrderLine]) -> int:
    """Return what the customer paid for sending, with its tax."""
    tax = order.tax_minor - sum(line.tax_minor for line in lines)
    return order.shipping_minor + (0 if order.tax_included else max(tax, 0))


def offset_of(swaps: Sequence[Swap], before: Mapping[UUID, int]) -> int:
    """Return what is taken off the price of the new goods, before tax is put on top of it.

    The same again costs nothing, whatever had been paid for it; else what was paid counts.
    """
    return sum(swap.line.price_minor * swap.units if swap.same else _credit(swap, before) for swap in swaps)


def surplus(
    swaps: Sequence[Swap], before: Mapping[UUID, int], unused_minor: int, *, tax_included: bool
) -> int:
    """Return what goes back when `unused_minor` of the offset was not needed, with its tax."""
    others = [swap for swap in swaps if not swap.same]
    credit = sum(_credit(swap, before) for swap in others)
    paid = sum(_credit(swap, before, tax_included=tax_included) for swap in others)
    return paid * unused_minor // credit if credit else 0


def surplus_of(surplus_minor: int, asked: int, received: int) -> int:
    """Return how much of a surplus goes back when only some of the units have come."""
    return surplus_minor * received // asked if asked else 0


def _credit(swap: Swap, before: Mapping[UUID, int], *, tax_included: bool = True) -> int:
    line = swap.line
    total = paid_for(line, tax_included=tax_included)
    return share(total, line.quantity, before.get(line.variant_id, 0), swap.units)
