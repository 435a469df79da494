"""Money is an integer number of minor units with its currency; never a float."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import get_currency_precision


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (pence, centavos, rials) of an ISO 4217 currency."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.minor + other.minor, self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.minor * quantity, self.currency)

    def major(self) -> Decimal:
        """Return the amount in major units, exact."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))


def minor_of(amount: Decimal, currency: str) -> int:
    """Return `amount` major units as minor units, half to even."""
    scaled = amount.scaleb(get_currency_precision(currency))
    return int(scaled.to_integral_value(rounding=ROUND_HALF_EVEN))
