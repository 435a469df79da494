"""Payment providers behind one port, and the test card, which keeps a book of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Database, execute, row
from safar.kernel.i18n import N_
from safar.shop.orders import QUERIES

# Longer than the slow method takes; what answers later than this is left to the recovery loop.
PATIENCE_S = 8.0
SLOW_S = 2.5
_LATE = timedelta(seconds=2)
_FOR_EVER_S = 3600.0

CASH = "cod"
TEST_CARD = "test"


class Outcome(StrEnum):
    """PENDING: the provider has taken the payment on but does not know yet."""

    PAID = "paid"
    DECLINED = "declined"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Charge:
    """Ask for money; `key` is the idempotency key. The units are kept until `kept_until`."""

    key: UUID
    amount_minor: int
    currency: str
    method: str
    kept_until: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """What the provider said about a charge."""

    outcome: Outcome
    reference: str | None = None


class Provider(Protocol):
    """A way to be paid before the goods go out. Every call may be repeated with the same key."""

    async def charge(self, charge: Charge) -> Sequence[Said]:
        """Take the money; each thing said counts, in order, and a provider may say it twice."""

    async def look_up(self, key: UUID) -> Said | None:
        """Return what became of a charge; None when the provider never heard of it."""

    async def refund(self, key: UUID) -> None:
        """Give the money of a charge back; nothing happens when it was given back before."""


class Method(StrEnum):
    """How the test card behaves."""

    OK = "ok"
    FAIL = "fail"
    SLOW = "slow"
    TIMEOUT = "timeout"
    LATE = "late"
    TWICE = "twice"


METHODS: Mapping[str, str] = {
    Method.OK: N_("Pays at once"),
    Method.FAIL: N_("Is declined"),
    Method.SLOW: N_("Pays after a few seconds"),
    Method.TIMEOUT: N_("Pays, but the answer gets lost on the way"),
    Method.LATE: N_("Pays only after the units are no longer kept"),
    Method.TWICE: N_("Pays, and says so twice"),
}


@dataclass(frozen=True, slots=True)
class _Charged:
    outcome: str
    charged_at: datetime


class TestCard:
    """A pretended provider: its book is written in transactions of its own, as if it were far away."""

    __test__ = False  # not a test case, whatever pytest thinks of its name

    def __init__(self, database: Database) -> None:
        self._database = database

    async def charge(self, charge: Charge) -> Sequence[Said]:
        method = Method(charge.method)
        if method is Method.SLOW:
            await asyncio.sleep(SLOW_S)
        outcome = Outcome.DECLINED if method is Method.FAIL else Outcome.PAID
        at = charge.kept_until + _LATE if method is Method.LATE else clock.now()
        params = {
            "key": charge.key,
            "amount_minor": charge.amount_minor,
            "currency": charge.currency,
            "outcome": outcome.value,
            "charged_at": at,
        }
        async with self._database.transaction() as connection:
            await execute(connection, QUERIES["charge_test_card"], params)
        if method is Method.TIMEOUT:
            await asyncio.sleep(_FOR_EVER_S)
        said = await self.look_up(charge.key)
        assert said is not None
        return [said, said] if method is Method.TWICE else [said]

    async def look_up(self, key: UUID) -> Said | None:
        async with self._database.connection() as connection:
            charged = await row(_Charged, connection, QUERIES["test_card_charge"], {"key": key})
        if charged is None:
            return None
        if charged.charged_at > clock.now():
            return Said(Outcome.PENDING)
        # What was refunded had been paid before; whether it is given back is in our own book.
        outcome = Outcome.DECLINED if charged.outcome == "declined" else Outcome.PAID
        return Said(outcome, reference=f"test-{key.hex[-12:]}")

    async def refund(self, key: UUID) -> None:
        async with self._database.transaction() as connection:
            await execute(connection, QUERIES["refund_test_card"], {"key": key})


def provider_of(context: Context, name: str) -> Provider:
    """Return the provider of this name. Raises KeyError for one that is paid on delivery, or unknown."""
    if name == TEST_CARD:
        return TestCard(context.database)
    raise KeyError(name)
