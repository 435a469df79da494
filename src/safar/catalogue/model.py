"""Products and their variants: the words of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal
from uuid import UUID

TaxClass = Literal["standard", "reduced", "zero"]
TAX_CLASSES: tuple[TaxClass, ...] = ("standard", "reduced", "zero")


@dataclass(frozen=True, slots=True)
class Variant:
    """What is sold: one SKU of a product. `image` is a digest, its own or the first of its product's.

    `order_max`: so many units of its product, all variants together, go into one order; None: no such limit.
    """

    id: UUID
    product_id: UUID
    sku: str
    title: str
    price_minor: int
    currency: str
    slug: str
    category: str
    barcode: str | None = None
    weight_g: int = 0
    tax_class: str = "standard"
    options: dict[str, str] = field(default_factory=dict)
    tracks_lots: bool = False
    is_kit: bool = False
    published: bool = True
    image: str | None = None
    order_max: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product as its page shows it."""

    id: UUID
    slug: str
    title: str
    description: str
    category: str
    published: bool = True
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs in the currency that was asked for, and what it cost before, if that was more."""

    price_minor: int
    was_minor: int | None


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of `currency` for one of the shop's own; converted prices are a multiple of `round_to_minor`."""

    currency: str
    rate: Decimal
    round_to_minor: int


@dataclass(frozen=True, slots=True)
class ProductWords:
    """A product's words in one language; `options` translates names and values of its variants' options."""

    title: str
    description: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a product; `description` is for those who cannot see it."""

    digest: str
    description: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the shop with its names by language, and how many products it has."""

    key: str
    names: Mapping[str, str]
    position: int
    products: int
