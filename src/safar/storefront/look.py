"""How the shop looks: what it says of itself, its aisles, its currencies; read now and then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakKeyDictionary

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, as_json, rows, value
from safar.kernel.log import error_kind, log
from safar.kernel.queries import queries_beside
from safar.payments.ways import load_ways, standing_of
from safar.pricing.rules import rules_with
from safar.storefront.model import Aisle, Look, PageLink

QUERIES = queries_beside(__file__)
KEPT = timedelta(seconds=10)
# "New" means something while few are: the newest of a month, at most so many and one in so many.
_NEW = timedelta(days=30)
_NEW_MAX, _NEW_SHARE = 24, 5
# What the shop can say in each language, and what is the same in all: the article on the home page.
SPOKEN = (
    "notice", "hero_title", "hero_text", "about", "delivery", "returns", "terms", "privacy",
)  # fmt: skip
PLAIN = ("hero_sku",)
PAGES = ("contact", "delivery", "returns", "terms", "privacy")


@dataclass(frozen=True, slots=True)
class ShopWord:
    """Words of the shop under a key; `language` "" for what is the same in all."""

    key: str
    language: str
    words: str


@dataclass(slots=True)
class _Kept:
    look: Look
    at: datetime


_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()


async def look_of(context: Context) -> Look:
    """Return the look as it was some seconds ago, mostly without a query.

    While the database does not answer, pages that need nothing else of it keep their last look.
    """
    cached = _kept.get(context.database)
    if cached is not None and timedelta(0) <= clock.now() - cached.at < KEPT:
        return cached.look
    if cached is not None:
        cached.at = clock.now()  # one request reads, the others go on with what there is
    try:
        async with context.database.connection() as connection:
            look = await load_look(context, connection)
    except Exception as error:
        log.warning("look.not_read", error=error_kind(error))
        return cached.look if cached else Look(language=context.settings.language)
    _kept[context.database] = _Kept(look, clock.now())
    return look


async def load_look(context: Context, connection: Connection) -> Look:
    """Return the look as it stands."""
    settings = context.settings
    words: dict[str, dict[str, str]] = {}
    for word in await words_of_shop(connection):
        words.setdefault(word.key, {})[word.language] = word.words
    aisles = await rows(Aisle, connection, QUERIES["aisles"])
    rules = await rules_with(connection)
    others = sorted(set(rules.rates) - {settings.currency})
    pretended = standing_of(await load_ways(context, connection), settings).pretended
    newest = await value(connection, QUERIES["new_after"], {"most": _NEW_MAX, "share": _NEW_SHARE})
    new_after = max(newest, clock.now() - _NEW) if newest else None
    pages = await rows(PageLink, connection, QUERIES["page_links"])
    currencies = (settings.currency, *others)
    return Look(words, tuple(aisles), currencies, settings.language, pretended, new_after, tuple(pages))


async def words_of_shop(connection: Connection) -> list[ShopWord]:
    """Return everything that the shop says of itself."""
    return await rows(ShopWord, connection, QUERIES["words_of_shop"])


async def say_many(connection: Connection, shop_words: Sequence[ShopWord], *, staff_id: UUID) -> list[str]:
    """Set words of the shop, none of them takes them away; return the keys that changed.

    Writes shop_front.changed when something did.
    """
    params = {"said": as_json(shop_words), "now": clock.now()}
    changed = await rows(_Key, connection, QUERIES["say"], params)
    changed += await rows(_Key, connection, QUERIES["unsay"], params)
    keys = sorted({word.key for word in changed})
    if keys:
        event = Event(name="shop_front.changed", staff_id=staff_id, properties={"what": keys})
        await append_many(connection, [event])
    return keys


@dataclass(frozen=True, slots=True)
class _Key:
    key: str


def forget_look(database: Database) -> None:
    """Let this process read the look anew: it was changed. Others see it within seconds."""
    _kept.pop(database, None)
