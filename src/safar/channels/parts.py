"""What is in messages besides their text: kept with them, fetched at once, and handed out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import filetype

from safar.channels.kinds.port import MessagePart
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__, "messengers.sql")
FILE_BYTES_MAX = 25 * 1024 * 1024
TRIES_MAX = 6
_NAME_MAX = 120
_FIRST_PAUSE_S = 5.0
_SNIFFED_BYTES = 8192
# What a browser may show by itself; everything else is only ever saved.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True, slots=True)
class KeptPart:
    """A part as a thread shows it."""

    id: UUID
    message_id: UUID
    kind: str
    mime: str
    name: str
    bytes: int | None
    data: dict[str, Any]
    state: str
    reason: str | None

    @property
    def is_picture(self) -> bool:
        return self.state == "stored" and self.mime in SHOWN


@dataclass(frozen=True, slots=True)
class DuePart:
    """A part whose bytes are to be fetched; `tries` counts this attempt."""

    id: UUID
    channel_id: UUID
    kind: str
    source: str
    mime: str
    name: str
    bytes: int | None
    sha256: str
    data: dict[str, Any]
    tries: int


@dataclass(frozen=True, slots=True)
class _PartMessage:
    id: UUID
    customer_id: UUID | None
    conversation_id: UUID | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The bytes of a part, as they are handed out."""

    name: str
    mime: str
    content: bytes


def sniffed(content: bytes) -> str:
    """Return what the bytes show themselves to be, whatever was said of them."""
    kind = filetype.guess(content[:_SNIFFED_BYTES])
    return str(kind.mime) if kind else "application/octet-stream"


async def keep_parts(
    connection: Connection, parts: Mapping[tuple[UUID, UUID], Sequence[MessagePart]]
) -> None:
    """Write the parts of messages (channel, message) that were written just now, with what they brought."""
    now = clock.now()
    records: list[dict[str, Any]] = []
    files: list[tuple[UUID, bytes]] = []
    for (channel_id, message_id), of_message in parts.items():
        for position, part in enumerate(of_message):
            id_, content = new_id(), part.content
            too_large = max(part.size or 0, len(content or b"")) > FILE_BYTES_MAX
            state = "none" if not part.source and content is None else "waiting"
            if too_large:
                state = "too_large"
            elif content is not None:
                state = "stored"
                files.append((id_, content))
            records.append(
                {
                    "id": id_,
                    "message_id": message_id,
                    "channel_id": channel_id,
                    "position": position,
                    "kind": part.kind,
                    "source": part.source,
                    "mime": sniffed(content) if content else part.mime,
                    "name": part.name[:_NAME_MAX],
                    "bytes": len(content) if content is not None else part.size,
                    "sha256": part.sha256,
                    "data": dict(part.data),
                    "state": state,
                }
            )
    if records:
        await execute(connection, QUERIES["keep_parts"], {"parts": as_json(records), "now": now})
    for id_, content in files:
        await execute(connection, QUERIES["keep_file"], {"id": id_, "content": content})


async def take_due_parts(connection: Connection, *, limit: int, lease_s: float) -> list[DuePart]:
    """Take parts whose bytes are to be fetched; nobody else gets them for `lease_s` seconds."""
    now = clock.now()
    params = {"now": now, "limit": limit, "until": now + timedelta(seconds=lease_s)}
    return await rows(DuePart, connection, QUERIES["take_due_parts"], params)


async def store_part(connection: Connection, part: DuePart, content: bytes, *, name: str = "") -> None:
    """Keep the bytes of a part; its type is what they show themselves to be. Event message.file_arrived."""
    params = {
        "id": part.id,
        "mime": sniffed(content),
        "bytes": len(content),
        "name": (part.name or name)[:_NAME_MAX],
    }
    await execute(connection, QUERIES["keep_file"], {"id": part.id, "content": content})
    messages = await rows(_PartMessage, connection, QUERIES["stored_part"], params)
    await append_many(connection, [_arrived(message) for message in messages])


def _arrived(message: _PartMessage) -> Event:
    return Event(
        name="message.file_arrived",
        customer_id=message.customer_id,
        subject_id=message.conversation_id or message.id,
        properties={"message_id": message.id},
    )


async def fail_part(connection: Connection, part: DuePart, reason: str, *, again: bool) -> None:
    """Write down that the bytes could not be had: try again after a growing pause, or never."""
    again = again and part.tries < TRIES_MAX
    params = {
        "id": part.id,
        "state": "waiting" if again else "failed",
        "reason": reason[:300],
        "next_try_at": clock.now() + timedelta(seconds=_FIRST_PAUSE_S * 3.0 ** (part.tries - 1)),
    }
    await execute(connection, QUERIES["failed_part"], params)


async def parts_of(connection: Connection, message_ids: Sequence[UUID]) -> dict[UUID, list[KeptPart]]:
    """Return the parts of messages, in their order."""
    found: dict[UUID, list[KeptPart]] = {}
    for part in await rows(KeptPart, connection, QUERIES["parts_of"], {"ids": list(message_ids)}):
        found.setdefault(part.message_id, []).append(part)
    return found


async def stored_file(connection: Connection, part_id: UUID) -> StoredFile | None:
    """Return the bytes of a part, None when there are none."""
    file = await row(StoredFile, connection, QUERIES["stored_file"], {"id": part_id})
    return file and StoredFile(file.name, file.mime, bytes(file.content))
