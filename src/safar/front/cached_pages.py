"""Which pages of the shop are kept for a moment: those of goods, by all that makes them differ."""

from collections.abc import Hashable
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from safar.cart.cookie import cart_count
from safar.customers.visitor import Visitor
from safar.front.page_views import Views
from safar.gate.door.looks import is_crawler
from safar.journal.model import Event
from safar.kernel.i18n import current_language
from safar.kernel.web.cookies import cookies_of
from safar.kernel.web.page_cache import Noted
from safar.storefront.model import Seen

_QUERY_CHARACTERS_MAX = 200  # longer ones are no links of ours: they are answered, but not kept
_PATHS, _BELOW = ("/", "/search"), ("/p/", "/c/", "/pages/")


def cached_page_key(scope: Scope) -> Hashable | None:
    """Return what a page of goods depends on besides the goods; None for every other page."""
    path, query = scope["path"], scope["query_string"]
    if len(query) > _QUERY_CHARACTERS_MAX or not (path in _PATHS or path.startswith(_BELOW)):
        return None
    state = scope["state"]
    visitor: Visitor = state["visitor"]
    in_cart = cart_count(Request(scope)) if cookies_of(scope) else 0
    return path, query, current_language(), state.get("currency"), visitor.campaign_id, in_cart


def noting(views: Views) -> Noted:
    """Return what is done when a page is sent on which a product was seen: it is an event of its visitor."""

    def noted(scope: Scope, seen: Any) -> None:
        visitor: Visitor = scope["state"]["visitor"]
        if not isinstance(seen, Seen):
            return
        if visitor.returned and not is_crawler(Headers(scope=scope)):
            views.returned(visitor.visitor_id)
            views.add(_viewed(visitor, seen))
        else:
            views.hold(visitor.visitor_id, _viewed(visitor, seen))

    return noted


def _viewed(visitor: Visitor, seen: Seen) -> Event:
    return Event(
        name="product.viewed",
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        subject_id=seen.variant_id,
        properties={"variant_id": seen.variant_id, "sku": seen.sku},
    )
