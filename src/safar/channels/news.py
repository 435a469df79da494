"""What providers tell of the accounts themselves: templates, quality, bans; for managers to read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.channels.kinds.port import AccountNews, ChannelAccount
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__, "messengers.sql")
_DETAIL_MAX = 500
_LISTED_MAX = 50


@dataclass(frozen=True, slots=True)
class ChannelNews:
    """One thing that a provider told of an account."""

    channel_id: UUID
    what: str
    detail: str
    bad: bool
    at: datetime


async def keep_news(connection: Connection, account: ChannelAccount, news: AccountNews) -> None:
    """Keep what a provider told of an account."""
    params = {
        "id": new_id(),
        "channel_id": account.id,
        "what": news.what[:80],
        "detail": news.detail[:_DETAIL_MAX],
        "bad": news.bad,
        "now": clock.now(),
    }
    await execute(connection, QUERIES["keep_news"], params)


async def newest_news(connection: Connection) -> list[ChannelNews]:
    """Return what providers told of accounts, newest first."""
    return await rows(ChannelNews, connection, QUERIES["newest_news"], {"limit": _LISTED_MAX})
