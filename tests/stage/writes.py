"""Every route that writes, with a body that it takes: the list that tests of bad input go through."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safar.catalogue.actions import variant_id_of
from safar.kernel.ids import new_id
from safar.stock.model import MAIN, QUARANTINE


@dataclass(frozen=True)
class Write:
    """A route that writes: a body it takes, and what kind of value each field is."""

    body: Mapping[str, str]
    numbers: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    # Below zero is a number here, too.
    signed: bool = False
    # Takes no body, or a body without which it does its work all the same.
    bodyless: bool = False


def buyer() -> dict[str, str]:
    return {
        "name": "Ada Lovelace",
        "email": "ada@customers.example",
        "address": "1 Mill Lane",
        "provider": "cod",
        "method": "",
        "language": "en",
    }


MUG = str(variant_id_of("MUG"))
_CHAT = {"id": str(new_id()), "text": "Hello"}
_CAMPAIGN = {
    "campaign_id": str(new_id()), "name": "Spring", "variant_id": MUG, "units": "1", "reply_minutes": "10",
    "offer_days": "3", "language": "", "country": "", "limit": "", "subject_en": "Mugs",
    "body_en": "{{ link }}",
}  # fmt: skip
_CAMPAIGN_NUMBERS = frozenset({"units", "reply_minutes", "offer_days"})
_MOVE = {
    "move_id": str(new_id()),
    "location_id": str(MAIN),
    "quantity": "1",
    "reason": "count",
    "document": "",
}
_VARIANT = {
    "price": "4.95", "was_price": "", "weight_g": "350", "tax_class": "standard", "barcode": "",
    "option_name:0": "Colour", "option_value:0": "Red", "parts": "", "image": "", "variant_form": "1",
}  # fmt: skip
_PRODUCT = {
    "title": "Lamp", "description": "Shines", "category": "kitchen", "sku": "LAMP", "price": "4.95",
    "weight_g": "350", "tax_class": "standard", "barcode": "",
}  # fmt: skip
_CODE = {
    "code": "TEN", "kind": "percent", "value": "10", "minimum": "", "category": "", "starts_on": "",
    "ends_on": "", "uses_max": "5", "customers_once": "yes", "active": "yes", "campaign_id": "",
    "partner": "Ada",
}  # fmt: skip
_TAX = {
    "country": "GB", "included": "yes", "standard": "20", "reduced": "5", "shipping_class": "standard",
}  # fmt: skip
_ZONE = {"name": "Home", "countries": "GB IE", "postcodes": "YO 10..19"}
_METHOD = {
    "key": "post", "name": "Post", "days_least": "1", "days_most": "3", "weight-0": "1000", "price-0": "3.95",
    "weight-1": "", "price-1": "6.95", "free_from": "50", "active": "yes",
}  # fmt: skip
_MOVED: dict[str, Any] = {"numbers": frozenset({"quantity"}), "ids": frozenset({"move_id", "location_id"})}
_BUTTON = Write({}, bodyless=True)
# Of a purchase order, a transfer or a count that is not there; tests/stock tries those that are.
_NO_DOCUMENT = _BUTTON
# Read as /stock/{id}/receive is.
_SAME_FORM = _BUTTON

FRONT: dict[str, Write] = {
    "/cart/lines": Write({"sku": "MUG", "quantity": "1"}, frozenset({"quantity"}), frozenset({"sku"})),
    "/cart/lines/{sku}": Write({"quantity": "1"}, frozenset({"quantity"})),
    "/cart/lines/{sku}/remove": _BUTTON,
    "/cart/code": Write({"code": "TEN"}, bodyless=True),  # an empty one takes the code out
    "/checkout/quote": Write({"order_id": str(new_id()), "country": "GB"}),
    "/checkout/forget": _BUTTON,
    "/wishlist": Write({"sku": "MUG"}, ids=frozenset({"sku"})),
    "/wishlist/link": _BUTTON,
    "/wishlist/link/end": _BUTTON,
    "/wishlist/{sku}/remove": _BUTTON,
    "/wishlist/{sku}/cart": _BUTTON,
    "/back-in-stock": Write({"sku": "MUG", "email": "a@b.example"}, ids=frozenset({"sku", "email"})),
    "/back-in-stock/{signed}": _BUTTON,
    "/back-in-stock/{signed}/cancel": _BUTTON,
    "/newsletter": Write({"email": "a@b.example"}, ids=frozenset({"email"})),
    "/newsletter/{signed}": _BUTTON,
    "/newsletter/{signed}/decline": _BUTTON,
    "/checkout": Write({"order_id": str(new_id()), **buyer()}, ids=frozenset({"order_id", "provider"})),
    "/buy": Write(
        {"id": str(new_id()), "sku": "MUG", "quantity": "1", **buyer()},
        frozenset({"quantity"}), frozenset({"id", "sku", "provider"}),
    ),
    "/pay/notices/stripe": Write({"id": "evt_1"}),
    "/pay/notices/pix/{token}": Write({"pix": "x"}),
    "/pay/notices/pix/{token}/pix": Write({"pix": "x"}),
    "/channels/{key}": Write({"id": "evt_1"}),
    "/find-order": Write({"number": "10001", "email": "ada@customers.example"}),
    "/orders/{signed}/cancellation": _BUTTON,
    "/orders/{signed}/returns": Write({"request_id": str(new_id()), "wish": "refund", "note": "Broken"}),
    "/chat/messages": Write(_CHAT, ids=frozenset({"id"})),
    "/unsubscribe/{token}": _BUTTON,
    "/wait/work": Write({"challenge": "x", "answers": "1,2"}),
    "/leave": _BUTTON,
    "/stay": _BUTTON,
}  # fmt: skip
CONSOLE: dict[str, Write] = {
    "/running/setbacks": Write({"queue": "none", "item": "none"}, bodyless=True),  # of one that is not there
    "/running/failures/{reader}/{event_id:int}/{verb}": _BUTTON,
    "/customers/files/uploads": Write({"file": "x"}),
    "/customers/files/{upload_id}": _BUTTON,
    "/customers/{customer_id}/consent": Write({"given": "yes", "reason": "by phone"}),
    "/customers/{id}/export": _BUTTON,
    "/customers/{id}/erasure": _BUTTON,
    "/sign-in": Write({"email": "a@b.example", "password": "wrong"}),
    "/password": Write({"old": "x", "new": "y", "again": "z"}),
    "/prices/codes": Write(_CODE, ids=frozenset({"kind"})),
    "/prices/codes/{code}": Write(_CODE, bodyless=True),  # of a code that is not there
    "/prices/tax": Write(_TAX, ids=frozenset({"included", "shipping_class"})),
    "/prices/tax/{country}/remove": _BUTTON,
    "/prices/shipping": Write({"zone_id": str(new_id()), **_ZONE}, ids=frozenset({"zone_id"})),
    "/prices/shipping/{id}": Write(_ZONE),
    "/prices/shipping/{id}/remove": _BUTTON,
    "/prices/shipping/{id}/methods": Write(_METHOD, frozenset({"days_least", "days_most"})),
    "/prices/shipping/{id}/methods/{key}/remove": _BUTTON,
    "/campaigns": Write(_CAMPAIGN, _CAMPAIGN_NUMBERS, frozenset({"variant_id"})),
    "/campaigns/preview": Write(_CAMPAIGN, bodyless=True),  # only shows, also what is wrong
    "/campaigns/reach": Write({"language": "", "country": "", "limit": ""}, bodyless=True),
    "/campaigns/{id}/edit": Write(_CAMPAIGN, _CAMPAIGN_NUMBERS, frozenset({"variant_id"})),
    "/campaigns/{id}/delete": _BUTTON,
    "/campaigns/{id}/test": _BUTTON,
    "/campaigns/{id}/schedule": Write({"at": "2027-01-01T10:00"}),
    "/campaigns/{id}/{verb}": _BUTTON,
    "/inbox/{id}/messages": Write({**_CHAT, "channel": "web", "seen_at": ""}, ids=frozenset({"id"})),
    "/inbox/{id}/assignee": Write({"to": "nobody"}, bodyless=True),
    "/inbox/{id}/notes": Write({"note_id": str(new_id()), "note": "Call them"}, ids=frozenset({"note_id"})),
    "/inbox/{id}/onlookers": Write({"doing": "looks"}, ids=frozenset({"doing"})),
    "/inbox/{id}/draft": Write({**_CHAT, "to": ""}, ids=frozenset({"id"})),
    "/saved-replies": Write(
        {"id": str(new_id()), "shortcut": "hello", "words-en": "Hello"}, ids=frozenset({"id"})
    ),
    "/saved-replies/{id}/remove": _BUTTON,
    "/inbox/{id}/closure": _BUTTON,
    "/inbox/{id}/handling": Write({"priority": "high"}),
    "/inbox/{id}/snooze": Write({"until": "answer", "day": ""}),
    "/inbox/{id}/waking": _BUTTON,
    "/inbox/{id}/spam": Write({"spam": "1"}, bodyless=True),
    "/inbox/bulk": Write({"id": str(new_id()), "deed": "close"}, ids=frozenset({"id"})),
    "/inbox/presence": Write({"away": "1"}, bodyless=True),
    "/inbox/teams": Write(
        {"id": str(new_id()), "name": "Support", "position": "0", "rule": "in_turn", "lead": ""},
        numbers=frozenset({"position"}),
        ids=frozenset({"id"}),
    ),
    "/inbox/teams/{id}/removal": _BUTTON,
    "/inbox/agents/{id}": Write({"chats_max": "3", "skills": ""}, numbers=frozenset({"chats_max"})),
    "/inbox/labels": Write({"name": "Gift", "tone": "info"}),
    "/inbox/labels/{id}/removal": _BUTTON,
    "/inbox/{id}/reopening": _BUTTON,
    "/inbox/posts/{id}/again": _BUTTON,
    "/channels/messages/{id}/retry": _BUTTON,
    "/channels/messages/{id}/arrived": _BUTTON,
    "/channels/messages/{id}/again": _BUTTON,
    "/channels/accounts": Write({"kind": "telegram", "name": "Shop bot"}),
    "/channels/accounts/{id}": Write({"name": "Shop bot", "active": "on"}, bodyless=True),
    "/channels/accounts/{id}/ask": _BUTTON,
    "/channels/accounts/{id}/test": Write({"address": "1234"}),
    "/gate/sites": Write(
        {"key": "outlet", "title": "Outlet", "url": "https://outlet.example", "capacity": "20"},
        frozenset({"capacity"}), frozenset({"url"}),
    ),
    "/gate/rooms": Write({"sku": "MUG", "capacity": "20"}, frozenset({"capacity"}), frozenset({"sku"})),
    "/gate/{key}/capacity": Write(
        {"capacity": "20", "adaptive": "yes", "least": "1", "most": "50", "invited": "10"},
        frozenset({"capacity", "least", "most"}),
    ),
    "/gate/{key}/pace": Write({"per_minute": "20", "work": "yes"}, bodyless=True),
    "/gate/{key}/opening": Write({"opens_at": "2999-01-01T10:00"}, ids=frozenset({"opens_at"})),
    "/gate/{key}/message": Write({"message_en": "Soon", "message_fa": "به زودی"}, bodyless=True),
    "/gate/{key}/state": Write({"state": "held"}, ids=frozenset({"state"})),
    "/gate/{key}/invitations": Write({"hours": "24"}, frozenset({"hours"})),
    "/gate/{key}/removal": _BUTTON,
    "/shop-front/search": Write({"synonyms": "mug, cup"}, bodyless=True),
    "/mails/{kind}": Write({"subject": "Hello {{ number }}"}, bodyless=True),
    "/mails/{kind}/send-me": _BUTTON,
    "/shop-front": Write({"hero_title_en": "Hello", "country": "GB"}, bodyless=True),
    "/orders/packed": Write({"id": str(new_id())}),
    "/orders/shipped": Write({"id": str(new_id()), "request_id": str(new_id()), "carrier": "Post"}),
    "/orders/new": Write(
        {"order_id": str(new_id()), "sku-0": "MUG", "quantity-0": "1", "place": "yes", **buyer()},
        ids=frozenset({"order_id"}),
    ),
    "/orders/views": Write({"request_id": str(new_id()), "name": "Late", "filters": "late=1"}),
    "/orders/views/{id}/removed": _BUTTON,
    "/orders/{id}/unpacked": _BUTTON,
    "/orders/{id}/address": Write({"name": "Ada", "address": "1 Mill Lane", "seen": "x"}),
    "/orders/{id}/notes": Write({"request_id": str(new_id()), "text": "Rings twice"}),
    "/orders/{id}/tags": Write({"tag": "gift"}),
    "/orders/{id}/tags/removed": Write({"tag": "gift"}),
    "/orders/{id}/tracking": Write(
        {"shipment_id": str(new_id()), "carrier": "Post", "tracking_code": "1", "seen": "x"},
        ids=frozenset({"shipment_id"}),
    ),
    "/orders/{id}/packed": _BUTTON,
    "/orders/{id}/shipped": Write(
        {"request_id": str(new_id()), "location_id": str(MAIN), "carrier": "Post", "tracking_code": "1"},
        ids=frozenset({"location_id"}),
    ),
    "/orders/{id}/delivered": _BUTTON,
    "/orders/{id}/cancelled": _BUTTON,
    "/orders/{id}/link": _BUTTON,
    "/orders/{id}/given-up": Write({"request_id": str(new_id()), "rest": "on", "reason": "broken"}),
    "/orders/{id}/returns": Write({"request_id": str(new_id()), "wish": "refund", "note": ""}),
    "/returns/{id}/approved": Write({"answer": ""}),
    "/returns/{id}/refused": Write({"answer": "No"}),
    "/returns/{id}/received": Write({"location_id": str(MAIN)}),
    "/returns/{id}/refunded": Write({"amount": "1.00"}),
    "/carriers": Write(
        {"id": str(new_id()), "name": "Post", "tracking_url": "https://post.example/{code}"},
        ids=frozenset({"id"}),
    ),
    "/payments/ways/{provider}": Write(
        {"holder": "Safar", "iban": "DE89370400440532013000", "bic": "", "currencies": "EUR", "countries": ""}
    ),
    "/payments/ways/{provider}/test": _BUTTON,
    "/payments/ways/{provider}/up": _BUTTON,
    "/payments/orders/{id}/receipts": Write(
        {"amount": "4.95", "reference": "bank", "request_id": str(new_id())}, frozenset({"amount"}),
        frozenset({"request_id"}),
    ),
    "/payments/orders/{id}/refunds": Write(
        {"amount": "4.95", "reason": "returned", "request_id": str(new_id())}, frozenset({"amount"}),
        frozenset({"request_id", "reason"}),
    ),
    "/payments/refunds/{id}/done": Write({"reference": "bank"}),
    "/payments/refunds/{id}/retry": _BUTTON,
    "/payments/receipts/{id}/order": Write({"order": "10001"}),
    "/payments/receipts/{id}/closed": Write({"note": "sent back"}),
    "/catalogue/products/{product_id}/matrix": Write({"name:0": "Colour", "values:0": "Red"}, bodyless=False),
    "/catalogue/{id}/price": Write({"price": "4.95"}),
    "/catalogue/products": Write(_PRODUCT, ids=frozenset({"category"})),
    "/catalogue/products/{product_id}": Write(
        {"title": "Mug", "description": "", "category": "kitchen", "title:fa": "ماگ", "description:fa": ""},
        ids=frozenset({"category"}),
    ),
    "/catalogue/products/{product_id}/publication": _BUTTON,
    "/catalogue/products/{product_id}/withdrawal": _BUTTON,
    "/catalogue/products/{product_id}/archiving": _BUTTON,
    "/catalogue/products/{product_id}/restoration": _BUTTON,
    "/catalogue/products/{product_id}/deletion": _BUTTON,
    "/catalogue/products/{product_id}/variants": Write({**_VARIANT, "sku": "MUG-2"}),
    "/catalogue/variants/{id}": Write(_VARIANT),
    "/catalogue/products/{product_id}/images/uploads": Write({"file": "x"}),
    "/catalogue/products/{product_id}/images/{digest}": Write({"description": "A mug"}),
    "/catalogue/products/{product_id}/images/{digest}/first": _BUTTON,
    "/catalogue/products/{product_id}/images/{digest}/remove": _BUTTON,
    "/catalogue/categories": Write({"key": "", "name:en": "Toys", "name:fa": "", "position": "1"}),
    "/catalogue/categories/remove": Write({"key": "none"}),
    "/catalogue/currencies": Write({"currency:0": "EUR", "rate:0": "1.15", "round:0": "1"}),
    "/catalogue/files/uploads": Write({"file": "x"}),
    "/catalogue/files/{upload_id}": _BUTTON,
    "/stock/files/uploads": Write({"file": "x"}),
    "/stock/files/{upload_id}": _BUTTON,
    "/stock/suggestions/run": Write({"run_id": str(new_id())}, ids=frozenset({"run_id"})),
    "/stock/suggestions/{id}/draft": Write(
        {"order_id": str(new_id()), "location_id": str(MAIN), f"units-{MUG}": "1"},
        frozenset({f"units-{MUG}"}), frozenset({"order_id", "location_id"}),
    ),
    "/stock/{id}/rule": Write(
        {"reorder_point": "5", "order_up_to": "20", "minimum_units": "1", "service_percent": "95",
         "supplier_id": "", "paused": ""}, bodyless=True,
    ),
    "/stock/watchers/{id}": Write({"staff_id": ""}, bodyless=True),
    "/stock/{id}/receive": Write(_MOVE, **_MOVED),
    "/stock/{id}/adjust": Write(_MOVE, **_MOVED, signed=True),
    "/stock/{id}/transfer": _SAME_FORM,
    "/stock/{id}/return": _SAME_FORM,
    "/stock/{id}/send-back": _SAME_FORM,
    "/stock/{id}/write-off": _SAME_FORM,
    "/stock/{id}/policy": Write(
        {"safety_units": "1", "backorder_units": "2", "preorder_from": "", "promise_days": ""},
        frozenset({"safety_units", "backorder_units"}),
    ),
    "/stock/{id}/lots": _SAME_FORM,
    "/stock/{id}/shelf": Write(
        {"location_id": str(MAIN), "bin": "A3"}, ids=frozenset({"location_id"})
    ),
    "/stock/receiving": Write(
        {"receiving_id": str(new_id()), "location_id": str(MAIN), "document": ""},
        ids=frozenset({"receiving_id", "location_id"}),
    ),
    "/stock/receiving/{id}/scans": _NO_DOCUMENT,
    "/stock/receiving/{id}/lines": _BUTTON,
    "/stock/receiving/{id}/booking": _BUTTON,
    "/stock/receiving/{id}/discard": _BUTTON,
    "/stock/lots/{id}/date": Write({"expires_on": "2999-01-01"}, ids=frozenset({"expires_on"})),
    "/stock/locations": Write(
        {"location_id": str(new_id()), "name": "Store", "kind": "store", "priority": "1", "country": "GB",
         "postcode": "", "address": "", "latitude": "", "longitude": ""},
        frozenset({"priority"}), frozenset({"location_id", "kind"}),
    ),
    "/stock/purchases": Write(
        {"order_id": str(new_id()), "supplier_id": str(new_id()), "location_id": str(MAIN),
         "expected_on": ""},
        ids=frozenset({"order_id", "supplier_id", "location_id"}),
    ),
    "/stock/purchases/{id}/lines": _NO_DOCUMENT,
    "/stock/purchases/{id}/sent": _NO_DOCUMENT,
    "/stock/purchases/{id}/expected": _NO_DOCUMENT,
    "/stock/purchases/{id}/receipts": _NO_DOCUMENT,
    "/stock/purchases/{id}/closure": _NO_DOCUMENT,
    "/stock/suppliers": Write(
        {"supplier_id": str(new_id()), "name": "Pottery", "email": "", "phone": "", "lead_days": "7",
         "currency": "GBP"},
        frozenset({"lead_days"}), frozenset({"supplier_id", "currency"}),
    ),
    "/stock/suppliers/{id}/items": _NO_DOCUMENT,
    "/stock/suppliers/{id}/items/removal": _NO_DOCUMENT,
    "/stock/transfers": Write(
        {"transfer_id": str(new_id()), "from_id": str(MAIN), "to_id": str(QUARANTINE), "expected_on": "",
         "note": ""},
        ids=frozenset({"transfer_id", "from_id", "to_id"}),
    ),
    "/stock/transfers/{id}/lines": _NO_DOCUMENT,
    "/stock/transfers/{id}/sent": _BUTTON,
    "/stock/transfers/{id}/arrivals": _NO_DOCUMENT,
    "/stock/transfers/{id}/cancellation": _NO_DOCUMENT,
    "/stock/counts": Write(
        {"count_id": str(new_id()), "location_id": str(MAIN), "category": "", "after_sku": ""},
        ids=frozenset({"count_id", "location_id"}),
    ),
    "/stock/counts/{id}/entries": _NO_DOCUMENT,
    "/stock/counts/{id}/finished": _NO_DOCUMENT,
    "/stock/counts/{id}/approval": _BUTTON,
    "/stock/counts/{id}/reopening": _BUTTON,
    "/stock/counts/{id}/cancellation": _BUTTON,
    "/shop-front/pages/new": Write({"place": "foot", "title:en": "About"}, ids=frozenset({"place"})),
    "/shop-front/pages/{slug}": Write({"place": "foot", "title:en": "About"}, ids=frozenset({"place"})),
    "/shop-front/pages/{slug}/remove": _BUTTON,
    "/settings/{group}": Write({"ship_days": "2"}, frozenset({"ship_days"}), bodyless=True),
    "/settings/mail/test": _BUTTON,
    "/settings/brand/{which}/uploads": Write({"file": "x"}),
    "/settings/brand/{which}/remove": _BUTTON,
    "/staff": Write({"email": "new@shop.example", "name": "New", "role": "agent"}, ids=frozenset({"role"})),
    "/staff/{staff_id}/disable": _BUTTON,
    "/staff/{staff_id}/renew": _BUTTON,
    "/staff/{staff_id}/role": Write({"role": "agent"}, ids=frozenset({"role"})),
    "/sign-out": _BUTTON,
}  # fmt: skip
