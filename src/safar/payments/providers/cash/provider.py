"""Pay on delivery: the carrier brings the money, so that there is nothing to start."""

from collections.abc import Mapping
from typing import Any

from safar.payments.providers.by_hand import ByHand
from safar.payments.providers.port import Charge


class Cash(ByHand):
    """In cash or by card, into the hands of whoever brings the parcel."""

    def instructions(self, charge: Charge) -> Mapping[str, Any]:
        return {}
