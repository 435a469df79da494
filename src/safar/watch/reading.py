"""Reading how everything runs; in memory for those who are asked often."""

import asyncio
from collections.abc import Sequence

from safar.kernel import clock
from safar.kernel.database import Connection, Database, row, rows
from safar.watch.beats import QUERIES
from safar.watch.decide import stands_still, wrong
from safar.watch.model import Finding, Lapsed, ReaderBehind, Readings, ShopStanding

REFRESH_S = 1.0
_FRESH_S_MAX = 10.0


async def shop_standing(connection: Connection) -> ShopStanding:
    """Return how everything runs at this moment."""
    params = {"now": clock.now()}
    readings = await row(Readings, connection, QUERIES["readings"], params)
    assert readings is not None
    return ShopStanding(
        readings,
        await rows(ReaderBehind, connection, QUERIES["readers"], params),
        await rows(Lapsed, connection, QUERIES["lapsed"]),
    )


class Watch:
    """How everything runs, read once a second: whoever asks is answered from memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._findings: Sequence[Finding] = ()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()  # one at a time: what was read before never covers what was read later

    async def refresh(self) -> bool:
        """Read once. Raises when the database does not answer: not ready until it does."""
        async with self._reading:
            read_at = asyncio.get_running_loop().time()
            try:
                async with self._database.connection() as connection:
                    found = await shop_standing(connection)
            except Exception:
                self._read_at = None
                raise
            self._findings, self._read_at = wrong(found), read_at
        return False

    @property
    def ready(self) -> bool:
        """Whether visitors can be answered: the database did a moment ago.

        Nothing else counts: a silent worker is shown beside it, and sending visitors away would not wake it.
        What a monitor should be woken by is `runs`.
        """
        now = asyncio.get_running_loop().time()
        return self._read_at is not None and now - self._read_at <= _FRESH_S_MAX

    @property
    def runs(self) -> bool:
        """Whether everything runs: the database answers, and nothing behind the pages stands still."""
        return self.ready and not any(stands_still(finding.kind) for finding in self._findings)

    def lines(self) -> list[str]:
        """Return what is wrong behind the pages, a line each, for a monitor: "worker silent: 25 s"."""
        return [_line(finding) for finding in self._findings]


def _line(finding: Finding) -> str:
    words = finding.kind.replace("_", " ") + (f" ({finding.about})" if finding.about else "")
    if finding.seconds is not None:
        return f"{words}: {finding.seconds:.0f} s"
    return f"{words}: {finding.count}" if finding.count else words
