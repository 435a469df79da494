"""The rules that prices follow, read from the database and kept for a few seconds by each process."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from safar.catalogue.prices import rates
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, rows
from safar.kernel.queries import queries_beside
from safar.pricing.model import Band, Rules, ShippingMethod, Tax, Zone

QUERIES = queries_beside(__file__)
KEPT = timedelta(seconds=5)
_Place = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class _Kept:
    rules: Rules
    at: datetime


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


# By database: a server process has one, a test process many.
_kept: dict[_Place, _Kept] = {}
_places: WeakKeyDictionary[Database, _Place] = WeakKeyDictionary()


async def rules_of(context: Context) -> Rules:
    """Return the rules as they were at most five seconds ago; mostly without a query."""
    place = _places.get(context.database)
    rules = _fresh(place) if place else None
    if rules is None:
        async with context.database.connection() as connection:
            rules = await rules_with(connection)
            _places[context.database] = _place(connection)
    return rules


async def rules_with(connection: Connection) -> Rules:
    """As `rules_of`, for a verb that has a connection only."""
    place = _place(connection)
    rules = _fresh(place)
    if rules is None:
        rules = await load_rules(connection)
        _kept[place] = _Kept(rules, clock.now())
    return rules


def _fresh(place: _Place) -> Rules | None:
    cached = _kept.get(place)
    return cached.rules if cached and timedelta(0) <= clock.now() - cached.at < KEPT else None


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


def forget_rules(connection: Connection) -> None:
    """Let this process read the rules anew: they were changed. Other processes see it within five seconds."""
    _kept.pop(_place(connection), None)


def _place(connection: Connection) -> _Place:
    info = connection.info
    return info.host, info.port, info.dbname


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
