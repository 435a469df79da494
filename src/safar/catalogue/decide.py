"""What the catalogue decides without I/O: prices, barcodes, names."""

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

from stdnum import ean
from stdnum.exceptions import ValidationError

from safar.kernel.money import Money
from safar.kernel.text import ascii_digits, fold

SKU_MAX = 40
OPTIONS_MAX = 5
PARTS_MAX = 30
_SKU = re.compile(r"\w[\w .+-]*")
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


def converted_price(price: Money, to_currency: str, rate: Decimal, round_to_minor: int) -> int:
    """Return the price in another currency, in its minor units, rounded half up to a multiple.

    `rate` is units of the other currency for one unit of the price's own. Only nothing costs nothing.
    """
    exact = Fraction(price.major()) * Fraction(rate) / Fraction(Money(1, to_currency).major())
    steps = (2 * exact.numerator + exact.denominator * round_to_minor) // (
        2 * exact.denominator * round_to_minor
    )
    return max(steps, 1 if price.minor else 0) * round_to_minor


def barcode_of(text: str) -> str | None:
    """Return the barcode in the form in which it is stored, or None when its check digit is wrong.

    EAN-8, EAN-13, UPC-A and GTIN-14 (GS1 General Specifications, 7.9): 12 digits are an EAN-13 without its
    leading zero, 14 with a leading zero are one with a zero too many.
    """
    try:
        digits = ean.validate(ascii_digits(text))
    except ValidationError:
        return None
    if len(digits) == 12:
        return f"0{digits}"
    return digits[1:] if len(digits) == 14 and digits.startswith("0") else digits


def sku_of(text: str) -> str | None:
    """Return an article number as it is stored, or None when it cannot be one (it stands in addresses)."""
    sku = text.strip().upper()
    return sku if len(sku) <= SKU_MAX and _SKU.fullmatch(sku) else None


def slug_of(title: str, sku: str) -> str:
    """Return the address of a product: what Latin letters its title has, and its SKU."""
    parts = [_NOT_IN_SLUG.sub("-", fold(title)).strip("-")[:60], _NOT_IN_SLUG.sub("-", sku.lower())]
    return "-".join(filter(None, (part.strip("-") for part in parts)))


def variant_title(title: str, options: Mapping[str, str]) -> str:
    """Return the title of a variant: that of its product and what sets it apart."""
    return " · ".join([title, " / ".join(options.values())]) if options else title


def options_of_text(text: str) -> dict[str, str] | None:
    """Return options written as "Colour: Red; Size: L", or None."""
    options: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if not (name and colon and value) or name in options or max(len(name), len(value)) > 60:
            return None
        options[name] = value
    return options if len(options) <= OPTIONS_MAX else None


def text_of_options(options: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in options.items())


def parts_of_text(text: str) -> dict[str, int] | None:
    """Return the parts of a kit written as "SKU * 2; OTHER", or None."""
    parts: dict[str, int] = {}
    for piece in filter(None, (piece.strip() for piece in text.split(";"))):
        sku_text, _star, units_text = piece.rpartition("*") if "*" in piece else (piece, "", "1")
        sku, units = sku_of(sku_text), ascii_digits(units_text).strip()
        if sku is None or sku in parts or not (units.isdecimal() and 0 < len(units) <= 4 and int(units)):
            return None
        parts[sku] = int(units)
    return parts if len(parts) <= PARTS_MAX else None


def text_of_parts(parts: Mapping[str, int]) -> str:
    return "; ".join(sku if units == 1 else f"{sku} * {units}" for sku, units in parts.items())


def changed_fields(draft: Any, before: Any, ignoring: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names of the fields in which two drafts differ; of a new one all that it has."""
    names = (field.name for field in fields(draft) if field.name not in ignoring)
    return tuple(name for name in names if before is None or getattr(draft, name) != getattr(before, name))
