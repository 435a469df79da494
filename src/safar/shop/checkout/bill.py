"""What a basket costs as a customer is shown it, and why it cannot be had as they asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from safar.cart.reading import PricedCart
from safar.kernel.context import Context
from safar.kernel.i18n import current_language
from safar.orders.errors import DiscountRefused
from safar.payments.ways import PaymentWay, offered, payment_warnings
from safar.pricing.model import Destination, DiscountReason, NoShipping, Quote, Rules, ShippingChoice
from safar.pricing.quote import quote
from safar.pricing.rules import rules_of
from safar.pricing.words import minimum_of


@dataclass(frozen=True, slots=True)
class Bill:
    """A basket with its price. `quote` None: it cannot be sent there. `refusal`: why the code is not taken.

    `ways` are those that take its total, `not_for_total` the others.
    `other_way`: the way that was asked for is not to be had there; the price is that of the cheapest.
    """

    basket: PricedCart
    to: Destination
    rules: Rules
    quote: Quote | None
    methods: Sequence[ShippingChoice]
    ways: Sequence[PaymentWay]
    refusal: DiscountReason | None = None
    other_way: bool = False
    nothing_offered: bool = False
    not_for_total: Sequence[PaymentWay] = ()

    @property
    def code_refused(self) -> DiscountRefused | None:
        if self.refusal is None:
            return None
        basket = self.basket
        minimum_minor = minimum_of(basket.discount, basket.currency, self.rules)
        return DiscountRefused(self.refusal, basket.code, minimum_minor, basket.currency)

    @property
    def refusal_text(self) -> str | None:
        refused = self.code_refused
        return refused.why if refused else None

    @property
    def method(self) -> ShippingChoice | None:
        key = self.quote.shipping_key if self.quote else ""
        return next((method for method in self.methods if method.key == key), None)


async def bill_of(context: Context, basket: PricedCart, to: Destination, shipping: str = "") -> Bill:
    """Return what the basket costs there; a code that is not taken is left out, and said."""
    rules = await rules_of(context)
    refusal = basket.refusal(rules)
    discount = basket.discount if basket.code and refusal is None else None
    asked = quote(basket.priced, rules, to, currency=basket.currency, shipping=shipping, discount=discount)
    quoted = asked
    if isinstance(asked, NoShipping) and asked.methods:
        quoted = quote(basket.priced, rules, to, currency=basket.currency, discount=discount)
    total = quoted.total_minor if isinstance(quoted, Quote) else None
    ways = await offered(context, basket.currency, to.country, total)
    return Bill(
        basket=basket,
        to=to,
        rules=rules,
        quote=quoted if isinstance(quoted, Quote) else None,
        methods=quoted.methods,
        ways=[way for way in ways if way.for_total],
        not_for_total=[way for way in ways if not way.for_total],
        refusal=refusal,
        other_way=quoted is not asked,
        nothing_offered=not ways and (await payment_warnings(context)).nothing_offered,
    )


def bill_json(bill: Bill) -> dict[str, Any]:
    """Return a bill for programs: amounts in minor units of `currency`."""
    basket, quoted = bill.basket, bill.quote
    body: dict[str, Any] = {
        "currency": basket.currency,
        "units": basket.units,
        "lines": [
            {
                "sku": line.sku,
                "title": line.title,
                "quantity": line.quantity,
                "price_minor": line.price_minor,
                "buyable": line.offer.buyable,
                "promised_on": line.offer.promised_on,
                "repriced": line.repriced,
            }
            for line in basket.lines
        ],
        "subtotal_minor": basket.subtotal_minor,
        "code": basket.code,
        "code_refused": bill.refusal,
        "shipping_methods": [
            {
                "key": method.key,
                "name": method.name_in(current_language()),
                "price_minor": method.price_minor,
                "days_least": method.days_least,
                "days_most": method.days_most,
            }
            for method in bill.methods
        ],
        "payment_ways": [
            {"provider": way.provider, "label": way.label, "methods": [key for key, _label in way.methods]}
            for way in bill.ways
        ],
        "deliverable": quoted is not None,
    }
    if quoted is not None:
        body |= {
            "discount_minor": quoted.discount_minor,
            "shipping": quoted.shipping_key,
            "shipping_minor": quoted.shipping_minor,
            "tax_minor": quoted.tax_minor,
            "tax_included": quoted.tax_included,
            "total_minor": quoted.total_minor,
        }
    return body
