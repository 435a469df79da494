"""The shop's own data, read from the database and kept for a few seconds by each process."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, rows
from safar.kernel.i18n import set_country, set_zone
from safar.kernel.log import error_kind, log
from safar.kernel.queries import queries_beside
from safar.owner.facts import first_values, shop_from
from safar.owner.model import Shop

QUERIES = queries_beside(__file__)
KEPT = timedelta(seconds=5)
_Place = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class StoredFact:
    """One row of the table."""

    key: str
    value: Any


@dataclass(slots=True)
class _Kept:
    shop: Shop
    at: datetime | None


# By database: a server process has one, a test process many.
_kept: dict[_Place, _Kept] = {}
_places: WeakKeyDictionary[Database, _Place] = WeakKeyDictionary()


async def shop_of(context: Context) -> Shop:
    """Return the shop as it was at most five seconds ago; mostly without a query.

    While the database does not answer, it is the shop as it was last known. Days and amounts are written as
    in its country and zone from here on, and this process goes by what its owner has decided.
    """
    shop = await _shop_of(context)
    set_country(shop.country)
    context.decided(currency=shop.currency, timezone=shop.timezone, language=shop.language)
    set_zone(context.settings.timezone)
    return shop


async def _shop_of(context: Context) -> Shop:
    place = _places.get(context.database)
    if place is not None and (shop := _fresh(place)) is not None:
        return shop
    if place is not None and place in _kept:
        _kept[place].at = clock.now()  # one request reads, the others go on with what there is
    try:
        async with context.database.connection() as connection:
            _places[context.database] = _place(connection)
            return await _reload(connection)
    except Exception as error:
        log.warning("shop.not_read", error=error_kind(error))
        return known_shop(context)


async def shop_with(connection: Connection) -> Shop:
    """As `shop_of`, for a verb that has a connection only."""
    shop = _fresh(_place(connection)) or await _reload(connection)
    set_country(shop.country)
    if shop.timezone:
        set_zone(shop.timezone)
    return shop


def known_shop(context: Context) -> Shop:
    """Return the shop as this process read it last, however long ago; before that, as the environment says.

    For what cannot wait: every page and every loop that shows something reads it with `shop_of` before.
    """
    place = _places.get(context.database)
    cached = _kept.get(place) if place is not None else None
    return cached.shop if cached else shop_from(first_values(context.settings))


async def stored_shop(connection: Connection) -> Shop:
    """Return the shop as it stands in this transaction."""
    stored = await rows(StoredFact, connection, QUERIES["load"])
    return shop_from({fact.key: fact.value for fact in stored})


def forget_shop(connection: Connection) -> None:
    """Let this process read the shop anew: it was changed. Other processes see it within five seconds."""
    if (cached := _kept.get(_place(connection))) is not None:
        cached.at = None


async def _reload(connection: Connection) -> Shop:
    shop = await stored_shop(connection)
    _kept[_place(connection)] = _Kept(shop, clock.now())
    return shop


def _fresh(place: _Place) -> Shop | None:
    cached = _kept.get(place)
    known = cached is not None and cached.at is not None and timedelta(0) <= clock.now() - cached.at < KEPT
    return cached.shop if cached is not None and known else None


def _place(connection: Connection) -> _Place:
    info = connection.info
    return info.host, info.port, info.dbname
