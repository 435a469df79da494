"""Lists of products: which ones, in which order, and the cards that show them to a visitor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from babel.numbers import get_currency_precision

from safar.cart.available import Available, available_of
from safar.cart.stock_words import stock_of
from safar.catalogue.drawn_pictures import motif_of
from safar.catalogue.prices import prices_in
from safar.catalogue.words import words_in
from safar.kernel.database import Connection, rows, values
from safar.pricing.model import Rules
from safar.stock.model import allocation_of
from safar.storefront.look import QUERIES
from safar.storefront.matching import matching_products
from safar.storefront.model import Facet, ProductCard, ProductList, ProductSearch, Sort
from safar.storefront.selling import related_products

PAGE_SIZE = 24


@dataclass(frozen=True, slots=True)
class Visit:
    """For whom a list is made, and since when what came in is new to them."""

    currency: str
    language: str
    campaign_id: UUID | None = None
    new_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Placed:
    id: UUID
    found: int


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    slug: str
    title: str
    category: str
    image: str | None
    created_at: datetime
    variant_ids: list[UUID]
    sku: str


async def find_products(
    connection: Connection, wanted: ProductSearch, visit: Visit, rules: Rules, *, own_currency: str
) -> tuple[ProductList, list[Facet]]:
    """Return a page of what is wanted, and the options that the whole list could be narrowed by."""
    matches = await matching_products(connection, wanted.query, wanted.category) if wanted.query else None
    if matches is not None and not matches.best:
        return ProductList([], 0), []
    ids = matches.best if matches else None
    placed = await _placed(connection, wanted, ids, _rate(rules, wanted.currency, own_currency))
    shown = await product_cards(connection, [product.id for product in placed], visit)
    alike = []
    if matches and matches.ids and not wanted.narrowed and wanted.page == 1:
        alike = await product_cards(connection, matches.near, visit)
    facets = []
    if ids is not None or wanted.category is not None:  # of the whole catalogue they would say too much
        facets = await rows(Facet, connection, QUERIES["facets"], {"category": wanted.category, "ids": ids})
    listed = ProductList(
        shown, placed[0].found if placed else 0, near=bool(matches and not matches.ids), alike=alike
    )
    return listed, facets


async def _placed(
    connection: Connection, wanted: ProductSearch, ids: list[UUID] | None, rate: tuple[Decimal | None, int]
) -> list[_Placed]:
    params: dict[str, Any] = {
        "category": wanted.category,
        "sort": wanted.sort,
        "limit": PAGE_SIZE,
        "offset": (wanted.page - 1) * PAGE_SIZE,
    }
    if ids is None and not wanted.narrowed and wanted.sort not in (Sort.CHEAP, Sort.DEAR):
        return await rows(_Placed, connection, QUERIES["shelf_whole"], params)
    params |= {
        "ids": ids,
        "currency": wanted.currency,
        "rate": rate[0],
        "step": rate[1],
        "least": wanted.least_minor,
        "most": wanted.most_minor,
        "in_stock": wanted.in_stock,
        "reduced": wanted.reduced,
        "options": orjson.dumps(dict(wanted.options)).decode(),
    }
    return await rows(_Placed, connection, QUERIES["shelf"], params)


def _rate(rules: Rules, currency: str, own: str) -> tuple[Decimal | None, int]:
    """Return minor units of `currency` for one of the shop's own, and what amounts are a multiple of."""
    rate = rules.rates.get(currency)
    if currency == own or rate is None:
        return (Decimal(1), 1) if currency == own else (None, 1)
    places = get_currency_precision(currency) - get_currency_precision(own)
    return rate.rate.scaleb(places), rate.round_to_minor


async def product_cards(
    connection: Connection, product_ids: Sequence[UUID], visit: Visit
) -> list[ProductCard]:
    """Return the cards of products in this order; one that cannot be sold to this visitor is left out."""
    if not product_ids:
        return []
    records = await rows(_Row, connection, QUERIES["cards"], {"ids": list(product_ids)})
    by_id = {row.id: row for row in records}
    variant_ids = [id_ for row in records for id_ in row.variant_ids]
    words = await words_in(connection, by_id, visit.language)
    prices = await prices_in(connection, variant_ids, visit.currency)
    stocks = await available_of(connection, variant_ids, visit.campaign_id)
    shown = []
    for id_ in product_ids:
        row = by_id.get(id_)
        priced = [(prices[v], v) for v in row.variant_ids if v in prices] if row else []
        if row is None or not priced:
            continue
        price = min((price for price, _variant in priced), key=lambda other: other.price_minor)
        shown.append(
            ProductCard(
                product_id=id_,
                slug=row.slug,
                sku=row.sku,
                title=words[id_].title,
                category=row.category,
                image=row.image,
                price_minor=price.price_minor,
                was_minor=price.was_minor,
                currency=visit.currency,
                stock=stock_of(_best([stocks[v] for v in row.variant_ids])),
                at_least=any(other.price_minor > price.price_minor for other, _variant in priced),
                new=visit.new_after is not None and row.created_at > visit.new_after,
                pictured=row.image is not None or motif_of(row.title) is not None,
                spoken=words[id_].options,
            )
        )
    return shown


def _best(offers: Sequence[Available]) -> Available:
    return max(offers, key=lambda offer: (offer.free, offer.backorder))


async def of_kind(connection: Connection, kind: str, visit: Visit, *, limit: int = 8) -> list[ProductCard]:
    """Return cards for the home page: "popular", "picks", "new" or "reduced"."""
    if kind in ("reduced", "popular", "picks"):
        ids = await values(connection, QUERIES[kind], {"limit": limit})
    else:
        params = {"category": None, "sort": kind, "limit": limit, "offset": 0}
        ids = [placed.id for placed in await rows(_Placed, connection, QUERIES["shelf_whole"], params)]
    return await product_cards(connection, ids, visit)


async def kept_for(connection: Connection, visit: Visit, *, limit: int = 4) -> list[ProductCard]:
    """Return what is set aside for those whom the visitor's campaign brought."""
    if visit.campaign_id is None:
        return []
    params = {"location_id": allocation_of(visit.campaign_id), "limit": limit}
    ids = await values(connection, QUERIES["kept_for"], params)
    return await product_cards(connection, ids, visit)


async def related(
    connection: Connection, product_id: UUID, category: str, title: str, visit: Visit, *, limit: int = 4
) -> tuple[list[ProductCard], bool]:
    """Return what somebody who looks at this product may also like, and whether all was bought with it."""
    found = await related_products(connection, product_id, category, title, limit=limit)
    cards = await product_cards(connection, [product.id for product in found], visit)
    return cards, all(product.together for product in found)
