"""How fast one visitor may write: a limit of each front process, in memory, of bounded size."""

from uuid import UUID

from safar.kernel import clock
from safar.kernel.errors import TooManyAttempts

MESSAGES_PER_MINUTE_MAX = 30
_VISITORS_MAX = 20_000


class Pace:
    """Counts the messages of each visitor in the running minute."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[UUID, int] = {}

    def check(self, visitor_id: UUID) -> None:
        """Count one message. Raises TooManyAttempts past the limit."""
        minute = int(clock.now().timestamp()) // 60
        if minute != self._minute or len(self._counts) >= _VISITORS_MAX:
            self._minute, self._counts = minute, {}
        count = self._counts[visitor_id] = self._counts.get(visitor_id, 0) + 1
        if count > MESSAGES_PER_MINUTE_MAX:
            raise TooManyAttempts(minutes=1)
