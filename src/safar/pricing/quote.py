"""What a basket costs, without I/O. The order of the lines changes nothing; every amount is an integer.

Rounding: tax is rounded half up for each line, and for shipping; a discount is rounded half up once and
spread over its lines by largest remainder, so that the parts sum to it exactly.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from safar.pricing.model import (
    Destination,
    Discount,
    DiscountKind,
    DiscountReason,
    NoShipping,
    Priced,
    Quote,
    QuotedLine,
    Rules,
    ShippingChoice,
    Tax,
)
from safar.pricing.money import converted, half_up
from safar.pricing.shipping import methods_to

__all__ = [
    "Destination",
    "Discount",
    "DiscountKind",
    "DiscountReason",
    "NoShipping",
    "Priced",
    "Quote",
    "QuotedLine",
    "Rules",
    "ShippingChoice",
    "Tax",
    "discount_refusal",
    "quote",
    "spread",
]

RATE_WHOLE = 100_000
PERCENT_WHOLE = 10_000
_UNTAXED = Tax()


def quote(
    lines: Sequence[Priced],
    rules: Rules,
    to: Destination,
    *,
    currency: str,
    shipping: str = "",
    discount: Discount | None = None,
) -> Quote | NoShipping:
    """Return what `lines` cost in `currency`, sent to `to`.

    `shipping`: the key of a method, "" for the cheapest; while there are no zones shipping is free.
    `discount`: one that `discount_refusal` does not refuse.
    """
    amounts = [line.unit_minor * line.quantity for line in lines]
    subtotal = sum(amounts)
    off = _discounts(lines, amounts, rules, currency, discount)
    off_total = sum(off)
    methods = methods_to(
        rules,
        to,
        weight_g=sum(line.weight_g * line.quantity for line in lines),
        goods_minor=subtotal - off_total,
        currency=currency,
        free=discount is not None and discount.kind == DiscountKind.FREE_SHIPPING,
    )
    method = _chosen(methods, shipping)
    if method is None and rules.zones:
        return NoShipping(to.country, shipping, methods)
    shipping_minor = method.price_minor if method else 0
    tax = rules.taxes.get(to.country) or rules.taxes.get("") or _UNTAXED
    quoted = []
    tax_minor = shipping_tax = _tax(shipping_minor, tax, tax.shipping_class)
    for line, amount, less in zip(lines, amounts, off, strict=True):
        line_tax = _tax(amount - less, tax, line.tax_class)
        tax_minor += line_tax
        rate = tax.rates.get(line.tax_class, 0)
        quoted.append(
            QuotedLine(line.variant_id, line.unit_minor, line.quantity, less, line_tax, line.tax_class, rate)
        )
    return Quote(
        lines=tuple(quoted),
        subtotal_minor=subtotal,
        discount_minor=off_total,
        shipping_minor=shipping_minor,
        tax_minor=tax_minor,
        tax_included=tax.included,
        total_minor=subtotal - off_total + shipping_minor + (0 if tax.included else tax_minor),
        currency=currency,
        shipping_key=method.key if method else "",
        methods=methods,
        shipping_tax_minor=shipping_tax,
        shipping_tax_rate=tax.rates.get(tax.shipping_class, 0) if shipping_minor else 0,
    )


def discount_refusal(
    discount: Discount | None, lines: Sequence[Priced], rules: Rules, *, currency: str, now: datetime
) -> DiscountReason | None:
    """Return why a code is not taken for these lines now, or None.

    Whether uses are left, and whether this customer had theirs, only the ledger can tell: see discounts.py.
    """
    if discount is None or not discount.active:
        return DiscountReason.UNKNOWN
    if discount.starts_at is not None and now < discount.starts_at:
        return DiscountReason.NOT_YET
    if discount.ends_at is not None and now >= discount.ends_at:
        return DiscountReason.OVER
    meant = [line for line in lines if not discount.category or line.category == discount.category]
    if not meant:
        return DiscountReason.NOT_FOR_THESE
    goods = sum(line.unit_minor * line.quantity for line in meant)
    if goods < converted(discount.minimum_minor, discount.currency, currency, rules.rates):
        return DiscountReason.TOO_LITTLE
    return None


def spread(total: int, weights: Sequence[tuple[int, UUID]]) -> list[int]:
    """Return `total` in parts proportional to the weights, by largest remainder; equal ones by their id.

    With 0 <= total <= sum of the weights no part is larger than its weight.
    """
    whole = sum(weight for weight, _id in weights)
    if not whole or not total:
        return [0] * len(weights)
    parts = [total * weight // whole for weight, _id in weights]
    left = total - sum(parts)
    order = sorted(
        range(len(weights)), key=lambda i: (-(total * weights[i][0] % whole), weights[i][1], weights[i][0])
    )
    for i in order[:left]:
        parts[i] += 1
    return parts


def _discounts(
    lines: Sequence[Priced], amounts: Sequence[int], rules: Rules, currency: str, discount: Discount | None
) -> list[int]:
    if discount is None or discount.kind == DiscountKind.FREE_SHIPPING:
        return [0] * len(lines)
    weights = [
        (amount if not discount.category or line.category == discount.category else 0, line.variant_id)
        for line, amount in zip(lines, amounts, strict=True)
    ]
    goods = sum(weight for weight, _id in weights)
    if discount.kind == DiscountKind.PERCENT:
        total = half_up(goods * discount.value, PERCENT_WHOLE)
    else:
        total = converted(discount.value, discount.currency, currency, rules.rates)
    return spread(min(total, goods), weights)


def _chosen(methods: Sequence[ShippingChoice], key: str) -> ShippingChoice | None:
    if not key:
        return methods[0] if methods else None
    return next((method for method in methods if method.key == key), None)


def _tax(amount_minor: int, tax: Tax, tax_class: str) -> int:
    rate = tax.rates.get(tax_class, 0)
    if not rate or not amount_minor:
        return 0
    if tax.included:
        return half_up(amount_minor * rate, RATE_WHOLE + rate)
    return half_up(amount_minor * rate, RATE_WHOLE)
