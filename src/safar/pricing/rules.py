"""The rules that prices follow: they change rarely, and each process keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from safar.catalogue.prices import rates
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, rows
from safar.kernel.queries import queries_beside
from safar.kernel.rare import Rare, known, version_now
from safar.pricing.model import Band, Rules, ShippingMethod, Tax, Zone

QUERIES = queries_beside(__file__)
KEPT = timedelta(seconds=5)
_ALL = "all"  # they are kept as one


@dataclass(frozen=True, slots=True)
class _Country:
    country: str
    included: bool
    shipping_class: str
    rates: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Zone:
    name: str
    countries: list[str]
    postcodes: list[str]
    methods: list[dict[str, Any]]


async def rules_of(context: Context) -> Rules:
    """Return the rules as they were at most five seconds ago; mostly without a query.

    Who has read a cart in the same request has compared their version, and gets those of that moment.
    """
    kept = context.database.kept
    if kept.version and kept.seen_at and timedelta(0) <= clock.now() - kept.seen_at < KEPT:
        rules: Rules | None = kept.of(kept.version, RULES).get(_ALL)
        if rules is not None:
            return rules
    async with context.database.connection() as connection:
        return await rules_with(connection)


async def rules_with(connection: Connection) -> Rules:
    """Return the rules of now, for a verb that has a connection only."""
    return await rules_at(connection, await version_now(connection))


async def rules_at(connection: Connection, version: str) -> Rules:
    """Return the rules as they were at a version of what changes rarely, or are by now."""
    rules = (await known(connection, version, RULES, [_ALL]))[_ALL]
    connection.kept.seen_at = clock.now()
    return rules


async def load_rules(connection: Connection) -> Rules:
    """Return the rules as they stand in this transaction."""
    countries = await rows(_Country, connection, QUERIES["tax_countries"])
    zones = await rows(_Zone, connection, QUERIES["zones"])
    return Rules(
        taxes={
            country.country: Tax(country.included, country.rates, country.shipping_class)
            for country in countries
        },
        zones=tuple(map(_zone, zones)) if any(zone.methods for zone in zones) else (),
        rates={rate.currency: rate for rate in await rates(connection)},
    )


async def _read(connection: Connection, _keys: Sequence[str]) -> dict[str, Rules]:
    return {_ALL: await load_rules(connection)}


RULES: Rare[str, Rules] = Rare(_read)


def forget_rules(connection: Connection) -> None:
    """Let this process compare the rules again: they were changed. Others do so within five seconds."""
    connection.kept.seen_at = None


def _zone(row: _Zone) -> Zone:
    return Zone(
        row.name, frozenset(row.countries), tuple(row.postcodes), tuple(map(method_of_row, row.methods))
    )


def method_of_row(row: Mapping[str, Any]) -> ShippingMethod:
    """Return a method as the database keeps it, its bands from the lightest to the heaviest."""
    bands = [Band(band["weight_g_max"], band["price_minor"]) for band in row["bands"]]
    return ShippingMethod(
        key=row["key"],
        names=row["names"],
        bands=tuple(sorted(bands, key=_heaviest)),
        currency=row["currency"],
        free_from_minor=row["free_from_minor"],
        days_least=row["days_least"],
        days_most=row["days_most"],
    )


def _heaviest(band: Band) -> float:
    return float("inf") if band.weight_g_max is None else band.weight_g_max
