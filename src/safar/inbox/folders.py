"""The folders of the inbox: one page of conversations each, found by key and never by counting."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from safar.inbox.model import ListedConversation
from safar.inbox.receive import QUERIES
from safar.kernel.database import Connection, row, rows
from safar.kernel.i18n import N_
from safar.kernel.keyset import cut, page_key
from safar.kernel.text import fold

PAGE = 30
COUNTED_MAX = 999
_BOARD_MAX = 500
FOLDERS = {
    "open": N_("All open"),
    "mine": N_("Mine"),
    "unassigned": N_("Unassigned"),
    "waiting": N_("Waiting for staff"),
    "snoozed": N_("Put off"),
    "spam": N_("Spam"),
    "closed": N_("Closed"),
}


@dataclass(frozen=True, slots=True)
class View:
    """What a member of the staff looks at; `after` is the key of the last line of the page before."""

    folder: str
    staff_id: UUID | None = None
    search: str = ""
    after: tuple[datetime, UUID] | None = None
    label_id: UUID | None = None
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class CountedLabel:
    """A label, and how many open conversations have it."""

    id: UUID
    name: str
    tone: str
    count: int


@dataclass(frozen=True, slots=True)
class _Counts:
    open: int
    unassigned: int
    waiting: int
    snoozed: int
    spam: int
    urgent: int
    high: int


@dataclass(frozen=True, slots=True)
class FolderPage:
    """A page of a folder; `older`: the key of the next page; `counts`: how many stand in the folders.

    What is counted is counted up to COUNTED_MAX.
    """

    lines: Sequence[ListedConversation]
    older: str | None
    counts: Mapping[str, int]
    labels: Sequence[CountedLabel] = ()


async def folder_page(connection: Connection, view: View) -> FolderPage:
    """Return one page of a folder."""
    at, id_ = view.after or (None, None)
    params = {
        "key_at": at,
        "key_id": id_,
        "search": _pattern(view.search),
        "limit": PAGE + 1,
        "state": "closed" if view.folder in ("closed", "spam") else "open",
        "snoozed": view.folder == "snoozed",
        "spam": view.folder == "spam",
        "label_id": view.label_id,
        "priority": view.priority,
        "assigned_to": view.staff_id if view.folder == "mine" else None,
        "unassigned": view.folder == "unassigned",
    }
    query = QUERIES["list_waiting" if view.folder == "waiting" else "list"]
    listed_conversations = await rows(ListedConversation, connection, query, params)
    counts = await row(_Counts, connection, QUERIES["folder_counts"], {"most": COUNTED_MAX + 1})
    labels = await rows(CountedLabel, connection, QUERIES["counted_labels"], {"most": COUNTED_MAX + 1})
    lines, last = cut(listed_conversations, PAGE)
    return FolderPage(lines, _key(view, last) if last else None, asdict(counts) if counts else {}, labels)


def _pattern(search: str) -> str | None:
    folded = fold(search)
    for special in "\\%_":
        folded = folded.replace(special, f"\\{special}")
    return f"%{folded}%" if folded else None


def _key(view: View, line: ListedConversation) -> str:
    at = line.waiting_since if view.folder == "waiting" else line.last_message_at
    assert at is not None
    return page_key(at, line.id)


class FolderPages:
    """Pages that several open consoles look at are read once for each burst of events, not once for each."""

    def __init__(self) -> None:
        self._read: dict[View, tuple[int, asyncio.Future[FolderPage]]] = {}

    async def page(
        self, view: View, newest: int, read: Callable[[View], Awaitable[FolderPage]]
    ) -> FolderPage:
        """Return `view` as it was at event `newest` or later."""
        kept = self._read.get(view)
        if kept is None or kept[0] < newest or newest == 0:
            if len(self._read) >= _BOARD_MAX:
                self._read.clear()
            kept = (newest, asyncio.ensure_future(read(view)))
            self._read[view] = kept
        return await asyncio.shield(kept[1])
