"""What cash, bank transfer, PIX and UPI have in common: people move the money, and tell us of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from safar.payments.providers.port import (
    CannotPay,
    Charge,
    PaymentOutcome,
    ProviderWord,
    RefundOrder,
    RefundOutcome,
    RefundWord,
    StartedCharge,
)


class ByHand(ABC):
    """A way to pay that cannot be asked: a bank's notice or a member of the staff tells what came."""

    async def start(self, charge: Charge) -> StartedCharge:
        """Nothing to ask of anybody: what the customer needs is made from the settings of the way."""
        try:
            return StartedCharge(data=self.instructions(charge), expires_at=charge.kept_until)
        except ValueError as error:
            raise CannotPay from error

    @abstractmethod
    def instructions(self, charge: Charge) -> Mapping[str, Any]:
        """Return what the customer needs to pay. Raises ValueError when it cannot be paid this way."""

    async def look_up(self, key: UUID, data: Mapping[str, Any]) -> ProviderWord | None:
        return ProviderWord(PaymentOutcome.PENDING)

    async def stop(self, key: UUID, data: Mapping[str, Any]) -> None:
        """Do nothing: what arrives after all is given back."""
        return

    async def refund(self, back: RefundOrder) -> RefundWord:
        return RefundWord(RefundOutcome.BY_HAND)
