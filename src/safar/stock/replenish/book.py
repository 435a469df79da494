"""The book of demand: what each variant sold on each day, counted from the moves once and kept."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection, Database, execute, row, rows, value
from safar.kernel.queries import queries_beside
from safar.stock.replenish.model import WEEKS_MAX, Day

QUERIES = queries_beside(__file__)
HISTORY = timedelta(weeks=WEEKS_MAX)
_SLICE = timedelta(days=31)
# Days that are over are counted twice more: a transaction that began before midnight may end after it.
_AGAIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class State:
    """Up to where the moves are counted and looked at for what runs low; when staff were told last."""

    counted_until: date | None
    reviewed_until: datetime | None
    reviewed_all_at: datetime | None
    told_at: datetime | None


async def state(connection: Connection) -> State:
    current = await row(State, connection, QUERIES["state"])
    assert current is not None  # the migration writes it
    return current


async def locked_state(connection: Connection) -> State:
    """Return the state, locked until the transaction ends: one counts and one reviews at a time."""
    current = await row(State, connection, QUERIES["lock_state"])
    assert current is not None
    return current


async def count_demand(database: Database) -> None:
    """Bring the book up to today, a month of moves in each transaction. Again is the same as once."""
    while await _count_slice(database):
        pass


async def _count_slice(database: Database) -> bool:
    """Count some days; return whether there are more."""
    async with database.transaction() as connection:
        zone = connection.zone
        today = clock.today(zone)
        known = (await locked_state(connection)).counted_until
        first = known and known - _AGAIN
        first = first or await value(connection, QUERIES["first_move_day"], {"zone": zone})
        if first is None:
            return False
        start = max(first, today - HISTORY - timedelta(days=7))
        end = min(start + _SLICE, today + timedelta(days=1))
        params = {"start": clock.day_start(start, zone), "end": clock.day_start(end, zone), "zone": zone}
        await execute(connection, QUERIES["count_demand"], params)
        await execute(connection, QUERIES["set_counted"], {"day": min(end, today)})
    return end <= today


async def demand_days(connection: Connection, variant_id: UUID, *, since: date) -> list[Day]:
    """Return the days on which a variant moved, in order."""
    return await rows(Day, connection, QUERIES["demand_of"], {"variant_id": variant_id, "since": since})
