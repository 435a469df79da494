"""Taxes, delivery, codes and currencies for the tests of the shop."""

from decimal import Decimal
from typing import Any

from safar.catalogue.model import Rate
from safar.catalogue.prices import save_rates
from safar.kernel.database import Database
from safar.kernel.ids import new_id
from safar.pricing.actions import create_code, save_method, save_tax, save_zone
from safar.pricing.model import Band, Discount, ShippingMethod, Tax
from safar.pricing.rules import forget_rules

STAFF = new_id()


def method(key: str, *bands: tuple[int | None, int], free_from: int | None = None) -> ShippingMethod:
    names = {"": key.title(), "fa": "پست"}
    return ShippingMethod(key, names, tuple(Band(*band) for band in bands), "GBP", free_from, 1, 3)


async def deliver(database: Database) -> None:
    """Post within Britain for 3.95, twice that to its islands and by express, to Ireland for 9.95."""
    zones = [
        ("Britain", ["GB"], [], [method("post", (None, 395)), method("express", (None, 790))]),
        ("Islands", ["GB"], ["ZE", "HS"], [method("post", (None, 790))]),
        ("Ireland", ["IE"], [], [method("post", (None, 995))]),
    ]
    async with database.transaction() as connection:
        for name, countries, postcodes, methods in zones:
            zone_id = new_id()
            await save_zone(
                connection, zone_id, name=name, countries=countries, postcodes=postcodes, staff_id=STAFF
            )
            for one in methods:
                await save_method(connection, zone_id, one, active=True, staff_id=STAFF)


async def tax(database: Database, country: str, rate: int, *, included: bool) -> None:
    async with database.transaction() as connection:
        await save_tax(connection, country, Tax(included, {"standard": rate}), staff_id=STAFF)


async def code(database: Database, name: str, kind: str = "percent", value: int = 1000, **other: Any) -> None:
    async with database.transaction() as connection:
        await create_code(connection, Discount(name, kind, value, "GBP", **other), staff_id=STAFF)


async def currencies(database: Database, **rates: str) -> None:
    """Let customers choose these, at so many for a pound."""
    table = [Rate(currency, Decimal(rate), 1) for currency, rate in rates.items()]
    async with database.transaction() as connection:
        await save_rates(connection, table, staff_id=STAFF)
        forget_rules(connection)
