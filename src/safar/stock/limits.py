"""What policies say, written into the accounts that promise: how much is kept back, how much goes beyond.

Units are kept back at every location that sells. The whole backorder lies at the one that would be asked
first: it is promised once, not once a location. There it is larger by what is kept back, so that units that
are kept back delay a promise and do not take one away.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.actions import AccountLimits
from safar.kernel.database import Connection, rows
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)


async def write_limits(connection: Connection, variant_ids: Iterable[UUID] | None = None) -> None:
    """Bring the accounts of these variants (None: of all that have a policy) up to their policies."""
    ids = None if variant_ids is None else list(dict.fromkeys(variant_ids))
    await _write(connection, {"variant_ids": ids, "account_ids": None})


async def limit_new_levels(connection: Connection, account_ids: Sequence[int]) -> None:
    """Give levels that were opened just now what the policies of their variants say."""
    await _write(connection, {"variant_ids": None, "account_ids": list(account_ids)})


async def _write(connection: Connection, params: dict[str, object]) -> None:
    limits = await rows(AccountLimits, connection, QUERIES["limits_of_policies"], params)
    if limits:
        await ledger.set_limits_many(connection, limits)
