"""The browser's chat beside its order."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.channels.model import WEB
from safar.kernel.database import Connection, rows
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)

_MESSAGES_MAX = 6


@dataclass(frozen=True, slots=True)
class ChatLine:
    """A message of the customer's chat."""

    author: str
    body: str
    at: datetime


async def chat_of(connection: Connection, visitor_id: UUID) -> list[ChatLine]:
    """Return the last messages of this browser's chat, the oldest first."""
    params = {"channel_id": WEB, "address": str(visitor_id), "limit": _MESSAGES_MAX}
    return (await rows(ChatLine, connection, QUERIES["messages"], params))[::-1]
