"""The ways to pay that are offered: what managers have set up, whom it serves, and its provider."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from psycopg.types.json import Jsonb

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, execute, rows
from safar.kernel.errors import BadRequest
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id
from safar.kernel.log import log
from safar.kernel.money import minor_of
from safar.kernel.queries import queries_beside
from safar.kernel.web.actor import Actor
from safar.orders.plan import takes
from safar.owner.reading import shop_of
from safar.payments.providers.port import Configured, Provider
from safar.payments.registry import KINDS
from safar.settings import Settings

QUERIES = queries_beside(__file__)
_FRESH_S = 5.0


@dataclass(frozen=True, slots=True)
class PaymentWarnings:
    """What nobody may overlook about the ways to pay.

    `nothing_offered`: no way in the shop's own currency. `pretended`: orders may be confirmed without money.
    `card_refused`: the test card is switched on, but refused here.
    """

    nothing_offered: bool = False
    pretended: bool = False
    card_refused: bool = False


@dataclass(frozen=True, slots=True)
class PaymentWay:
    """A way to pay as the checkout offers it; `methods`: (value, label) of what can be chosen within it.

    `for_total`: the total that is to be paid can be paid this way.
    """

    provider: str
    label: str
    hint: str
    methods: tuple[tuple[str, str], ...] = ()
    for_total: bool = True


@dataclass(slots=True)
class _Desk:
    """What one process keeps of the ways: read again when it is older than a few seconds."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ways: dict[str, Configured] = field(default_factory=dict)
    read_at: float = float("-inf")


_desks: WeakKeyDictionary[Database, _Desk] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Row:
    provider: str
    enabled: bool
    currencies: list[str]
    countries: list[str]
    details: dict[str, str]
    secrets: bytes | None
    position: int


async def ways_of(context: Context) -> Mapping[str, Configured]:
    """Return every way that was set up, at most a few seconds old; no query on the hot path."""
    desk = _desk(context)
    time_s = asyncio.get_running_loop().time()
    if time_s - desk.read_at > _FRESH_S and not (desk.ways and desk.lock.locked()):
        async with desk.lock:
            if time_s - desk.read_at > _FRESH_S:
                async with context.database.connection() as connection:
                    desk.ways = await load_ways(context, connection)
                desk.read_at = asyncio.get_running_loop().time()
    return desk.ways


def _desk(context: Context) -> _Desk:
    return _desks.setdefault(context.database, _Desk())


async def load_ways(context: Context, connection: Connection) -> dict[str, Configured]:
    """Return every way that was set up, as it stands now."""
    stored = await rows(_Row, connection, QUERIES["ways"])
    return {row.provider: _configured(context, row) for row in stored if row.provider in KINDS}


def _configured(context: Context, row: _Row) -> Configured:
    secrets: dict[str, str] = {}
    if row.secrets:
        try:
            secrets = orjson.loads(context.vault.decrypt(bytes(row.secrets)))
        except BadRequest:  # the installation's secret has changed: the way is not usable until set up again
            log.error("payment.secrets_unreadable", provider=row.provider)
    return Configured(
        row.provider,
        row.enabled,
        tuple(row.currencies),
        tuple(row.countries),
        row.details,
        secrets,
        refused=KINDS[row.provider].refused(context.settings),
        position=row.position,
    )


def usable(way: Configured) -> bool:
    """Tell whether every setting that this way requires is filled in."""
    return KINDS[way.provider].usable(way)


def _is_pretended(way: Configured) -> bool:
    """Tell whether an order that is paid this way brings no money."""
    return KINDS[way.provider].pretended(way)


def serves(way: Configured, currency: str, country: str) -> bool:
    """Tell whether a customer in `country` ("" when not known yet) can pay this currency this way."""
    only = KINDS[way.provider].only
    return (
        way.enabled
        and not way.refused
        and usable(way)
        and (only is None or only == currency)
        and (not way.currencies or currency in way.currencies)
        and (not way.countries or not country or country in way.countries)
    )


def total_minor_max(way: Configured, currency: str, shop_currency: str) -> int | None:
    """Return the most that an order paid this way may cost, None for any amount.

    A limit is in the shop's currency: in another one nothing can be compared, and nothing is taken.
    """
    most = KINDS[way.provider].total_most(way)
    if not most:
        return None
    return minor_of(Decimal(most), currency) if currency == shop_currency else 0


def total_minor_step(way: Configured, currency: str) -> int:
    """Return what the total of an order paid this way has to be a multiple of."""
    return KINDS[way.provider].total_step(currency)


