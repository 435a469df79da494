"""An opening: those who come before it wait together, and get their numbers by the draw when it begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from safar.gate.site.events import record, visit_event
from safar.gate.site.sites import QUERIES, lock_site
from safar.gate.tickets.draw import commitment, draw_key
from safar.gate.tickets.errors import OpeningHasBegun
from safar.gate.tickets.model import NOBODY, Arrival, Entry, NotYet, Queued, Site, Ticket
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, rows
from safar.kernel.ids import new_id
from safar.kernel.secrets import Vault

_DRAWN_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: UUID
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class _Joined:
    visit_id: UUID


async def set_opening(
    connection: Connection, vault: Vault, key: str, opens_at: datetime, *, work: bool, staff_id: UUID
) -> None:
    """Open the site at `opens_at`; until then newcomers take part in the draw.

    Before it has begun, an opening can be moved: those who are in the draw stay in it, with the same lots.
    Raises OpeningHasBegun while one is being drawn.
    """
    site = (await lock_site(connection, key)).site
    now = clock.now()
    if site.opening_id is not None and site.drawn_at is None:
        await execute(
            connection, QUERIES["move_opening"], {"id": site.id, "opens_at": opens_at, "work": work}
        )
    elif site.drawn < site.joined:
        raise OpeningHasBegun
    elif opens_at <= now:
        return
    else:
        opening_id = new_id()
        params = {
            "id": site.id,
            "opens_at": opens_at,
            "opening_id": opening_id,
            "work": work,
            "draw_hash": commitment(draw_key(vault, opening_id)),
        }
        await execute(connection, QUERIES["set_opening"], params)
    properties = {"before": site.opens_at, "opens_at": opens_at}
    await record(connection, "site.opening_set", site, staff_id, properties)


async def join(
    connection: Connection, site: Site, arrivals: Sequence[Arrival], now: datetime
) -> dict[UUID, Entry]:
    """Take visitors into the draw of the locked site's opening; NotYet for whom there is no lot in it."""
    lots = [
        {"visit_id": arrival.visit_id, "draw": arrival.lot.draw}
        for arrival in arrivals
        if arrival.lot is not None and arrival.lot.opening_id == site.opening_id and arrival.queue
    ]
    if lots:
        params = {
            "site_id": site.id,
            "opening_id": site.opening_id,
            "now": now,
            "lots": as_json(lots),
        }
        joined = {j.visit_id for j in await rows(_Joined, connection, QUERIES["join_draw"], params)}
        await execute(connection, QUERIES["count_joined"], {"id": site.id, "joined": len(joined)})
        events = [
            visit_event("visit.arrived", site, arrival, arrival.visit_id, now, queued=True, early=True)
            for arrival in arrivals
            if arrival.visit_id in joined
        ]
        await append_many(connection, events)
    taking_part = {lot["visit_id"] for lot in lots}
    return {
        arrival.visit_id: early(arrival.visit_id, now) if arrival.visit_id in taking_part else NotYet()
        for arrival in arrivals
    }


async def in_draw(connection: Connection, visit_ids: Sequence[UUID]) -> dict[UUID, Entry]:
    """Return the answer for those of the visits that are in a draw and have no number yet."""
    waiting_visits = await rows(_Waiting, connection, QUERIES["lots"], {"ids": list(visit_ids)})
    return {waiting.id: early(waiting.id, waiting.joined_at) for waiting in waiting_visits}


def early(visit_id: UUID, at: datetime) -> Queued:
    return Queued(Ticket(visit_id, 0, 0, at, NOBODY))


async def begun(connection: Connection, site: Site) -> Site:
    """Return the locked site, its opening begun if its time has come: the draw's numbers are taken."""
    now = clock.now()
    if site.opening_id is None or site.drawn_at is not None or site.before_opening(now):
        return site
    await execute(connection, QUERIES["begin_draw"], {"id": site.id, "now": now})
    await record(connection, "site.opening_begun", site, None, {"joined": site.joined})
    return replace(site, draw_base=site.issued, issued=site.issued + site.joined, drawn_at=now)


async def draw(connection: Connection, site: Site) -> Site:
    """Give the next of the draw their numbers, as many as one step should; return the site after it."""
    if site.drawn_at is None or site.drawn >= site.joined:
        return site
    params = {
        "site_id": site.id,
        "opening_id": site.opening_id,
        "limit": _DRAWN_AT_ONCE,
        "after": site.draw_base + site.drawn,
        "now": clock.now(),
    }
    drawn = await execute(connection, QUERIES["draw"], params)
    await execute(connection, QUERIES["count_drawn"], {"id": site.id, "drawn": drawn})
    return replace(site, drawn=site.drawn + drawn)
