"""Baskets, and rules by which they are priced."""

from datetime import UTC, datetime
from uuid import UUID

from safar.pricing.model import (
    Band,
    Destination,
    Priced,
    Quote,
    Rules,
    ShippingMethod,
    Tax,
    Zone,
)
from safar.pricing.quote import quote

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
A, B, C = (UUID(int=number) for number in (1, 2, 3))
HOME = Destination("GB", "YO1 7HH")


def line(variant_id: UUID = A, unit: int = 1000, quantity: int = 1, **other: object) -> Priced:
    return Priced(variant_id, unit, quantity, **other)  # type: ignore[arg-type]


def method(key: str, *bands: tuple[int | None, int], free_from: int | None = None) -> ShippingMethod:
    return ShippingMethod(key, {"": key.title()}, tuple(Band(*band) for band in bands), "GBP", free_from)


def zone(*methods: ShippingMethod, countries: str = "", postcodes: str = "", name: str = "zone") -> Zone:
    return Zone(name, frozenset(countries.split()), tuple(postcodes.split()), methods)


def taxed(rate: int, *, included: bool) -> Rules:
    return Rules({"GB": Tax(included, {"standard": rate, "reduced": 5_000})})


def quoted(lines: list[Priced], rules: Rules, to: Destination = HOME, **other: object) -> Quote:
    found = quote(lines, rules, to, currency="GBP", **other)  # type: ignore[arg-type]
    assert isinstance(found, Quote)
    return found
