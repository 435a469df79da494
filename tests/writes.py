"""Every route that writes, with a body that it takes: the list that tests of bad input go through."""

from collections.abc import Mapping
from dataclasses import dataclass

from safar.kernel.ids import new_id
from safar.shop.catalogue import variant_id_of
from safar.stock.model import MAIN


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
        "name": "Ada Lovelace", "email": "ada@customers.example", "address": "1 Mill Lane", "provider": "cod",
        "method": "", "language": "en",
    }  # fmt: skip


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
_MOVED = {"numbers": frozenset({"quantity"}), "ids": frozenset({"move_id", "location_id"})}
_BUTTON = Write({}, bodyless=True)

FRONT: dict[str, Write] = {
    "/cart/lines": Write({"sku": "MUG", "quantity": "1"}, frozenset({"quantity"}), frozenset({"sku"})),
    "/cart/lines/{sku}": Write({"quantity": "1"}, frozenset({"quantity"})),
    "/cart/lines/{sku}/remove": _BUTTON,
    "/checkout": Write({"order_id": str(new_id()), **buyer()}, ids=frozenset({"order_id", "provider"})),
    "/buy": Write(
        {"id": str(new_id()), "sku": "MUG", "quantity": "1", **buyer()},
        frozenset({"quantity"}), frozenset({"id", "sku", "provider"}),
    ),
    "/chat/messages": Write(_CHAT, ids=frozenset({"id"})),
    "/unsubscribe/{token}": _BUTTON,
    "/leave": _BUTTON,
}  # fmt: skip
CONSOLE: dict[str, Write] = {
    "/sign-in": Write({"email": "a@b.example", "password": "wrong"}),
    "/password": Write({"old": "x", "new": "y", "again": "z"}),
    "/campaigns": Write(_CAMPAIGN, _CAMPAIGN_NUMBERS, frozenset({"variant_id"})),
    "/campaigns/preview": Write(_CAMPAIGN, bodyless=True),  # only shows, also what is wrong
    "/campaigns/reach": Write({"language": "", "country": "", "limit": ""}, bodyless=True),
    "/campaigns/{id}/{verb}": _BUTTON,
    "/inbox/{id}/messages": Write({**_CHAT, "channel": "web", "seen_at": ""}, ids=frozenset({"id"})),
    "/inbox/{id}/assignee": Write({"to": "nobody"}, bodyless=True),
    "/inbox/{id}/closure": _BUTTON,
    "/inbox/{id}/reopening": _BUTTON,
    "/channels/messages/{id}/retry": _BUTTON,
    "/gate/capacity": Write({"capacity": "20"}, frozenset({"capacity"})),
    "/gate/end": _BUTTON,
    "/gate/open": _BUTTON,
    "/orders/{id}/shipped": _BUTTON,
    "/orders/{id}/delivered": _BUTTON,
    "/orders/{id}/cancelled": _BUTTON,
    "/catalogue/{id}/price": Write({"price": "4.95"}),
    "/stock/{id}/receive": Write(_MOVE, **_MOVED),
    "/stock/{id}/adjust": Write(_MOVE, **_MOVED, signed=True),
    "/staff": Write({"email": "new@shop.example", "name": "New", "role": "agent"}, ids=frozenset({"role"})),
    "/staff/{staff_id}/disable": _BUTTON,
    "/staff/{staff_id}/renew": _BUTTON,
    "/sign-out": _BUTTON,
}  # fmt: skip
