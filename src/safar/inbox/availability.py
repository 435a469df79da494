"""Whether a member of the staff is there: as long as a page of theirs is live it says so now and then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from safar.inbox.routing import note_seen
from safar.kernel.database import Database
from safar.kernel.log import error_kind, log

_EVERY_S = 30.0


@asynccontextmanager
async def live_presence(database: Database, staff_id: UUID) -> AsyncIterator[None]:
    """Note again and again that a page of theirs is live, until the block ends."""

    async def tell() -> None:
        while True:
            try:
                async with database.transaction() as connection:
                    await note_seen(connection, staff_id)
            except Exception as error:  # the page goes on; the next time may do
                log.warning("presence.not_noted", error=error_kind(error))
            await asyncio.sleep(_EVERY_S)

    telling = asyncio.ensure_future(tell())
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
