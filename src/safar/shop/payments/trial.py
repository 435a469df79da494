"""Payments that are only pretended: the test card, and a Stripe account's test key.

They confirm orders without any money, so they are off in a fresh shop, the test card is refused where the
world can reach the shop, and while one of them is on nobody can overlook it.
"""

from safar.kernel.database import Connection, execute
from safar.kernel.exposure import open_to_the_world
from safar.kernel.queries import queries_beside
from safar.settings import Settings
from safar.shop.payments.model import Configured
from safar.shop.payments.port import CASH, STRIPE, TEST_CARD

QUERIES = queries_beside(__file__)
_TEST_KEYS = ("sk_test_", "rk_test_")


def card_allowed(settings: Settings) -> bool:
    """Tell whether the test card may confirm orders here at all."""
    return settings.test_payments or not open_to_the_world(settings)


def is_pretended(way: Configured) -> bool:
    """Tell whether an order that is paid this way brings no money."""
    key = way.secrets.get("secret_key", "")
    return way.provider == TEST_CARD or (way.provider == STRIPE and key.startswith(_TEST_KEYS))


async def switch_on_for_trial(connection: Connection) -> None:
    """Offer what a rehearsal pays with, in a shop of its own: the test card and payment on delivery."""
    await execute(connection, QUERIES["switch_on"], {"providers": [CASH, TEST_CARD]})
