"""The checkout as it is shown: filled in, with what is wrong; for programs as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from safar.cart.stock_words import stock_of
from safar.kernel.errors import SafarError
from safar.kernel.i18n import _
from safar.kernel.web.pages import error_text, page, wants_json
from safar.orders.errors import PriceChanged
from safar.payments.ways import preselected
from safar.pricing.addresses import address_form
from safar.pricing.places import (
    countries_to_choose,
    country_name,
    has_postcodes,
    postcode_example,
)
from safar.shop.checkout import billing
from safar.shop.checkout.bill import Bill
from safar.shop.checkout.cart_now import home_of
from safar.storefront.newsletter import pages as newsletter

_EMPTY = {
    "name": "", "email": "", "phone": "", "address": "", "postcode": "", "city": "", "country": "",
    "shipping": "", "provider": "", "method": "ok", "code": "", "region": "", "note": "", "billing": "",
    **dict.fromkeys(billing.FIELDS, ""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckoutShown:
    """The page as it is to be shown: what was typed, what is wrong with it, what to tell."""

    bill: Bill
    key: UUID
    typed: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)
    notice: str | None = None
    status: int = 200


def checkout_page(request: Request, shown: CheckoutShown) -> Response:
    bill, home = shown.bill, home_of(request)
    typed = {**_EMPTY, **shown.typed}
    country = bill.to.country
    offered = [way.provider for way in bill.ways]
    values = {
        "bill": bill,
        "basket": bill.basket,
        "order_id": shown.key,
        "typed": {**typed, "country": country, "code": bill.basket.code or typed["code"]},
        "problems": shown.problems,
        "notice": shown.notice,
        "countries": countries_to_choose(bill.rules, first=home),
        "postcode_needed": has_postcodes(country),
        "postcode_example": postcode_example(country),
        "address_form": address_form(country),
        "provider": typed["provider"] if typed["provider"] in offered else preselected(bill.ways),
        "stock_of": stock_of,
        "country_name": country_name,
        "cart_count": bill.basket.units,
        "offers_wording": _(newsletter.WORDING),
    }
    return page(request, "shop/checkout.html", values, status=shown.status)


def refused_page(request: Request, shown: CheckoutShown, refused: SafarError) -> Response:
    if wants_json(request):
        body: dict[str, Any] = {"error": refused.code, "message": error_text(refused)}
        if isinstance(refused, PriceChanged):
            body |= {"total_minor": refused.total_minor, "currency": refused.currency}
        return as_json_answer(body, refused.status)
    return checkout_page(request, replace(shown, notice=error_text(refused), status=refused.status))


def as_json_answer(body: Mapping[str, object], status: int) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
