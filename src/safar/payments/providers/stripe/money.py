"""Amounts as Stripe writes them, which is not in every currency as ISO 4217 (or we) do.

Source: docs.stripe.com/currencies, "Zero-decimal currencies", "Special cases", "Three-decimal currencies".
"""

from decimal import Decimal

from babel.numbers import get_currency_precision

from safar.kernel.money import Money, minor_of

_WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"],
)
_THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def to_stripe(money: Money) -> int:
    """Return the amount in Stripe's units. Raises ValueError for a fraction that Stripe does not take."""
    places = _places(money.currency)
    amount = money.major().scaleb(places)
    if amount != amount.to_integral_value() or (places == 3 and amount % 10):
        raise ValueError(f"Stripe takes no such fraction of {money.currency}")
    return int(amount)


def step_of(currency: str) -> int:
    """Return of how many of our minor units an amount has to be a multiple, or Stripe refuses it."""
    step: int = 10 ** max(get_currency_precision(currency) - min(_places(currency), 2), 0)
    return step


def from_stripe(amount: int, currency: str) -> int:
    """Return an amount of Stripe's in our minor units."""
    return minor_of(Decimal(amount).scaleb(-_places(currency)), currency)


def _places(currency: str) -> int:
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THOUSANDTHS else 2
