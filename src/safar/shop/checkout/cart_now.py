"""The visitor's cart as a request asks for it, and the country its goods go to."""

from uuid import UUID

from starlette.requests import Request

from safar.cart.cookie import cart_of
from safar.cart.reading import PricedCart, PricedCartRequest, priced_carts_many
from safar.customers.visitor import visitor_of
from safar.kernel.i18n import current_language
from safar.kernel.web.pages import context_of
from safar.owner.reading import known_shop
from safar.storefront.currency import currency_of


def home_of(request: Request) -> str:
    """Return the country that goods go to until the customer says where."""
    return known_shop(context_of(request)).country


async def cart_now(request: Request) -> PricedCart:
    """Return what is in the visitor's cart at the prices of now."""
    cart, currency = cart_of(request), currency_of(request)
    if cart is None:
        return PricedCart(UUID(int=0), (), currency)
    asked = PricedCartRequest(cart.cart_id, visitor_of(request).campaign_id, currency, current_language())
    return await context_of(request).batched(priced_carts_many, asked)
