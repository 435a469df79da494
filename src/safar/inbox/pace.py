"""How fast one visitor, and one network, may write: counted in each front process, in bounded memory."""

from collections import Counter
from typing import TypeVar
from uuid import UUID

from safar.kernel import clock
from safar.kernel.errors import TooManyAttempts

MESSAGES_PER_MINUTE_MAX = 30
_COUNTED_MAX = 20_000
_Key = TypeVar("_Key")


class MessageCounter:
    """Counts the messages of each visitor and of each network in the running minute."""

    def __init__(self, network_per_minute: int) -> None:
        self._network_per_minute = network_per_minute
        self._minute = 0
        self._visitors: Counter[UUID] = Counter()
        self._networks: Counter[str] = Counter()

    def check(self, visitor_id: UUID, network: str | None) -> None:
        """Count one message; `network` None: nobody can tell. Raises TooManyAttempts past a limit."""
        minute = int(clock.now().timestamp()) // 60
        if minute != self._minute:
            self._minute = minute
            self._visitors.clear()
            self._networks.clear()
        if network is not None and _counted(self._networks, network) > self._network_per_minute:
            raise TooManyAttempts(minutes=1)
        if _counted(self._visitors, visitor_id) > MESSAGES_PER_MINUTE_MAX:
            raise TooManyAttempts(minutes=1)


def _counted(counts: Counter[_Key], key: _Key) -> int:
    """Count one more and return how many it is; past what is remembered, nobody new is counted."""
    if key in counts or len(counts) < _COUNTED_MAX:
        counts[key] += 1
    return counts[key]
