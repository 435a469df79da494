"""Pay on delivery, as it is registered."""

import re

from safar.kernel.i18n import N_
from safar.payments.books.names import CASH
from safar.payments.providers.cash.provider import Cash
from safar.payments.providers.kind import Input, ProviderKind, matching_pattern

KIND = ProviderKind(
    CASH,
    N_("Pay on delivery"),
    N_("In cash or by card, when you have it in your hands."),
    make=lambda _context, _way: Cash(),
    always=True,
    inputs=(
        Input(
            "most", N_("Highest total that is paid this way"),
            N_("A whole amount in the shop's currency. Dearer orders are paid another way."),
            required=True, check=matching_pattern(re.compile(r"[0-9]{1,12}")),
        ),
    ),
    total_most=lambda way: way.details.get("most", ""),
)  # fmt: skip
