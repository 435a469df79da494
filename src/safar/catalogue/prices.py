"""Prices in other currencies: as somebody has set them, or converted by the table of rates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from safar.catalogue.actions import QUERIES
from safar.catalogue.decide import converted_price
from safar.catalogue.model import Price, Rate
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.money import Money
from safar.kernel.rare import Rare


@dataclass(frozen=True, slots=True)
class _Row:
    variant_id: UUID
    currency: str
    price_minor: int
    was_minor: int | None
    own_price_minor: int | None
    own_was_minor: int | None
    rate: Decimal | None
    round_to_minor: int | None


async def prices_in(connection: Connection, variant_ids: Iterable[UUID], currency: str) -> dict[UUID, Price]:
    """Return prices in `currency`; a variant without one, and without a rate to convert it, is missing."""
    params = {"ids": list(dict.fromkeys(variant_ids)), "currency": currency}
    records = await rows(_Row, connection, QUERIES["prices_in"], params)
    priced = ((row.variant_id, _price(row, currency)) for row in records)
    return {variant_id: price for variant_id, price in priced if price is not None}


async def _prices(connection: Connection, keys: Sequence[tuple[str, UUID]]) -> dict[tuple[str, UUID], Price]:
    by_key: dict[tuple[str, UUID], Price] = {}
    for currency in {currency for currency, _variant_id in keys}:
        variant_ids = [variant_id for wanted, variant_id in keys if wanted == currency]
        prices = await prices_in(connection, variant_ids, currency)
        by_key |= {(currency, id_): price for id_, price in prices.items()}
    return by_key


PRICES: Rare[tuple[str, UUID], Price] = Rare(_prices)  # by currency and variant


def _price(row: _Row, currency: str) -> Price | None:
    if row.currency == currency:
        return Price(row.price_minor, row.was_minor)
    if row.own_price_minor is not None:
        return Price(row.own_price_minor, row.own_was_minor)
    if row.rate is None or row.round_to_minor is None:
        return None

    def there(minor: int) -> int:
        assert row.rate is not None
        assert row.round_to_minor is not None
        return converted_price(Money(minor, row.currency), currency, row.rate, row.round_to_minor)

    price = there(row.price_minor)
    was = there(row.was_minor) if row.was_minor is not None else None
    return Price(price, was if was is not None and was > price else None)


async def rates(connection: Connection) -> list[Rate]:
    """Return the table of rates."""
    return await rows(Rate, connection, QUERIES["rates"])


async def currencies(connection: Connection, own: str) -> list[str]:
    """Return the currencies in which the shop has prices, its own first."""
    return [own, *(rate.currency for rate in await rates(connection) if rate.currency != own)]


async def save_rates(connection: Connection, table: Sequence[Rate], *, staff_id: UUID) -> bool:
    """Write the whole table of rates; False when it was that already. Writes rates.changed."""
    before = await rates(connection)
    if sorted(table, key=lambda rate: rate.currency) == before:
        return False
    records = [
        {"currency": rate.currency, "rate": str(rate.rate), "round_to_minor": rate.round_to_minor}
        for rate in table
    ]
    await execute(connection, QUERIES["forget_rates"], {"kept": [rate.currency for rate in table]})
    await execute(connection, QUERIES["save_rates"], {"rates": as_json(records), "now": clock.now()})
    properties = {rate.currency: str(rate.rate) for rate in table}
    await append_many(connection, [Event(name="rates.changed", staff_id=staff_id, properties=properties)])
    return True
