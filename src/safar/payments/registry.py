"""The registered providers: the only list of them, in the order in which a checkout shows them."""

from collections.abc import Mapping

from safar.payments.providers.cash.kind import KIND as CASH
from safar.payments.providers.kind import ProviderKind
from safar.payments.providers.pix.kind import KIND as PIX
from safar.payments.providers.stripe.kind import KIND as STRIPE
from safar.payments.providers.test_card.kind import KIND as TEST_CARD
from safar.payments.providers.transfer.kind import KIND as TRANSFER
from safar.payments.providers.upi.kind import KIND as UPI

KINDS: Mapping[str, ProviderKind] = {
    kind.name: kind for kind in (STRIPE, PIX, UPI, TRANSFER, CASH, TEST_CARD)
}
