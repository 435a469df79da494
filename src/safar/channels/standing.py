"""How each account at a provider stands: what came and went, what the provider says, what is missing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection, rows
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class ChannelStanding:
    """How one account stands; the counts are of the last 24 hours."""

    id: UUID
    kind: str
    name: str
    active: bool
    verified_at: datetime | None
    sign_in_since: datetime | None
    paused_until: datetime | None
    checked_at: datetime | None
    trouble: str | None
    trouble_since: datetime | None
    posts: int
    refused: int
    received: int
    sent: int
    failed: int
    last_in_at: datetime | None
    last_out_at: datetime | None

    @property
    def state(self) -> str:
        """What is most urgent about it: sign_in, trouble, off, paused, unverified, or well."""
        if not self.active:
            return "off"
        if self.sign_in_since is not None:
            return "sign_in"
        if self.trouble:
            return "trouble"
        if self.paused_until is not None and self.paused_until > clock.now():
            return "paused"
        return "well" if self.verified_at else "unverified"


async def channel_standings(connection: Connection) -> list[ChannelStanding]:
    """Return how the accounts stand, in the order in which they were made."""
    return await rows(ChannelStanding, connection, QUERIES["channel_standings"], {"now": clock.now()})
