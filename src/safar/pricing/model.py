"""What a price is made of: the words of pricing. Amounts are minor units, weights grams."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from safar.catalogue.model import Rate


@dataclass(slots=True)  # not frozen: made for every order
class Priced:
    """A line to be priced: `unit_minor` is the price of one unit in the currency of the quote."""

    variant_id: UUID
    unit_minor: int
    quantity: int
    tax_class: str = "standard"
    weight_g: int = 0
    category: str = ""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the goods go: an ISO 3166 code and the postcode as the customer wrote it."""

    country: str
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Tax:
    """How a country taxes: `rates` by tax class in parts per 100,000 (20 % = 20,000).

    `included`: the prices of the catalogue have the tax in them already. `shipping_class`: the class whose
    rate shipping has. A class without a rate is not taxed.
    """

    included: bool = True
    rates: Mapping[str, int] = field(default_factory=dict)
    shipping_class: str = "standard"


@dataclass(frozen=True, slots=True)
class Band:
    """What a parcel of at most `weight_g_max` grams costs; None: of any weight."""

    weight_g_max: int | None
    price_minor: int


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    """A way to send within one zone; amounts in `currency`. `names` by language, "" for all others.

    `free_from_minor`: goods for this much or more (after the discount) travel free.
    """

    key: str
    names: Mapping[str, str]
    bands: tuple[Band, ...]
    currency: str
    free_from_minor: int | None = None
    days_least: int = 1
    days_most: int = 5


@dataclass(frozen=True, slots=True)
class Zone:
    """Where its methods go. No countries: everywhere. Postcodes: beginnings ("SW1") or ranges ("10..19")."""

    name: str
    countries: frozenset[str]
    postcodes: tuple[str, ...]
    methods: tuple[ShippingMethod, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that a quote follows, as it stands.

    `taxes` by country, "" for all others. `rates` by currency; one that is not in them is the shop's own.
    """

    taxes: Mapping[str, Tax] = field(default_factory=dict)
    zones: tuple[Zone, ...] = ()
    rates: Mapping[str, Rate] = field(default_factory=dict)


class DiscountKind(StrEnum):
    """What a code gives: a share of the goods, an amount, or the cheapest way to send them for nothing."""

    PERCENT = "percent"
    FIXED = "fixed"
    FREE_SHIPPING = "free_shipping"


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount code as it stands. `code` is in capitals.

    `value`: hundredths of a per cent (10 % = 1,000), or minor units of `currency`; free shipping has none.
    `category`: the only one whose goods it is for, "" for all. `account_id`: the capacity account of its
    uses, None without a limit. `customers_once`: every customer can use it one time. `campaign_id` and
    `partner`: who is to be thanked for the order.
    """

    code: str
    kind: str
    value: int
    currency: str
    minimum_minor: int = 0
    category: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    uses_max: int | None = None
    account_id: int | None = None
    customers_once: bool = False
    active: bool = True
    campaign_id: UUID | None = None
    partner: str = ""


class DiscountReason(StrEnum):
    """Why a code is not taken."""

    UNKNOWN = "unknown"
    NOT_YET = "not_yet"
    OVER = "over"
    TOO_LITTLE = "too_little"
    NOT_FOR_THESE = "not_for_these"
    USED_UP = "used_up"
    USED_BEFORE = "used_before"


@dataclass(frozen=True, slots=True)
class ShippingChoice:
    """A way to send this basket there, and what it costs; free with 0."""

    key: str
    name: str
    price_minor: int
    days_least: int
    days_most: int
    names: Mapping[str, str] = field(default_factory=dict)

    def name_in(self, language: str) -> str:
        return self.names.get(language) or self.name


@dataclass(slots=True)  # not frozen: made for every order
class QuotedLine:
    """A line as it is sold; discount and tax are of the whole line, tax in the price or on top of it.

    `tax_rate`: the rate that was used, in parts per 100,000.
    """

    variant_id: UUID
    unit_minor: int
    quantity: int
    discount_minor: int
    tax_minor: int
    tax_class: str = "standard"
    tax_rate: int = 0


@dataclass(slots=True)  # not frozen: made for every order
class Quote:
    """What a basket costs. total = subtotal - discount + shipping, + tax where it is not included.

    `tax_minor` has the shipping's tax in it: `shipping_tax_minor`, at `shipping_tax_rate`. `methods`: every
    way to send it, the cheapest first.
    """

    lines: tuple[QuotedLine, ...]
    subtotal_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    tax_included: bool
    total_minor: int
    currency: str
    shipping_key: str
    methods: tuple[ShippingChoice, ...]
    shipping_tax_minor: int = 0
    shipping_tax_rate: int = 0


@dataclass(frozen=True, slots=True)
class NoShipping:
    """It cannot be sent there in the way asked for; `methods` are the ways that there are."""

    country: str
    shipping: str
    methods: tuple[ShippingChoice, ...]
