"""The ways to pay that are offered: what each needs, what managers have set up, and its provider."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import orjson
from psycopg.types.json import Jsonb

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database, execute, rows
from safar.kernel.errors import BadRequest
from safar.kernel.i18n import N_, _
from safar.kernel.ids import derived_id
from safar.kernel.log import log
from safar.kernel.money import minor_of
from safar.kernel.queries import queries_beside
from safar.kernel.web.actor import Actor
from safar.settings import Settings
from safar.shop.payments.cod import Cash
from safar.shop.payments.decide import takes
from safar.shop.payments.model import Configured, Standing
from safar.shop.payments.pix import REAIS, Pix
from safar.shop.payments.port import CASH, PIX, STRIPE, TEST_CARD, TRANSFER, UPI, Provider, Way
from safar.shop.payments.stripe_money import step_of
from safar.shop.payments.test_card import METHODS, TestCard
from safar.shop.payments.transfer import Transfer
from safar.shop.payments.trial import card_allowed, is_pretended
from safar.shop.payments.upi import RUPEES, Upi

if TYPE_CHECKING:
    import stripe

    from safar.shop.payments.stripe import Stripe

QUERIES = queries_beside(__file__)
_FRESH_S = 5.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a way to pay is called, and what it cannot do without. `only`: its one currency."""

    label: str
    hint: str
    needs: tuple[str, ...] = ()
    needs_secret: tuple[str, ...] = ()
    only: str | None = None


# In the order in which a checkout shows them.
KINDS: Mapping[str, Kind] = {
    STRIPE: Kind(
        N_("Card or wallet"), N_("On the secure page of Stripe. You come back here afterwards."),
        needs_secret=("secret_key", "webhook_secret"),
    ),
    PIX: Kind(
        "PIX", N_("Scan a code or copy it into your bank's app."), ("holder", "city"), ("key",), REAIS
    ),
    UPI: Kind("UPI", N_("Scan a code or open your UPI app."), ("holder", "address"), (), RUPEES),
    TRANSFER: Kind(
        N_("Bank transfer"),
        N_("You get our account and a reference; the goods leave when the money is there."),
        ("holder",),
    ),
    CASH: Kind(N_("Pay on delivery"), N_("In cash or by card, when you have it in your hands.")),
    TEST_CARD: Kind(N_("Test card"), N_("For trying out the shop: no real card, no real money.")),
}  # fmt: skip


