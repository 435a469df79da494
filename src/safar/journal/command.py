"""`safar journal`: a month as a file, on the machine itself."""

from pathlib import Path

from psycopg_pool import PoolTimeout

from safar.journal.archive import Damaged
from safar.journal.partitions import archive_month
from safar.kernel.database import Database
from safar.settings import Settings


async def exported_month(settings: Settings, url: str, month: str, folder: Path) -> Path:
    """Write a month ("2031-05") to `folder`; return the file. Raises RuntimeError."""
    database = Database(url, settings)
    try:
        await database.open()
    except PoolTimeout:
        raise RuntimeError("The database does not answer. Start `safar serve` first.") from None
    try:
        return await archive_month(database, month, folder)
    except (Damaged, OSError) as error:
        raise RuntimeError(str(error)) from None
    finally:
        await database.close()
