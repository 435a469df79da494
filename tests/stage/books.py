"""What the books say after a test."""

from safar.capacity import actions as ledger
from safar.kernel.database import Database
from safar.stock import actions as stock


async def events(database: Database, *names: str) -> list[str]:
    """Return the names of the events of these kinds, in the order in which they were written."""
    async with database.connection() as connection:
        found = await connection.execute(
            "SELECT name FROM journal_events WHERE name = ANY(%s) ORDER BY id", [list(names)]
        )
        return [name for (name,) in await found.fetchall()]


async def books_agree(database: Database) -> None:
    """Fail unless holds and levels are the sums of what happened."""
    async with database.connection() as connection:
        assert await ledger.recount_accounts(connection) == []
        assert await stock.recount_levels(connection) == []
