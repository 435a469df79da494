"""Who is answered whatever happens: those who show, by a signature, that they are buying or have bought.

Only arithmetic: a path alone proves nothing, and asking for somebody's order costs nobody else their page.
"""

from starlette.requests import Request
from starlette.types import Scope

from safar.cart.cookie import cart_count
from safar.gate.door.rooms import has_pass
from safar.kernel.errors import SafarError
from safar.kernel.web.pages import context_of
from safar.orders.links import read_link

_OF_ORDERS = frozenset({"orders", "pay"})


def is_buying(scope: Scope) -> bool:
    """Tell whether a request carries a good pass, a cart with something in it, or is about a signed order."""
    parts = scope["path"].split("/", 3)
    request = Request(scope)
    if len(parts) > 2 and parts[1] in _OF_ORDERS:
        try:
            read_link(context_of(request), parts[2])
        except SafarError:
            return False
        return True
    return has_pass(scope) or cart_count(request) > 0
