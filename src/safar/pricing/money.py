"""Amounts from one currency into another, and the one way to round."""

from collections.abc import Mapping
from fractions import Fraction

from babel.numbers import get_currency_precision

from safar.catalogue.model import Rate


def half_up(numerator: int, denominator: int) -> int:
    """Return the quotient of two amounts that are not negative, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def converted(minor: int, currency: str, to: str, rates: Mapping[str, Rate]) -> int:
    """Return `minor` units of `currency` in `to`, rounded as `to` is.

    A currency without a rate is the shop's own.
    """
    if currency == to or not minor:
        return minor
    source, target = rates.get(currency), rates.get(to)
    amount = Fraction(minor)
    amount *= Fraction(target.rate) if target else 1
    amount /= Fraction(source.rate) if source else 1
    amount *= Fraction(10) ** (get_currency_precision(to) - get_currency_precision(currency))
    step = target.round_to_minor if target else 1
    return half_up(amount.numerator, amount.denominator * step) * step
