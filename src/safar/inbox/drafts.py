"""What somebody has typed into a conversation and not sent yet: kept for them, whatever device they use."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.inbox.notes import QUERIES
from safar.kernel import clock
from safar.kernel.database import Connection, execute, row, value


@dataclass(frozen=True, slots=True)
class Draft:
    """An unsent reply; `send_to`: as the composer names a receiver."""

    text: str
    send_to: str
    kept_at: datetime


async def keep_draft(
    connection: Connection,
    conversation_id: UUID,
    staff_id: UUID,
    text: str,
    *,
    send_to: str,
    message_id: UUID,
) -> None:
    """Keep what is typed (nothing: forget it), unless it was sent meanwhile as `message_id`."""
    place = {"conversation_id": conversation_id, "staff_id": staff_id}
    if await value(connection, QUERIES["wait_for_reply"], place) is None:
        return
    if not text.strip():
        await execute(connection, QUERIES["drop_draft"], place)
        return
    params = {**place, "text": text, "send_to": send_to, "message_id": message_id, "now": clock.now()}
    await execute(connection, QUERIES["keep_draft"], params)


async def drop_draft(connection: Connection, conversation_id: UUID, staff_id: UUID) -> None:
    """Forget a draft: it was sent."""
    params = {"conversation_id": conversation_id, "staff_id": staff_id}
    await execute(connection, QUERIES["drop_draft"], params)


async def kept_draft_of(connection: Connection, conversation_id: UUID, staff_id: UUID) -> Draft | None:
    """Return what somebody has typed and not sent."""
    params = {"conversation_id": conversation_id, "staff_id": staff_id}
    return await row(Draft, connection, QUERIES["draft_of"], params)


async def was_said(connection: Connection, message_id: UUID, text: str) -> bool:
    """Tell whether the message of this id has these words."""
    return bool(await value(connection, QUERIES["was_said"], {"message_id": message_id, "text": text}))