@dataclass(slots=True)
class _Desk:
    """What one process keeps of the ways: read again when it is older than a few seconds."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ways: dict[str, Configured] = field(default_factory=dict)
    read_at: float = float("-inf")
    clients: "dict[bytes, stripe.StripeClient]" = field(default_factory=dict)


_desks: WeakKeyDictionary[Database, _Desk] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class _Row:
    provider: str
    enabled: bool
    currencies: list[str]
    countries: list[str]
    details: dict[str, str]
    secrets: bytes | None


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
    found = await rows(_Row, connection, QUERIES["ways"])
    return {row.provider: _configured(context, row) for row in found if row.provider in KINDS}


def _configured(context: Context, row: _Row) -> Configured:
    secrets: dict[str, str] = {}
    if row.secrets:
        try:
            secrets = orjson.loads(context.vault.decrypt(bytes(row.secrets)))
        except BadRequest:  # the installation's secret has changed: the way is not usable until set up again
            log.error("payment.secrets_unreadable", provider=row.provider)
    return Configured(
        row.provider, row.enabled, tuple(row.currencies), tuple(row.countries), row.details, secrets,
        refused=row.provider == TEST_CARD and not card_allowed(context.settings),
    )  # fmt: skip


def usable(way: Configured) -> bool:
    """Tell whether everything is there that this way cannot do without."""
    kind = KINDS[way.provider]
    if way.provider == TRANSFER and not (way.details.get("iban") or way.details.get("account")):
        return False
    return all(way.details.get(name) for name in kind.needs) and all(
        way.secrets.get(name) for name in kind.needs_secret
    )


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
    most = way.details.get("most", "") if way.provider == CASH else ""
    if not most:
        return None
    return minor_of(Decimal(most), currency) if currency == shop_currency else 0


def total_minor_step(way: Configured, currency: str) -> int:
    """Return what the total of an order paid this way has to be a multiple of."""
    return step_of(currency) if way.provider == STRIPE else 1


def takes_total(way: Configured, total_minor: int, currency: str, shop_currency: str) -> bool:
    most, step = total_minor_max(way, currency, shop_currency), total_minor_step(way, currency)
    return takes(total_minor, most=most, step=step)


async def offered(
    context: Context, currency: str, country: str = "", total_minor: int | None = None
) -> list[Way]:
    """Return the ways to pay for the checkout, in the order in which to show them."""
    ways, own = await ways_of(context), context.settings.currency
    return [
        Way(
            provider, _(kind.label), _(kind.hint),
            tuple((value, _(text)) for value, text in METHODS.items()) if provider == TEST_CARD else (),
            for_total=total_minor is None or takes_total(ways[provider], total_minor, currency, own),
        )
        for provider, kind in KINDS.items()
        if provider in ways and serves(ways[provider], currency, country)
    ]  # fmt: skip


async def standing(context: Context) -> Standing:
    """Return what everybody has to know about the ways to pay, at most a few seconds old."""
    return standing_of(await ways_of(context), context.settings)


def standing_of(ways: Mapping[str, Configured], settings: Settings) -> Standing:
    return Standing(
        nothing_offered=not any(serves(way, settings.currency, "") for way in ways.values()),
        pretended=any(way.enabled and not way.refused and is_pretended(way) for way in ways.values()),
        card_refused=any(way.enabled and way.refused for way in ways.values()),
    )


def hold_minutes(settings: Settings, provider: str) -> float:
    """Return how long units are kept for a payment of this kind: as long as its provider's patience."""
    if provider == TRANSFER:
        return settings.hold_days_transfer * 24 * 60
    if provider in (PIX, UPI):
        return settings.hold_minutes_qr
    return settings.hold_minutes_card if provider == STRIPE else settings.hold_minutes


def hold_minutes_unproven(settings: Settings, provider: str) -> float | None:
    """Return how long they are kept until a mail to the customer came back, None where that is the same."""
    if provider != TRANSFER:
        return None
    minutes = settings.hold_hours_transfer_unproven * 60
    return minutes if minutes < hold_minutes(settings, provider) else None


async def provider_of(context: Context, name: str) -> Provider:
    """Return the provider of this name, set up as it is now. Raises KeyError for one that we do not know."""
    if name == TEST_CARD:
        return TestCard(context.database, allowed=card_allowed(context.settings))
    if name == CASH:
        return Cash()
    ways = await ways_of(context)
    way = ways.get(name)
    if way is None:
        raise KeyError(name)
    return provider_for(context, way)


def provider_for(context: Context, way: Configured) -> Provider:
    if way.provider == TRANSFER:
        return Transfer(way.details)
    if way.provider == PIX:
        return Pix(way.details, way.secrets.get("key", ""))
    if way.provider == UPI:
        return Upi(way.details, context.settings.shop_name)
    return stripe_for(context, way)


async def stripe_of(context: Context) -> "Stripe":
    """Return Stripe as it is set up now. Raises KeyError when it is not."""
    return stripe_for(context, (await ways_of(context))[STRIPE])


def stripe_for(context: Context, way: Configured) -> "Stripe":
    """Return Stripe with the account of `way`; clients, and with them connections, are kept by account."""
    # Its library takes 12 MB, which processes that never ask Stripe do without.
    from safar.shop.payments.stripe import Stripe, stripe_client

    settings, key = context.settings, way.secrets["secret_key"]
    clients = _desk(context).clients
    name = hashlib.sha256(key.encode()).digest()
    if name not in clients:
        clients[name] = stripe_client(
            key=key, url=settings.stripe_api_url, timeout_s=settings.payment_timeout_s
        )
    return Stripe(clients[name], settings.shop_name)


async def save_way(context: Context, way: Configured, *, actor: Actor) -> None:
    """Write how a way is set up, its secrets encrypted; the journal tells who, never what."""
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
        name="payment.way_changed", staff_id=actor.id, subject_id=derived_id("payment way", way.provider),
        properties={"provider": way.provider, "enabled": way.enabled},
    )  # fmt: skip
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["save_way"], params)
        await append_many(connection, [changed])
    _desk(context).read_at = float("-inf")
