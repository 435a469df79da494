"""Whether a campaign's message may leave: asked at the last moment, when the outbox has taken it.

What was allowed when it was planned may not be any more: the customer has withdrawn their consent, their
address has turned out not to exist, it is night, or another campaign has written to them meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from safar.campaigns.reading import QUERIES
from safar.channels.letting import Ask
from safar.channels.model import Due, Withheld
from safar.kernel import clock
from safar.kernel.database import Connection, rows, send
from safar.settings import Settings


@dataclass(frozen=True, slots=True)
class _Refused:
    message_id: UUID
    reason: str


def quiet_until(now: datetime, hours: str, zone: str) -> datetime | None:
    """Return when the quiet hours end that `now` lies in; None when it lies in none.

    `hours`: "21:00-08:00" by the clock of `zone`, from the first minute up to the last; "" for none.
    """
    if not hours:
        return None
    begin, end = (time.fromisoformat(text.strip()) for text in hours.split("-"))
    local = now.astimezone(ZoneInfo(zone))
    at = local.timetz().replace(tzinfo=None)
    quiet = begin <= at < end if begin <= end else at >= begin or at < end
    if not quiet:
        return None
    day = clock.shop_day(now, zone)
    return datetime.combine(day if at < end else day + timedelta(days=1), end, ZoneInfo(zone))


def asks(settings: Settings) -> dict[str, Ask]:
    """Return who is asked before a message of a campaign leaves."""

    async def may_leave(connection: Connection, due: Sequence[Due]) -> list[Withheld]:
        return await withheld_sends(connection, due, settings)

    return {"campaign": may_leave}


async def withheld_sends(connection: Connection, due: Sequence[Due], settings: Settings) -> list[Withheld]:
    """Return which messages may not leave now: some not at all, in quiet hours the rest later.

    Within the transaction that has taken them, and with the customers locked: two workers never both find
    room for one message more under the limit of `campaign_mails_max`.
    """
    now = clock.now()
    ids = [message.id for message in due]
    send(connection, QUERIES["lock_addressees"], {"ids": ids})
    params = {
        "ids": ids,
        "most": settings.campaign_mails_max,
        "since": now - timedelta(days=settings.campaign_mails_days),
    }
    refused = {
        refused.message_id: refused
        for refused in await rows(_Refused, connection, QUERIES["refused"], params)
    }
    withheld = [Withheld(one.message_id, one.reason) for one in refused.values()]
    until = quiet_until(now, settings.quiet_hours, settings.timezone)
    if until is not None:
        withheld += [Withheld(id_, "quiet_hours", until) for id_ in ids if id_ not in refused]
    return withheld
