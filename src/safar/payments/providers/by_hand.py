"""What cash, bank transfer, PIX and UPI have in common: people move the money, and tell us of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from safar.payments.providers.port import (
    Back,
    BackOutcome,
    BackSaid,
    CannotPay,
    Charge,
    Outcome,
    Said,
    Started,
)


class ByHand(ABC):
    """A way to pay that cannot be asked: a bank's notice or a member of the staff tells what came."""

    async def start(self, charge: Charge) -> Started:
        """Nothing to ask of anybody: what the customer needs is made from the settings of the way."""
        try:
            return Started(data=self.instructions(charge), expires_at=charge.kept_until)
        except ValueError as error:
            raise CannotPay from error

    @abstractmethod
    def instructions(self, charge: Charge) -> Mapping[str, Any]:
        """Return what the customer needs to pay. Raises ValueError when it cannot be paid this way."""

    async def look_up(self, key: UUID, data: Mapping[str, Any]) -> Said | None:
        return Said(Outcome.PENDING)

    async def stop(self, key: UUID, data: Mapping[str, Any]) -> None:
        """Do nothing: what arrives after all is given back."""
        return

    async def refund(self, back: Back) -> BackSaid:
        return BackSaid(BackOutcome.BY_HAND)