def takes_total(way: Configured, total_minor: int, currency: str, shop_currency: str) -> bool:
    most, step = total_minor_max(way, currency, shop_currency), total_minor_step(way, currency)
    return takes(total_minor, most=most, step=step)


async def offered(
    context: Context, currency: str, country: str = "", total_minor: int | None = None
) -> list[PaymentWay]:
    """Return the ways to pay for the checkout, in the order in which to show them."""
    ways, own = await ways_of(context), context.settings.currency
    return [
        PaymentWay(
            provider,
            _(kind.label),
            _(kind.hint),
            tuple((value, _(text)) for value, text in kind.methods.items()),
            for_total=total_minor is None or takes_total(ways[provider], total_minor, currency, own),
        )
        for provider in in_order(ways)
        if (kind := KINDS[provider]) and serves(ways[provider], currency, country)
    ]


def in_order(ways: Mapping[str, Configured]) -> list[str]:
    """Return the providers of these ways as managers have put them, the others as they are registered."""
    return sorted((name for name in KINDS if name in ways), key=lambda name: ways[name].position)


def preselected(ways: Sequence[PaymentWay]) -> str:
    """Return the way that is chosen before the customer chooses: the first, unless its money takes days."""
    first = next(iter(ways), None)
    if first is None or (KINDS[first.provider].slow and len(ways) > 1):
        return ""
    return first.provider


async def payment_warnings(context: Context) -> PaymentWarnings:
    """Return the warnings about the ways to pay, at most a few seconds old."""
    return standing_of(await ways_of(context), context.settings)


def standing_of(ways: Mapping[str, Configured], settings: Settings) -> PaymentWarnings:
    return PaymentWarnings(
        nothing_offered=not any(serves(way, settings.currency, "") for way in ways.values()),
        pretended=any(way.enabled and not way.refused and _is_pretended(way) for way in ways.values()),
        card_refused=any(way.enabled and way.refused for way in ways.values()),
    )


def takes_money(ways: Mapping[str, Configured], settings: Settings) -> bool:
    """Tell whether a customer can pay real money in the shop's own currency."""
    return any(serves(way, settings.currency, "") and not _is_pretended(way) for way in ways.values())


def hold_minutes(settings: Settings, provider: str) -> float:
    """Return how many minutes units are held for a payment of this kind: the provider's own limit."""
    return KINDS[provider].hold_minutes(settings)


def hold_minutes_unproven(settings: Settings, provider: str) -> float | None:
    """Return how long they are kept until a mail to the customer came back, None where that is the same."""
    shortly = KINDS[provider].hold_minutes_unproven
    if shortly is None:
        return None
    minutes = shortly(settings)
    return minutes if minutes < hold_minutes(settings, provider) else None


async def provider_of(context: Context, name: str) -> Provider:
    """Return the provider of this name, set up as it is now. Raises KeyError for one that we do not know."""
    kind = KINDS[name]
    await shop_of(context)  # which some of them name
    if kind.always:
        return kind.make(context, Configured(name, False, (), (), {}, {}))
    return kind.make(context, (await ways_of(context))[name])


async def move_way_up(context: Context, provider: str, *, actor: Actor) -> None:
    """Show a way before the one that stands above it at the checkout."""
    async with context.database.transaction() as connection:
        order = in_order(await load_ways(context, connection))
        at = order.index(provider) if provider in order else 0
        if at == 0:
            return
        order[at - 1], order[at] = order[at], order[at - 1]
        await execute(connection, QUERIES["place_ways"], {"providers": order})
        changed = Event(
            name="payment.way_changed",
            staff_id=actor.id,
            subject_id=derived_id("payment way", provider),
            properties={"provider": provider, "position": at},
        )
        await append_many(connection, [changed])
    _desk(context).read_at = float("-inf")


async def save_way(context: Context, way: Configured, *, actor: Actor) -> None:
    """Write how a way is set up, its secrets encrypted; the event names who changed it, never the values."""
    params: dict[str, Any] = {
        "provider": way.provider,
        "enabled": way.enabled,
        "currencies": list(way.currencies),
        "countries": list(way.countries),
        "details": Jsonb(dict(way.details)),
        "secrets": context.vault.encrypt(orjson.dumps(way.secrets).decode()) if way.secrets else None,
        "now": clock.now(),
    }
    changed = Event(
        name="payment.way_changed",
        staff_id=actor.id,
        subject_id=derived_id("payment way", way.provider),
        properties={"provider": way.provider, "enabled": way.enabled},
    )
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["save_way"], params)
        await append_many(connection, [changed])
    _desk(context).read_at = float("-inf")
