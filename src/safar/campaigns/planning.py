"""Planning an audience and winding it up, some hundred sends at a time.

Each piece is a transaction of its own, with a mark in the campaign's row: after a break the worker goes on
where it stopped, and nobody waits for longer than one piece takes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol
from uuid import UUID

from psycopg.types.json import Jsonb

from safar.campaigns.model import SEND_ENDED, Audience, Campaign
from safar.campaigns.reading import QUERIES
from safar.channels.actions import skip_many
from safar.channels.model import EMAIL
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows, values

AUDIENCE_MAX = 200_000
CHUNK = 500  # sends
_NOBODY = str(UUID(int=0))


class EndedSend(Protocol):
    """A send as its event tells of it."""

    @property
    def id(self) -> UUID: ...
    @property
    def customer_id(self) -> UUID: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Send:
    """A send as it was planned or skipped."""

    id: UUID
    customer_id: UUID
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class PlanningMark:
    """How far planning has come: so many are planned or skipped, up to a customer's id.

    All `reachable` customers are planned before the others, in case the audience is limited.
    """

    reachable: bool = True
    after: str = _NOBODY
    audience: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """What one piece planned, and where the next begins: None when the audience is complete."""

    sends: Sequence[Send]
    mark: PlanningMark | None

    @property
    def planned(self) -> int:
        return sum(send.state == "planned" for send in self.sends)

    @property
    def skipped(self) -> list[Send]:
        return [send for send in self.sends if send.state == "skipped"]


async def plan_some(connection: Connection, campaign: Campaign) -> Planned:
    """Plan the next sends of a locked campaign, one a customer; its mark is the caller's to write."""
    audience = Audience(**campaign.audience)
    most = min(audience.limit or AUDIENCE_MAX, AUDIENCE_MAX)
    mark = PlanningMark(**campaign.planning) if campaign.planning else PlanningMark()
    sends: list[Send] = []
    while (wanted := min(CHUNK - len(sends), most - mark.audience)) > 0:
        query = QUERIES["plan_reachable" if mark.reachable else "plan_others"]
        params = {
            "campaign_id": campaign.id,
            "language": audience.language,
            "country": audience.country,
            "after": mark.after,
            "limit": wanted,
            "email": EMAIL,
            "now": clock.now(),
        }
        found = await rows(Send, connection, query, params)
        sends += found
        count = mark.audience + len(found)
        if len(found) == wanted:
            mark = PlanningMark(mark.reachable, str(max(send.customer_id for send in found)), count)
        elif mark.reachable:
            mark = PlanningMark(reachable=False, audience=count)
        else:
            return Planned(sends, None)
    return Planned(sends, mark if mark.audience < most else None)


def as_mark(planned: Planned) -> Any:
    """Return the mark as it stands in the campaign's row."""
    return Jsonb(asdict(planned.mark)) if planned.mark else None


async def wind_up_some(connection: Connection, campaign_id: UUID, reason: str) -> None:
    """Skip some of an ended campaign's sends that have not left, with their events.

    What is left is the worker's to go on with: until then the campaign's `winding_up` says why.
    """
    params = {"campaign_id": campaign_id, "reason": reason, "now": clock.now(), "limit": CHUNK}
    skipped = await rows(Send, connection, QUERIES["skip_planned"], params)
    waiting = {"campaign_id": campaign_id, "limit": CHUNK - len(skipped)}
    on_their_way = await values(connection, QUERIES["on_their_way"], waiting)
    more = len(skipped) + len(on_their_way) == CHUNK
    left = {"id": campaign_id, "reason": reason if more else None}
    await execute(connection, QUERIES["set_winding_up"], left)
    if on_their_way:
        await skip_many(connection, on_their_way, reason)
    await tell_sends(connection, campaign_id, skipped)


async def tell_sends(connection: Connection, campaign_id: UUID, sends: Sequence[EndedSend]) -> None:
    """Write an event for each send that ended; its name tells how."""
    told = [
        Event(
            name=SEND_ENDED[send.state],
            customer_id=send.customer_id,
            campaign_id=campaign_id,
            subject_id=send.id,
            properties={"reason": send.reason} if send.reason else {},
        )
        for send in sends
    ]
    await append_many(connection, told)
