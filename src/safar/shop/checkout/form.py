"""What a customer fills in at the checkout, read and checked; and the order that it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from safar.customers.errors import NotAnAddress
from safar.customers.identify import normalised
from safar.customers.visitor import Visitor
from safar.kernel.context import Context
from safar.kernel.i18n import LANGUAGES, N_, _, current_language
from safar.kernel.ids import derived_id
from safar.kernel.text import whole_number
from safar.kernel.web.forms import Fields
from safar.orders.links import order_link
from safar.orders.model import Buyer, OrderLimits, OrderRequest
from safar.payments.registry import KINDS
from safar.payments.ways import hold_minutes, hold_minutes_unproven
from safar.pricing.discounts import plain_code
from safar.pricing.model import Destination
from safar.pricing.places import (
    has_postcodes,
    is_country,
    is_postcode,
    postcode_as_written,
    postcode_example,
)
from safar.settings import Settings
from safar.shop.checkout.billing import read_billing, region_of

_CODE_CHARACTERS_MAX = 40
_KEY_CHARACTERS_MAX = 40
_MONEY_DIGITS_MAX = 18
_NOTE_CHARACTERS_MAX = 500
_WANTED = {
    "name": N_("Enter your name."),
    "email": N_("Enter your e-mail address."),
    "address": N_("Enter your address."),
    "city": N_("Enter your town or city."),
    "postcode": N_("Enter your postcode."),
    "region": N_("Choose your state or region."),
    "provider": N_("Choose how you would like to pay."),
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a price depends on: where it goes, how, and with which code; `code` None: that of the cart."""

    to: Destination
    shipping: str
    code: str | None


@dataclass(slots=True)  # not frozen: made for every order
class Details:
    """Who orders, where it goes and how it is paid."""

    name: str
    email: str
    address: str
    city: str
    phone: str
    provider: str
    method: str
    language: str
    expected_total_minor: int | None
    region: str = ""
    note: str = ""
    billing: Mapping[str, str] = field(default_factory=dict)


def choices_of(fields: Fields, *, home: str, required: bool = False) -> Choices:
    """Read what the price depends on; problems stay in `fields`. Without a country it is `home`.

    `required`: whoever sends `postcode` has to fill it, where we know that there are some.
    """
    country = fields.text("country", length_max=2, required=False).upper() or home
    if not is_country(country):
        fields.problems.setdefault("country", _("Choose one of the options."))
    needed = required and "postcode" in fields.values and has_postcodes(country)
    postcode = postcode_as_written(fields.text("postcode", length_max=16, required=needed))
    if postcode and not is_postcode(country, postcode) and "postcode" not in fields.problems:
        fields.problems["postcode"] = _(
            "Enter a valid postcode, like %(example)s.", example=postcode_example(country)
        )
    shipping = fields.text("shipping", length_max=_KEY_CHARACTERS_MAX, required=False)
    code = None
    if "code" in fields.values:
        code = plain_code(fields.text("code", length_max=_CODE_CHARACTERS_MAX, required=False))
    return Choices(Destination(country, postcode), shipping, code)


def details_of(fields: Fields, country: str) -> Details:
    """Read who orders and how it is paid; problems stay in `fields`.

    Whoever sends `city` has to fill it: the checkout page does, programs may have all of it in `address`.
    """
    kind = KINDS.get(fields.values.get("provider", ""))
    details = Details(
        name=fields.text("name", length_max=100),
        email=fields.email("email"),
        address=fields.text("address", length_max=500),
        city=fields.text("city", length_max=100, required="city" in fields.values),
        phone=phone_in(fields, country),
        provider=fields.choice("provider", KINDS),
        method=fields.choice("method", kind.methods) if kind and kind.methods else "",
        language=_language(fields),
        expected_total_minor=_expected(fields),
        region=region_of(fields, "region", country),
        note=fields.text("note", length_max=_NOTE_CHARACTERS_MAX, required=False),
        billing=read_billing(fields, country).kept(),
    )
    for name, wanted in _WANTED.items():
        if name in fields.problems and not fields.values.get(name, "").strip():
            fields.problems[name] = _(wanted)
    for name in ("name", "address", "city"):
        if "<" in fields.values.get(name, "") or ">" in fields.values.get(name, ""):
            fields.problems.setdefault(name, _("This has characters that cannot be used."))
    return details


def read_order_key(fields: Fields, name: str) -> UUID:
    """Return the key that the caller made for this order: with the same key it is taken once."""
    return fields.uuid(name, wrong=_("This is not a request id (a UUID)."))


def order_id_of(visitor: Visitor, key: UUID) -> UUID:
    """Return the id of the order that this browser asks for under its `key`; no other browser can."""
    return derived_id("order", visitor.visitor_id, key)


def order_request(
    context: Context,
    visitor: Visitor,
    buyer: Buyer,
    key: UUID,
    *,
    lines: Mapping[UUID, int],
    details: Details,
    choices: Choices,
    currency: str | None,
    cart_id: UUID | None,
) -> OrderRequest:
    order_id = order_id_of(visitor, key)
    return OrderRequest(
        order_id=order_id,
        buyer=buyer,
        limits=limits_of(context.settings),
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        cart_id=cart_id,
        lines=tuple(lines.items()),
        email=details.email,
        name=details.name,
        address=details.address,
        language=details.language,
        provider=details.provider,
        method=details.method,
        link=order_link(context, order_id),
        hold_minutes=hold_minutes(context.settings, details.provider),
        hold_minutes_unproven=hold_minutes_unproven(context.settings, details.provider),
        currency=currency,
        country=choices.to.country,
        postcode=choices.to.postcode,
        city=details.city,
        phone=details.phone,
        shipping=choices.shipping,
        discount_code=choices.code or "",
        expected_total_minor=details.expected_total_minor,
        link_id=visitor.link_id,
        region=details.region,
        note=details.note,
        billing=details.billing,
    )


def limits_of(settings: Settings) -> OrderLimits:
    return OrderLimits(
        settings.order_units_max,
        settings.unpaid_orders_max,
        settings.unpaid_orders_network,
        settings.unpaid_share_percent,
        settings.unpaid_units_least,
    )


def phone_in(fields: Fields, country: str) -> str:
    """Return a phone number as it is kept, "" for none; one that is none becomes a problem."""
    text = fields.text("phone", length_max=40, required=False)
    if not text or "phone" in fields.problems:
        return ""
    try:
        return normalised("phone", text, country)
    except NotAnAddress:
        fields.problems["phone"] = _("Enter a valid phone number.")
        return ""


def _language(fields: Fields) -> str:
    language = fields.values.get("language", "")
    return language if language in LANGUAGES else current_language()


def _expected(fields: Fields) -> int | None:
    """Return the total that the customer has seen, in minor units."""
    text = fields.values.get("expected_total_minor", "").strip()
    total = whole_number(text, digits_max=_MONEY_DIGITS_MAX) if text else None
    if text and total is None:
        fields.problems["expected_total_minor"] = _("A whole number of the smallest units of the currency.")
    return total
