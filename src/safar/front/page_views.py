"""Pages that were looked at, written into the journal a few times a second instead of one by one.

A view is no promise and nobody waits for it: what a crash takes is at most a moment of them.
"""

from collections import OrderedDict, deque
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.context import Context
from safar.kernel.log import log

IDLE_S = 0.25
_KEPT_MAX = 20_000
_AT_ONCE_MAX = 2_000
_FIRST_MAX = 5_000


class Views:
    """Events that wait to be written; past `_KEPT_MAX` the oldest are let go, and that is logged."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: deque[Event] = deque()
        self._first: OrderedDict[UUID, Event] = OrderedDict()
        self._let_go = 0

    def add(self, event: Event) -> None:
        if len(self._waiting) >= _KEPT_MAX:
            self._waiting.popleft()
            self._let_go += 1
        self._waiting.append(event)

    def hold(self, visitor_id: UUID, event: Event) -> None:
        """Keep the first view of a visitor until their cookie has come back; crawlers' are never written."""
        self._first[visitor_id] = event
        if len(self._first) > _FIRST_MAX:
            self._first.popitem(last=False)

    def returned(self, visitor_id: UUID) -> None:
        """Add the first view of a visitor whose cookie has come back."""
        event = self._first.pop(visitor_id, None) if self._first else None
        if event is not None:
            self.add(event)

    async def write(self) -> bool:
        """Write what waits; return whether there is more."""
        if self._let_go:
            log.warning("front.views_let_go", count=self._let_go)
            self._let_go = 0
        if not self._waiting:
            return False
        events = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE_MAX))]
        try:
            async with self._context.database.transaction() as connection:
                await append_many(connection, events)
        except BaseException:
            self._waiting.extendleft(reversed(events))
            raise
        return bool(self._waiting)
