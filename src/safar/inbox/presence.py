"""Who looks at a conversation at this moment, and who types in it. Of one process; nothing of it is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safar.kernel import clock
from safar.kernel.web.actor import Actor

GONE_AFTER = timedelta(seconds=20)
_CONVERSATIONS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Somebody who has a conversation open."""

    staff_id: UUID
    name: str
    typing: bool
    seen_at: datetime


class Onlookers:
    """Who has which conversation open: said again every few seconds, forgotten when it is not."""

    def __init__(self) -> None:
        self._of: dict[UUID, dict[UUID, Onlooker]] = {}

    def look(self, conversation_id: UUID, actor: Actor, *, typing: bool) -> list[Onlooker]:
        """Note that somebody looks, and return who else does, by name."""
        now = clock.now()
        if conversation_id not in self._of and len(self._of) >= _CONVERSATIONS_MAX:
            self._forget(now)
        here = {
            id_: onlooker
            for id_, onlooker in self._of.get(conversation_id, {}).items()
            if now - onlooker.seen_at < GONE_AFTER
        }
        here[actor.id] = Onlooker(actor.id, actor.name, typing, now)
        self._of[conversation_id] = here
        return sorted((o for o in here.values() if o.staff_id != actor.id), key=lambda o: o.name)

    def leave(self, conversation_id: UUID, staff_id: UUID) -> None:
        """Note that somebody has closed it."""
        self._of.get(conversation_id, {}).pop(staff_id, None)

    def _forget(self, now: datetime) -> None:
        """Forget the conversations that nobody looks at; all of them when that is not enough."""
        self._of = {
            id_: here
            for id_, here in self._of.items()
            if any(now - onlooker.seen_at < GONE_AFTER for onlooker in here.values())
        }
        if len(self._of) >= _CONVERSATIONS_MAX:
            self._of.clear()
