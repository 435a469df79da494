"""Money is an integer number of minor units with its currency; never a float.

`read_amount` is the one place where a written amount becomes money, whatever it is written in: a
form, a file, a program's request.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import get_currency_precision

from safar.kernel.text import ascii_digits

AMOUNT_MINOR_MAX = 10**13
_CHARACTERS_MAX = 40
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff"))
_SIGNS = str.maketrans({
    "٬": "'", "’": "'", "\u02bc": "'", "\uff07": "'",
    "،": ",", "\uff0c": ",", "\uff0e": ".",
    "\u00a0": " ", "\u202f": " ", "\u2007": " ", "\u2008": " ", "\u2009": " ", "\u3000": " ",
})  # fmt: skip
_WRITTEN = re.compile(r"[0-9]*(?:[ ',.٫][0-9]+)*")
_THREES = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_LAKHS = re.compile(r"[1-9][0-9]?(?:,[0-9]{2}){1,9},[0-9]{3}")  # 12,34,567, as in India
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


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


class NotAnAmount(ValueError):
    """A text is no amount of money."""


class TooFine(NotAnAmount):
    """More decimals are written than the currency has, be they zeros."""


class TwoReadings(NotAnAmount):
    """The sign in it may part thousands or decimals; `ways`: each reading, written as only it can be read."""

    def __init__(self, ways: tuple[str, str]) -> None:
        super().__init__(*ways)
        self.ways = ways


def minor_of(amount: Decimal, currency: str) -> int:
    """Return `amount` major units as minor units, half to even."""
    scaled = amount.scaleb(get_currency_precision(currency))
    return int(scaled.to_integral_value(rounding=ROUND_HALF_EVEN))


def plain_amount(minor: int, currency: str) -> str:
    """Return an amount in major units as `read_amount` reads it, with all the decimals of its currency."""
    return f"{Money(minor, currency).major():f}"


def read_amount(text: str, currency: str) -> int:
    """Return an amount that is written in major units as minor units of `currency`.

    How it can be written, and what is refused, says `read_number`; no more decimals than the currency has.
    Raises TwoReadings, TooFine, NotAnAmount (anything else: no number, below zero, too much).
    """
    places = get_currency_precision(currency)
    minor = int(read_number(text, places).scaleb(places))
    if minor > AMOUNT_MINOR_MAX:
        raise NotAnAmount(text)
    return minor


def read_number(text: str, places: int) -> Decimal:
    """Return a number not below zero, in the digits of any script, with at most so many decimals as written.

    Thousands may be parted (1,234.50; 1.234,50; 1 234,50; 1'234.50; 12,34,567; ۱٬۲۳۴٫۵۰) where that can be
    read in one way only. One sign with three digits after it can be read in two: 2.500 is two and a half or
    two and a half thousand, and is refused. Only where three decimals are usual does a point part decimals,
    since that is how such numbers are written by machines and forms (12.345 KWD).

    Raises TwoReadings, TooFine, NotAnAmount.
    """
    written = ascii_digits(text.translate(_MARKS).strip()).translate(_SIGNS)
    if not written or len(written) > _CHARACTERS_MAX or not _WRITTEN.fullmatch(written):
        raise NotAnAmount(text)
    if _EITHER.fullmatch(written) and not (places >= 3 and "." in written):
        raise TwoReadings(_ways(written, places))
    last = next((sign for sign in reversed(written) if sign in ",.٫"), "")
    if not last or written.count(last) > 1:
        return Decimal(_ungrouped(written))
    before, _sign, after = written.rpartition(last)
    if not after.isdigit():
        raise NotAnAmount(text)
    if len(after) > places:
        raise TooFine(text)
    return Decimal(f"{_ungrouped(before) if before else 0}.{after}")


def _ungrouped(written: str) -> str:
    """Return the digits of a number whose thousands are parted by at most one sign. Raises NotAnAmount."""
    signs = set(written) - set("0123456789")
    if not signs:
        return written
    sign = signs.pop()
    plain = written.replace(sign, ",")
    if signs or sign == "٫" or not (_THREES.fullmatch(plain) or _LAKHS.fullmatch(plain)):
        raise NotAnAmount(written)
    return plain.replace(",", "")


def _ways(written: str, places: int) -> tuple[str, str]:
    """Return a number with one sign and three digits after it, read in both ways, with `places` decimals."""
    exact = Decimal(re.sub("[.,]", "", written))
    step = Decimal(1).scaleb(-places)
    return f"{exact.quantize(step):f}", f"{exact.scaleb(-3).quantize(step):f}"
