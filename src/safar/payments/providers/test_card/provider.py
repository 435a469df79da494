"""The test card: a pretended provider with a book of its own; it can be slow, fail, answer twice or late."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Database, execute, row, value
from safar.kernel.i18n import N_
from safar.kernel.queries import queries_beside
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

QUERIES = queries_beside(__file__)
SLOW_S = 2.5
LATE = timedelta(seconds=2)
_FOR_EVER_S = 3600.0


class CardBehaviour(StrEnum):
    """How the test card behaves."""

    __test__ = False  # not a test case, whatever pytest thinks of its name

    OK = "ok"
    FAIL = "fail"
    SLOW = "slow"
    TIMEOUT = "timeout"
    LATE = "late"
    TWICE = "twice"


METHODS: Mapping[str, str] = {
    CardBehaviour.OK: N_("Pays at once"),
    CardBehaviour.FAIL: N_("Is declined"),
    CardBehaviour.SLOW: N_("Pays after a few seconds"),
    CardBehaviour.TIMEOUT: N_("Pays, but the answer gets lost on the way"),
    CardBehaviour.LATE: N_("Pays only after the units are no longer kept"),
    CardBehaviour.TWICE: N_("Pays, and says so twice"),
}


@dataclass(frozen=True, slots=True)
class _Charged:
    outcome: str
    charged_at: datetime


class TestCard:
    """Its book is written in transactions of its own, as if it were far away."""

    __test__ = False  # not a test case, whatever pytest thinks of its name

    def __init__(self, database: Database, *, allowed: bool = True) -> None:
        """Where it is not `allowed`, nothing is charged, and nothing that was charged before confirms."""
        self._database = database
        self._allowed = allowed

    async def start(self, charge: Charge) -> StartedCharge:
        """Pay as the charge's method says; a method we do not know is declined."""
        if not self._allowed:
            raise CannotPay
        return StartedCharge(await self._charge(charge))

    async def _charge(self, charge: Charge) -> Sequence[ProviderWord]:
        method = CardBehaviour(charge.method) if charge.method in METHODS else CardBehaviour.FAIL
        if method is CardBehaviour.SLOW:
            await asyncio.sleep(SLOW_S)
        outcome = PaymentOutcome.DECLINED if method is CardBehaviour.FAIL else PaymentOutcome.PAID
        at = charge.kept_until + LATE if method is CardBehaviour.LATE else clock.now()
        params = {
            "key": charge.key,
            "amount_minor": charge.amount_minor,
            "currency": charge.currency,
            "outcome": outcome.value,
            "charged_at": at,
        }
        async with self._database.transaction() as connection:
            await execute(connection, QUERIES["charge_test_card"], params)
        if method is CardBehaviour.TIMEOUT:
            await asyncio.sleep(_FOR_EVER_S)
        word = await self.look_up(charge.key, {})
        assert word is not None
        return [word, word] if method is CardBehaviour.TWICE else [word]

    async def look_up(self, key: UUID, data: Mapping[str, Any]) -> ProviderWord | None:
        if not self._allowed:
            return ProviderWord(PaymentOutcome.DECLINED)
        async with self._database.connection() as connection:
            charged = await row(_Charged, connection, QUERIES["test_card_charge"], {"key": key})
        if charged is None:
            return None
        if charged.charged_at > clock.now():
            return ProviderWord(PaymentOutcome.PENDING)
        # What was refunded had been paid before; whether it is given back is in our own book.
        outcome = PaymentOutcome.DECLINED if charged.outcome == "declined" else PaymentOutcome.PAID
        return ProviderWord(outcome, reference=f"test-{key.hex[-12:]}")

    async def stop(self, key: UUID, data: Mapping[str, Any]) -> None:
        """Do nothing: what was charged late is given back, as with a card that cannot be told."""

    async def refund(self, back: RefundOrder) -> RefundWord:
        params = {"key": back.key, "charge": back.order_id, "amount_minor": back.amount_minor}
        async with self._database.transaction() as connection:
            await execute(connection, QUERIES["lock_test_card_charge"], {"key": back.order_id})
            done = await value(connection, QUERIES["refund_test_card"], params)
            await execute(connection, QUERIES["end_test_card_charge"], {"key": back.order_id})
        if done is None:
            return RefundWord(RefundOutcome.REFUSED, problem="more than was charged")
        return RefundWord(RefundOutcome.DONE, reference=f"test-refund-{back.key.hex[-12:]}")
