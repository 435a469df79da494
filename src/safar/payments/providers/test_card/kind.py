"""The test card, as it is registered.

It confirms orders without any money, so it is off in a fresh shop, refused where the world can reach the
shop, and while it is on nobody can overlook it.
"""

from safar.kernel.exposure import open_to_the_world
from safar.kernel.i18n import N_
from safar.payments.books.names import TEST_CARD
from safar.payments.providers.kind import ProviderKind
from safar.payments.providers.test_card.provider import METHODS, TestCard
from safar.settings import Settings


def card_allowed(settings: Settings) -> bool:
    """Tell whether the test card may confirm orders here at all."""
    return settings.test_payments or not open_to_the_world(settings)


KIND = ProviderKind(
    TEST_CARD,
    N_("Test card"),
    N_("For trying out the shop: no real card, no real money."),
    make=lambda context, _way: TestCard(context.database, allowed=card_allowed(context.settings)),
    always=True,
    methods=METHODS,
    refused=lambda settings: not card_allowed(settings),
    pretended=lambda _way: True,
)
