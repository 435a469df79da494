"""What goes through the channels, counted by each process and written down once a second."""

import asyncio
from collections import Counter
from uuid import UUID

from safar.channels.accounts import note_traffic
from safar.kernel.context import Context
from safar.kernel.log import log

_WRITTEN_AFTER_S = 1.0


class Traffic:
    """Counts posts, refused, received, sent and failed by channel; what a killed process counted is lost."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._counts: dict[UUID, Counter[str]] = {}
        self._writing: asyncio.Task[None] | None = None

    def add(self, channel_id: UUID, what: str, count: int = 1) -> None:
        """Count something; it is written down within about a second."""
        self._counts.setdefault(channel_id, Counter())[what] += count
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def _write_soon(self) -> None:
        await asyncio.sleep(_WRITTEN_AFTER_S)
        counts, self._counts = self._counts, {}
        try:
            async with self._context.database.transaction() as connection:
                await note_traffic(connection, counts)
        except Exception as error:  # figures for people to look at: never worth more than a line in the log
            log.warning("channels.traffic_not_written", error=type(error).__name__)
