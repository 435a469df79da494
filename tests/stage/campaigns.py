"""A shop with one product, customers of all kinds, and a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from safar.campaigns import actions, drafts
from safar.campaigns.model import Audience, CampaignDraft
from safar.catalogue.actions import import_products
from safar.channels.actions import end_attempts_many, ensure_channels, take_due_mail
from safar.channels.model import End, SendAttempt
from safar.customers.actions import CustomerRecord, import_many
from safar.journal.actions import append_many
from safar.journal.line import LineKeeper
from safar.journal.model import Event
from safar.journal.subscribe import Subscriber, register
from safar.kernel.context import Context
from safar.kernel.ids import derived_id, new_id
from safar.stock.actions import MAIN, StockReceipt, ensure_locations, receive_stock_many

SUBJECT = {"en": "{{ product.title }} for {{ customer.name }}", "fa": "برای {{ customer.name }}"}
BODY = {"en": "{{ units }} left, {{ product.price }}: {{ link }}", "fa": "{{ link }}"}


@dataclass(frozen=True)
class Lantern:
    sku: str = "L1"
    title: str = "Glass lantern"
    category: str = "Lights"
    price_minor: int = 1250
    currency: str = "GBP"


async def shop(context: Context, *, units: int = 100) -> UUID:
    """Open the shop; return the variant of its lantern."""
    async with context.database.transaction() as connection:
        await ensure_locations(connection)
        await ensure_channels(connection)
        (variant_id,) = await import_products(connection, [Lantern()])
        if units:
            receipt = StockReceipt(
                move_id=new_id(),
                variant_id=variant_id,
                location_id=MAIN,
                quantity=units,
                reason="first",
            )
            await receive_stock_many(connection, [receipt])
    return variant_id


async def customers(
    context: Context, count: int, *, consent: bool = True, language: str = "en", prefix: str = "c"
) -> list[UUID]:
    records = [
        CustomerRecord(
            name=f"{prefix.title()} {number}",
            email=f"{prefix}{number}@example.com",
            language=language,
            country="Iran" if language == "fa" else "United Kingdom",
            consent=consent,
        )
        for number in range(count)
    ]
    async with context.database.transaction() as connection:
        return await import_many(connection, records)


async def campaign(context: Context, variant_id: UUID, **changes: Any) -> UUID:
    """Write a campaign that is not started."""
    values: dict[str, Any] = {
        "campaign_id": new_id(),
        "name": "Lanterns",
        "variant_id": variant_id,
        "units": 50,
        "reply_seconds": 60,
        "subject": SUBJECT,
        "body": BODY,
        "audience": Audience(),
    }
    async with context.database.transaction() as connection:
        return await drafts.create_campaign(
            connection, CampaignDraft(**(values | changes)), shop_name="Safar Gifts"
        )


async def started(context: Context, *, reach: int = 30, units: int = 50, **changes: Any) -> UUID:
    """Return a running campaign of a fresh shop with customers c0@example.com …"""
    variant_id = await shop(context)
    await customers(context, reach)
    campaign_id = await campaign(context, variant_id, units=units, **changes)
    async with context.database.transaction() as connection:
        await actions.start_campaign(connection, campaign_id)
    return campaign_id


async def happened(context: Context, *events: Event) -> None:
    async with context.database.transaction() as connection:
        await append_many(connection, events)


async def caught_up(context: Context, *subscribers: Subscriber) -> None:
    """Let readers take everything that is committed."""
    async with context.database.transaction() as connection:
        for subscriber in subscribers:
            await register(connection, subscriber)
    await LineKeeper(context.database).step()
    for subscriber in subscribers:
        while await subscriber.step(context.database):
            pass


async def delivered(context: Context, end: End = End.SENT) -> int:
    """Take everything from the outbox and end it."""
    async with context.database.transaction() as connection:
        due = await take_due_mail(connection, limit=1000, lease_s=60)
        await end_attempts_many(
            connection, [SendAttempt(message.id, message.tries, end, code="refused") for message in due]
        )
    return len(due)


async def read(context: Context, query: str, *params: Any) -> list[tuple[Any, ...]]:
    async with context.database.connection() as connection:
        cursor = await connection.execute(query, params or None)
        return await cursor.fetchall()


async def states(context: Context, campaign_id: UUID) -> dict[tuple[str, str | None], int]:
    found = await read(
        context, "SELECT state, reason, count(*) FROM sends WHERE campaign_id = %s GROUP BY 1, 2", campaign_id
    )
    return {(state, reason): count for state, reason, count in found}


async def names(context: Context, *wanted: str) -> list[str]:
    found = await read(
        context, "SELECT name FROM journal_events WHERE name = ANY(%s) ORDER BY id", list(wanted)
    )
    return [name for (name,) in found]


def conversation(number: int) -> UUID:
    return derived_id("conversation", number)


def ids(found: Sequence[tuple[Any, ...]]) -> list[UUID]:
    return [row[0] for row in found]
