"""Stripe with the account that managers have set up, and how that account stands."""

import hashlib
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from safar.kernel.context import Context
from safar.kernel.database import Database
from safar.owner.reading import known_shop
from safar.payments.providers.port import Configured

if TYPE_CHECKING:
    import stripe

    from safar.payments.providers.stripe.provider import Stripe

NEEDED = ("secret_key", "webhook_secret")
_TEST_KEYS = ("sk_test_", "rk_test_")

# Clients, and with them connections, are kept by account.
_clients: "WeakKeyDictionary[Database, dict[bytes, stripe.StripeClient]]" = WeakKeyDictionary()


def stripe_for(context: Context, way: Configured) -> "Stripe":
    """Return Stripe with the account of `way`."""
    # Its library takes 12 MB, which processes that never ask Stripe do without.
    from safar.payments.providers.stripe.provider import Stripe, stripe_client

    settings, key = context.settings, way.secrets["secret_key"]
    clients = _clients.setdefault(context.database, {})
    name = hashlib.sha256(key.encode()).digest()
    if name not in clients:
        clients[name] = stripe_client(
            key=key, url=settings.stripe_api_url, timeout_s=settings.payment_timeout_s
        )
    return Stripe(clients[name], known_shop(context).name)


def is_set_up(way: Configured) -> bool:
    return all(way.secrets.get(name) for name in NEEDED)


def is_pretended(way: Configured) -> bool:
    """Tell whether the key is a test key: orders are paid without any money."""
    return way.secrets.get("secret_key", "").startswith(_TEST_KEYS)
