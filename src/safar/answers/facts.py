"""The live data that answers are made of: stock, orders, and the product a customer has in mind."""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from safar.answers.catalogue import NOTHING, Catalogue
from safar.cart.available import available_of
from safar.catalogue.actions import variants_by_id
from safar.channels.model import EMAIL
from safar.journal.actions import of_customer
from safar.kernel import clock
from safar.kernel.database import Connection, rows, values
from safar.kernel.queries import queries_beside
from safar.orders.model import Order
from safar.orders.ownership import orders_of_mailbox, orders_shown_to_browser
from safar.stock.actions import allocation_of

QUERIES = queries_beside(__file__)
_TITLES_MAX = 50_000
_TITLES_FOR_S = 60.0
_LOOKED_WITHIN = timedelta(hours=24)
_EVENTS_MAX = 40
_ORDERS_MAX = 200


@dataclass(frozen=True, slots=True)
class _Title:
    id: UUID
    sku: str
    title: str


@dataclass(frozen=True, slots=True)
class ProductStock:
    """A product and how many units of it this customer can still buy."""

    title: str
    free: int


class Titles:
    """The catalogue as messages name it, read again when it is a minute old."""

    def __init__(self) -> None:
        self._catalogue = NOTHING
        self._read_at = float("-inf")

    async def current(self, connection: Connection) -> Catalogue:
        if time.monotonic() - self._read_at > _TITLES_FOR_S:
            titles = await rows(_Title, connection, QUERIES["titles"], {"limit": _TITLES_MAX})
            triples = [(title.id, title.sku, title.title) for title in titles]
            # Some hundredths of a second for thousands of titles: not on the loop that serves others.
            self._catalogue = await asyncio.to_thread(Catalogue, triples)
            self._read_at = time.monotonic()
        return self._catalogue


async def product_in_mind(connection: Connection, customer_id: UUID, campaign_id: UUID | None) -> UUID | None:
    """Return what "this" is: the product the customer looked at last, today, or the campaign's."""
    recent = await of_customer(connection, [customer_id], limit=_EVENTS_MAX)
    since = clock.now() - _LOOKED_WITHIN
    for event in recent:
        if event.name == "product.viewed" and event.at >= since and event.properties.get("variant_id"):
            return UUID(str(event.properties["variant_id"]))
    if campaign_id is None:
        return None
    params = {"location_id": allocation_of(campaign_id)}
    offered: list[UUID] = await values(connection, QUERIES["offered"], params)
    return offered[0] if len(offered) == 1 else None


async def shelf(connection: Connection, variant_id: UUID, campaign_id: UUID | None) -> ProductStock | None:
    """Return how a product stands, as this customer would find it in the shop; None when it is not there."""
    variant = (await variants_by_id(connection, [variant_id])).get(variant_id)
    if variant is None or not variant.published:
        return None
    found = await available_of(connection, [variant_id], campaign_id)
    return ProductStock(variant.title, found[variant_id].free)


async def orders_shown_to(connection: Connection, channel_id: UUID, address: str) -> list[Order]:
    """Return the orders that may be told of at this address, newest first.

    To a browser: those that it placed, or opened by their signed links. To a mailbox whose mail was
    authenticated: those placed with its address, to which every notice about them goes anyway.
    """
    if channel_id == EMAIL:
        return await orders_of_mailbox(connection, address, limit=_ORDERS_MAX)
    return await orders_shown_to_browser(connection, UUID(address), limit=_ORDERS_MAX)
