"""The cart's cookie: which cart, and how many units, so that no page asks the database for the count."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from safar.kernel.errors import BadRequest
from safar.kernel.ids import new_id
from safar.kernel.web.cookies import cookie_of, cookie_set
from safar.kernel.web.pages import context_of

COOKIE = "cart"
_PURPOSE = "cart"
_MONTH_S = 30 * 24 * 3600
_COOKIE_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Cart:
    """What the cookie says; `units` is what was in the cart when the shop answered last."""

    cart_id: UUID
    units: int


def cart_of(request: Request) -> Cart | None:
    """Return the visitor's cart; None without one, or with a cookie that was not made here."""
    cookie = cookie_of(request.scope, context_of(request).settings, COOKIE)
    if not cookie or len(cookie) > _COOKIE_CHARACTERS_MAX:
        return None
    try:
        cart_id, units = str(context_of(request).vault.unsign(_PURPOSE, cookie)).split(".")
        return Cart(UUID(cart_id), int(units))
    except (BadRequest, ValueError):
        return None


def cart_count(request: Request) -> int:
    """Return how many units are in the visitor's cart, for the layout of every page."""
    cart = cart_of(request)
    return cart.units if cart else 0


def cart_id_of(request: Request) -> UUID:
    """Return the id of the visitor's cart, a new one for a visitor without."""
    cart = cart_of(request)
    return cart.cart_id if cart else new_id()


def remember(request: Request, response: Response, cart_id: UUID, units: int) -> None:
    """Let the answer carry the cart's cookie."""
    context = context_of(request)
    text = context.vault.sign(_PURPOSE, f"{cart_id.hex}.{units}")
    response.headers.append("set-cookie", cookie_set(context.settings, COOKIE, text, life_s=_MONTH_S))


def ordered(request: Request, response: Response) -> None:
    """Let the browser know that its cart is empty: it has become an order, and still leads to it."""
    cart = cart_of(request)
    if cart is not None:
        remember(request, response, cart.cart_id, 0)
