"""What the storefront is about: how the shop looks, what a visitor looks for, what is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from safar.cart.stock_words import Stock
from safar.catalogue.names import category_name
from safar.kernel.i18n import current_language


@dataclass(frozen=True, slots=True)
class Aisle:
    """A category as the storefront shows it: with the product whose picture stands for it."""

    key: str
    names: Mapping[str, str]
    products: int
    slug: str
    image: str | None

    @property
    def name(self) -> str:
        return category_name(self.key, self.names)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of the owner's that the menu or the foot of every page leads to."""

    slug: str
    place: str
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """What every page of the storefront shows: the shop's own words, its aisles and its currencies.

    `pretended`: an order can be paid here without any money.
    `words` by key, then by language, "" for what is the same in all. The shop's own currency comes first.
    `new_after`: what came into the shop later than this is called new; None: nothing is.
    """

    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    aisles: tuple[Aisle, ...] = ()
    currencies: tuple[str, ...] = ()
    language: str = "en"
    pretended: bool = False
    new_after: datetime | None = None
    pages: tuple[PageLink, ...] = ()

    def say(self, key: str) -> str:
        """Return the shop's words in the language in force, else in its own, else in any; "" without any."""
        return self.said(self.words.get(key, {}))

    def said(self, spoken: Mapping[str, str]) -> str:
        """Return what is said in the language in force, else in the shop's own, else in any."""
        for language in (current_language(), "", self.language):
            if spoken.get(language):
                return spoken[language]
        return next((words for words in spoken.values() if words), "")


class Sort(StrEnum):
    """In which order a list is shown; `best` is how well a product fits what was searched for."""

    BEST = "best"
    POPULAR = "popular"
    NEW = "new"
    CHEAP = "cheap"
    DEAR = "dear"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductSearch:
    """What a visitor looks for. Prices in minor units of `currency`; options: name, then its values."""

    currency: str
    query: str = ""
    category: str | None = None
    sort: Sort = Sort.POPULAR
    least_minor: int | None = None
    most_minor: int | None = None
    in_stock: bool = False
    reduced: bool = False
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()
    page: int = 1

    @property
    def narrowed(self) -> bool:
        """Tell whether a filter is set."""
        bounds = self.least_minor is not None or self.most_minor is not None
        return bounds or self.in_stock or self.reduced or bool(self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCard:
    """A product as lists show it, at the price of its cheapest variant in the visitor's currency.

    `pictured`: it has a photograph, or a drawing of what it is. `spoken`: names and values of its options in
    the visitor's language.
    """

    product_id: UUID
    slug: str
    sku: str
    title: str
    category: str
    image: str | None
    price_minor: int
    was_minor: int | None
    currency: str
    at_least: bool
    new: bool
    pictured: bool
    stock: Stock
    spoken: Mapping[str, str] = field(default_factory=dict)

    @property
    def href(self) -> str:
        return f"/p/{self.slug}"


@dataclass(frozen=True, slots=True)
class Facet:
    """One value of an option, and how many products of the list have it."""

    name: str
    value: str
    products: int


@dataclass(frozen=True, slots=True)
class ProductList:
    """A page of a list: its cards and how many there are in all; `near`: none is spelt as was typed.

    `alike`: a few that are spelt nearly so, where only a few have what was typed.
    """

    cards: Sequence[ProductCard]
    found: int
    near: bool = False
    alike: Sequence[ProductCard] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an option on a product page; `sku` is the variant that choosing it leads to."""

    text: str
    sku: str
    selected: bool
    gone: bool


@dataclass(frozen=True, slots=True)
class ProductOption:
    """An option of a product (colour, size) with its values."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class DeliveryTerms:
    """What sending one unit costs at the least, and between which days it comes when ordered today.

    Without days it is not known when it leaves.
    """

    price_minor: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class WishlistItem:
    """What is on a wishlist."""

    wishlist_id: UUID
    variant_id: UUID
    sku: str
    slug: str
    product_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BackRequest:
    """Somebody asks to be told when a variant is back; `key` is the idempotency key.

    `customer_id`: who sits at the browser. Only when the address is known to be theirs, and they have
    allowed mail to it, it needs no confirmation. `network`: where they ask from, None where nobody can tell.
    """

    key: UUID
    variant_id: UUID
    customer_id: UUID
    email: str
    language: str
    campaign_id: UUID | None = None
    network: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackInStockRequest:
    """A request with what its mails say."""

    id: UUID
    variant_id: UUID
    product_id: UUID
    customer_id: UUID
    campaign_id: UUID | None
    email: str
    language: str
    sku: str
    title: str
    slug: str
    state: str = "confirmed"


@dataclass(frozen=True, slots=True)
class Seen:
    """The variant that a product page showed."""

    variant_id: UUID
    sku: str
