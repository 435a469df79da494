"""The interface of payment providers: what each implements, returns, and calls back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from safar.kernel.context import Context
from safar.payments.books.model import NewReceipt, OrderMoney, ReceiptKeyReused, Received


@dataclass(frozen=True, slots=True)
class Configured:
    """A way to pay as managers have set it up; empty currencies or countries mean all that it supports.

    `refused`: the installation does not let it confirm orders, whatever managers say. `position`: its
    place among the ways at the checkout.
    """

    provider: str
    enabled: bool
    currencies: tuple[str, ...]
    countries: tuple[str, ...]
    details: Mapping[str, str]
    secrets: Mapping[str, str]
    refused: bool = False
    position: int = 0


class PaymentOutcome(StrEnum):
    """PENDING: the provider does not know yet. UNFINISHED: the customer did not pay, and cannot any more."""

    PAID = "paid"
    DECLINED = "declined"
    PENDING = "pending"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Charge:
    """A request for money; `key`, the order's id, is the idempotency key. Units are held until `kept_until`.

    `link`: the order's own page; `back`: where a customer comes back to from a provider's page.
    """

    key: UUID
    amount_minor: int
    currency: str
    method: str
    kept_until: datetime
    number: int = 0
    email: str = ""
    language: str = "en"
    link: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True)
class ProviderWord:
    """What the provider said about a charge; `amount_minor`: what it took, when that is not all of it."""

    outcome: PaymentOutcome
    reference: str | None = None
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class StartedCharge:
    """A charge that the provider accepted: what it said at once (`words`, in order), and what to pay with.

    `data` is kept with the payment and given back to `look_up`, `stop` and `refund`; `redirect`: the
    provider's page; `expires_at`: until when it takes the money.
    """

    words: Sequence[ProviderWord] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    redirect: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """A request to refund; `key` is the refund's id, `reference` the provider's id of an earlier attempt.

    `attempt` counts how often it was refused for good: a new attempt is a new request.
    """

    key: UUID
    order_id: UUID
    amount_minor: int
    currency: str
    payment_reference: str | None
    data: Mapping[str, Any]
    reference: str | None = None
    attempt: int = 0


class RefundOutcome(StrEnum):
    """WAITING: under way at the provider. BY_HAND: a member of the staff has to do it."""

    DONE = "done"
    WAITING = "waiting"
    REFUSED = "refused"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class RefundWord:
    """What became of a refund; `problem`: why it was refused, in the provider's words."""

    outcome: RefundOutcome
    reference: str | None = None
    problem: str | None = None


class CannotPay(Exception):
    """The provider cannot take this amount; it was not contacted, and a retry would not help."""


class Provider(Protocol):
    """A way to be paid. Every call may be repeated with the same key; any may raise, and is tried again."""

    async def start(self, charge: Charge) -> StartedCharge:
        """Ask for the money; each thing said counts, in order, and a provider may say it twice.

        Raises CannotPay; any other error leaves open whether the provider has taken it on.
        """

    async def look_up(self, key: UUID, data: Mapping[str, Any]) -> ProviderWord | None:
        """Return what became of a charge; None when the provider never heard of it."""

    async def stop(self, key: UUID, data: Mapping[str, Any]) -> None:
        """Cancel the charge, where the provider supports it."""

    async def refund(self, back: RefundOrder) -> RefundWord:
        """Give money back, once for each key."""


class NoticeTaker(Protocol):
    """What a provider hands its notices (webhooks) to, to have them written down."""

    context: Context

    async def way(self, name: str) -> Configured | None:
        """Return how this way to pay is set up now; None when it is not."""

    async def settle(self, account: OrderMoney, word: ProviderWord) -> object:
        """Write down what the provider said of a charge."""

    async def receive(self, receipt: NewReceipt) -> Received | ReceiptKeyReused:
        """Write down money that arrived."""
