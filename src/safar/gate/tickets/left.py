"""Revoked passes: visits that ended before their pass expired, as far as this process knows.

They are published with the board: every process reads four times a second who has left, in one statement, and
the process that heard it knows at once. So for at most a quarter of a second, and in another process only,
somebody may still be served who has given their place back; `admitted` itself is never more than the
capacity.
"""

import time
from collections.abc import Iterable
from uuid import UUID

_OVERLAP_S = 5.0  # read again each time: commits become visible a little after their time
_FORGOTTEN_AT_ONCE_EVERY_S = 60.0


class Left:
    """A bounded memory: a visit is kept for as long as a pass of it can last."""

    def __init__(self, pass_s: float) -> None:
        self._pass_s = pass_s
        self._until: dict[UUID, float] = {}
        self._read_at = -float("inf")
        self._forgot_at = time.monotonic()

    def __contains__(self, visit_id: UUID) -> bool:
        return visit_id in self._until

    def __len__(self) -> int:
        return len(self._until)

    def note(self, visit_ids: Iterable[UUID]) -> None:
        """Remember visits that have just ended."""
        until = time.monotonic() + self._pass_s
        for visit_id in visit_ids:
            self._until.setdefault(visit_id, until)

    def seconds_to_read(self) -> float:
        """Return how far back to read: since the last reading, at the start as far as any pass lasts."""
        return min(time.monotonic() - self._read_at + _OVERLAP_S, self._pass_s)

    def read(self, visit_ids: Iterable[UUID], began: float) -> None:
        """Take over a reading that began at `began` (monotonic)."""
        self.note(visit_ids)
        self._read_at = began
        now = time.monotonic()
        if now - self._forgot_at > _FORGOTTEN_AT_ONCE_EVERY_S:
            self._forgot_at = now
            self._until = {visit_id: until for visit_id, until in self._until.items() if until > now}
