"""The verbs of wishlists. A list is one visitor's own, so they are not combined; it holds no units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from safar.cart.actions import change_carts_many
from safar.cart.available import Available, available_of
from safar.cart.decide import CartChange, CartChanged, CartRefused
from safar.cart.stock_words import Stock, stock_of
from safar.catalogue.actions import find_variant, variants_by_id
from safar.catalogue.errors import UnknownProduct
from safar.catalogue.model import Price, Variant
from safar.catalogue.prices import prices_in
from safar.catalogue.words import words_in
from safar.customers.visitor import Visitor
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, row, rows, value
from safar.kernel.ids import derived_id
from safar.kernel.once import Asked, Known, keep_many, known_alone
from safar.storefront.errors import WishlistFull
from safar.storefront.look import QUERIES
from safar.storefront.model import WishlistItem
from safar.storefront.shelf import Visit

ITEMS_MAX = 200


@dataclass(frozen=True, slots=True)
class WishChange:
    """Put a SKU on a wishlist, or take it off; `key` is the idempotency key."""

    key: UUID
    wishlist_id: UUID
    visitor: Visitor
    sku: str
    how: Literal["add", "remove"]


@dataclass(frozen=True, slots=True)
class WishlistLink:
    """By what others may look at a list, and until when."""

    link_id: UUID
    link_until: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What is on a wishlist, as it is shown; without a price it is not sold in this currency."""

    variant: Variant
    title: str
    price: Price | None
    offer: Available
    stock: Stock

    @property
    def href(self) -> str:
        return f"/p/{self.variant.slug}?sku={self.variant.sku}"


async def change_wishlist(connection: Connection, change: WishChange) -> None:
    """Carry out a change. Writes wishlist.created and wishlist.changed.

    Raises UnknownProduct, WishlistFull, SameKeyOtherBody.
    """
    variant = await find_variant(connection, change.sku)
    if variant is None or not variant.published:
        raise UnknownProduct
    # The page's request id is also the key of its other forms: here it is that of this one.
    asked = Asked(
        derived_id("wishlist", change.key), [str(change.visitor.visitor_id), variant.sku, change.how]
    )
    if isinstance(await known_alone(connection, asked), Known):
        return
    events = await _add(connection, change, variant) if change.how == "add" else []
    if change.how == "remove" and await _remove(connection, change.wishlist_id, variant.id):
        events = [_changed(change, variant)]
    keep_many(connection, [(asked, {})])
    await append_many(connection, events)


async def _add(connection: Connection, change: WishChange, variant: Variant) -> list[Event]:
    now = clock.now()
    params = {
        "id": change.wishlist_id,
        "customer_id": change.visitor.customer_id,
        "now": now,
        "variant_id": variant.id,
        "most": ITEMS_MAX,
    }
    opened = await value(connection, QUERIES["open_wishlist"], params)
    if await value(connection, QUERIES["wish"], params) is None:
        raise WishlistFull(count=ITEMS_MAX)
    visitor = change.visitor
    created = Event(
        name="wishlist.created",
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        subject_id=change.wishlist_id,
    )
    return [*([created] if opened else []), _changed(change, variant)]


async def _remove(connection: Connection, wishlist_id: UUID, variant_id: UUID) -> bool:
    params = {"id": wishlist_id, "variant_id": variant_id}
    return await value(connection, QUERIES["unwish"], params) is not None


def _changed(change: WishChange, variant: Variant) -> Event:
    return Event(
        name="wishlist.changed",
        customer_id=change.visitor.customer_id,
        campaign_id=change.visitor.campaign_id,
        subject_id=change.wishlist_id,
        properties={"variant_id": variant.id, "sku": variant.sku, "how": change.how},
    )


async def wishlist_link(connection: Connection, wishlist_id: UUID) -> WishlistLink | None:
    """Return the link by which others may look at a list at this moment."""
    params = {"id": wishlist_id, "now": clock.now()}
    return await row(WishlistLink, connection, QUERIES["wishlist_link"], params)


async def share_wishlist(
    connection: Connection, wishlist_id: UUID, visitor: Visitor, *, link_id: UUID | None, days: int
) -> None:
    """Let others look by this link for so many days, and by none that was given before; None: by none at all.

    Writes wishlist.shared or wishlist.unshared.
    """
    now = clock.now()
    until = None if link_id is None else now + timedelta(days=days)
    params = {"id": wishlist_id, "link_id": link_id, "until": until}
    if await value(connection, QUERIES["share_wishlist"], params) is None:
        return
    event = Event(
        name="wishlist.unshared" if link_id is None else "wishlist.shared",
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        subject_id=wishlist_id,
    )
    await append_many(connection, [event])


async def shared_by(connection: Connection, link_id: UUID) -> UUID | None:
    """Return the list that a link opens, if it is still good."""
    params = {"link_id": link_id, "now": clock.now()}
    wishlist_id: UUID | None = await value(connection, QUERIES["wishlist_of_link"], params)
    return wishlist_id


async def move_to_cart(
    connection: Connection, wishlist_id: UUID, change: CartChange
) -> CartChanged | CartRefused:
    """Put what `change` says into the cart and, when it is there, take it off the list, all or nothing."""
    answer = (await change_carts_many(connection, [change]))[0]
    if isinstance(answer, CartChanged) and await _remove(connection, wishlist_id, change.variant_id):
        variant = (await variants_by_id(connection, [change.variant_id]))[change.variant_id]
        wish = WishChange(change.key, wishlist_id, change.visitor, change.sku, "remove")
        await append_many(connection, [_changed(wish, variant)])
    return answer


async def wishes(connection: Connection, wishlist_id: UUID, visit: Visit) -> list[Wish]:
    """Return what is on a list, the newest first; what is no longer sold is left out."""
    params = {"id": wishlist_id, "limit": ITEMS_MAX}
    items: Sequence[WishlistItem] = await rows(WishlistItem, connection, QUERIES["wished"], params)
    ids = [item.variant_id for item in items]
    variants = await variants_by_id(connection, ids)
    words = await words_in(connection, {item.product_id for item in items}, visit.language)
    prices = await prices_in(connection, ids, visit.currency)
    offered = await available_of(connection, ids, visit.campaign_id)
    return [
        Wish(
            variants[id_],
            words[variants[id_].product_id].title,
            prices.get(id_),
            offered[id_],
            stock_of(offered[id_]),
        )
        for id_ in ids
        if id_ in variants
    ]
