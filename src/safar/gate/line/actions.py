"""The verbs of visitors: arriving and coming in when called. Each locks its site first, then its accounts."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from safar.capacity.actions import Extension, extend_many, hold_many
from safar.capacity.model import Held, HoldRequest, HoldState
from safar.gate.line.decide import Call, room_for_newcomers
from safar.gate.line.scarce import bits_needed
from safar.gate.line.visits import QUERIES
from safar.gate.site.events import visit_event
from safar.gate.site.opening import begun, in_draw, join
from safar.gate.site.sites import lock_if_there
from safar.gate.tickets.model import (
    Admission,
    Admitted,
    Arrival,
    Closed,
    Entry,
    EntryClaim,
    Mode,
    NotYet,
    Over,
    Queued,
    Site,
    SiteFigures,
    Ticket,
    WorkFirst,
)
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, rows, send, tuples

_ALL = 100
_COUNTED_MAX = 10_000  # of one network's places: more make no difference


@dataclass(frozen=True, slots=True)
class _Visit:
    id: UUID
    number: int | None
    arrived_at: datetime
    admitted_at: datetime | None


async def open_calls(connection: Connection, site: Site, open_s: float) -> list[Call]:
    """Return the calls whose claim window may be open, their age measured at `open_s`."""
    return await rows(Call, connection, QUERIES["calls"], {"site_id": site.id, "open_s": open_s})


async def enter_many(connection: Connection, arrivals: Sequence[Arrival]) -> list[Entry]:
    """Admit at once those for whom there is room while nobody waits; give the others numbers, in order.

    Before the opening they take part in its draw instead. When places get few, or one network has many of
    them, only those who have done a proof of work get anything; the others are told so. Each arrival is an
    event `visit.arrived`; each admission also `visit.admitted`.
    """
    entries: dict[UUID, Entry] = {}
    for key in sorted({arrival.site_key for arrival in arrivals}):
        here = {arrival.visit_id: arrival for arrival in reversed(arrivals) if arrival.site_key == key}
        first = list(reversed(here.values()))  # two tabs of one browser ask for one visit
        there = await lock_if_there(connection, key)
        entries |= await _enter(connection, there, first) if there else dict.fromkeys(here, Closed())
    return [entries[arrival.visit_id] for arrival in arrivals]


async def _enter(
    connection: Connection, now_there: SiteFigures, arrivals: Sequence[Arrival]
) -> dict[UUID, Entry]:
    site = await begun(connection, now_there.site)
    visits = await _visits(connection, [arrival.visit_id for arrival in arrivals])
    entries = await _repeated(connection, site, visits, {a.visit_id: a.expires_at for a in arrivals})
    if site.drawn < site.joined:
        entries |= await in_draw(connection, [a.visit_id for a in arrivals if a.visit_id not in visits])
    new = [arrival for arrival in arrivals if arrival.visit_id not in entries]
    if site.ended_at is not None or site.mode == Mode.DRAINING:
        return {arrival.visit_id: Closed() for arrival in new} | entries
    now = clock.now()
    if site.before_opening(now):
        return await join(connection, site, new, now) | entries
    return await _newcomers(connection, replace(now_there, site=site), new, now) | entries


async def _newcomers(
    connection: Connection, now_there: SiteFigures, new: Sequence[Arrival], now: datetime
) -> dict[UUID, Entry]:
    site = now_there.site
    room = 0
    invited = [a for a in new if a.invited and site.invited_account_id and site.mode == Mode.OPEN]
    bits = await _work_first(connection, now_there, [arrival for arrival in new if not arrival.invited])
    others = [arrival for arrival in new if not arrival.invited and arrival.visit_id not in bits]
    if site.mode == Mode.OPEN:
        calls = await open_calls(connection, site, site.open_s)
        allowance = site.allowance if site.pace_per_minute else math.inf
        room = room_for_newcomers(
            waiting=site.waiting, free=now_there.free, calls=calls, show_up=site.show_up, allowance=allowance
        )
    admitted = await _hold(connection, site, [*others[:room], *invited])
    queued = [arrival for arrival in others if arrival.visit_id not in admitted and arrival.queue]
    tickets = {
        arrival.visit_id: Queued(Ticket(arrival.visit_id, number, number - site.called, now))
        for number, arrival in enumerate(queued, start=site.issued + 1)
    }
    written = [arrival for arrival in new if arrival.visit_id in admitted or arrival.visit_id in tickets]
    await _write_arrivals(connection, site, written, tickets, now)
    nothing: dict[UUID, Entry] = {
        a.visit_id: WorkFirst(bits[a.visit_id]) if a.visit_id in bits else NotYet() for a in new
    }
    return nothing | admitted | tickets


async def _work_first(
    connection: Connection, now_there: SiteFigures, arrivals: Sequence[Arrival]
) -> dict[UUID, int]:
    """Return those who have to do a proof of work first, with its bits; each who has not takes a place."""
    site = now_there.site
    networks = {a.network for a in arrivals if a.network is not None and a.limits.network_percent < _ALL}
    here: Counter[str] = Counter()
    if networks:
        params = {"site_id": site.id, "networks": sorted(networks), "now": clock.now(), "most": _COUNTED_MAX}
        counts = await tuples(connection, QUERIES["places_of_networks"], params)
        here.update(dict(counts))
    taken, first = now_there.inside, {}
    for arrival in arrivals:
        in_network = None if arrival.network is None else here[arrival.network]
        bits = bits_needed(places=site.open_places, taken=taken, in_network=in_network, limits=arrival.limits)
        if arrival.work_bits < bits:
            first[arrival.visit_id] = bits
            continue
        taken += 1
        if arrival.network is not None:
            here[arrival.network] += 1
    return first


async def _write_arrivals(
    connection: Connection, site: Site, new: Sequence[Arrival], tickets: Mapping[UUID, Queued], now: datetime
) -> None:
    visits = [
        {
            "id": a.visit_id,
            "network": a.network,
            "number": tickets[a.visit_id].ticket.number if a.visit_id in tickets else None,
            "ends_at": None if a.visit_id in tickets else a.expires_at,
        }
        for a in new
    ]
    if not visits:
        return
    newcomers = sum(a.visit_id not in tickets and not a.invited for a in new)
    counts = {
        "id": site.id,
        "issued": len(tickets),
        "admitted": len(new) - len(tickets),
        "newcomers": newcomers if site.pace_per_minute else 0,
    }
    send(connection, QUERIES["issue"], counts)
    params = {"site_id": site.id, "now": now, "visits": as_json(visits)}
    send(connection, QUERIES["add_visits"], params)
    events = [
        visit_event("visit.arrived", site, a, a.visit_id, now, queued=a.visit_id in tickets) for a in new
    ]
    events += [
        visit_event(
            "visit.admitted",
            site,
            a,
            a.visit_id,
            now,
            waited_s=0.0,
            **({"invited": True} if a.invited else {}),
        )
        for a in new
        if a.visit_id not in tickets
    ]
    await append_many(connection, events)


async def admit_many(connection: Connection, claims: Sequence[EntryClaim]) -> list[Admission]:
    """Let in those whose numbers are called, the lowest first, as far as there is room.

    A ticket lets its holder in once; shown again, it gives back the same place while that is kept.
    """
    admissions: dict[UUID, Admission] = {}
    for key in sorted({claim.site_key for claim in claims}):
        here = {claim.ticket.visit_id: claim for claim in claims if claim.site_key == key}
        there = await lock_if_there(connection, key)
        admissions |= await _admit(connection, there, here) if there else dict.fromkeys(here, Closed())
    return [admissions[claim.ticket.visit_id] for claim in claims]


async def _admit(
    connection: Connection, now_there: SiteFigures, claims: dict[UUID, EntryClaim]
) -> dict[UUID, Admission]:
    site = now_there.site
    visits = await _visits(connection, list(claims))
    inside = {visit_id: visit for visit_id, visit in visits.items() if visit.admitted_at is not None}
    again = await _repeated(connection, site, inside, {v: claims[v].expires_at for v in inside})
    admissions: dict[UUID, Admission] = {
        visit_id: Closed() if site.ended_at else NotYet() if visit_id in visits else Over()
        for visit_id in claims
    }
    for visit_id, entry in again.items():
        admissions[visit_id] = entry if isinstance(entry, Admitted) else Over()
    called = sorted(
        (visit.number, visit_id)
        for visit_id, visit in visits.items()
        if visit.admitted_at is None and visit.number is not None and visit.number <= site.called
    )
    if site.ended_at is None and site.mode != Mode.HELD and called and now_there.free:
        first = [claims[visit_id] for _number, visit_id in called[: now_there.free]]
        held = await _hold(connection, site, first)
        await _write_admissions(connection, site, [visits[visit_id] for visit_id in held], claims)
        admissions |= held
    return admissions


async def _write_admissions(
    connection: Connection, site: Site, visits: Sequence[_Visit], claims: dict[UUID, EntryClaim]
) -> None:
    if not visits:
        return
    now = clock.now()
    numbers = [visit.number for visit in visits]
    counts = {"id": site.id, "issued": 0, "admitted": len(visits), "newcomers": 0}
    send(connection, QUERIES["issue"], counts)
    ends = as_json([{"id": visit.id, "ends_at": claims[visit.id].expires_at} for visit in visits])
    send(connection, QUERIES["admit"], {"visits": ends, "now": now})
    send(connection, QUERIES["count_claims"], {"site_id": site.id, "numbers": numbers})
    events = [
        visit_event(
            "visit.admitted",
            site,
            claims[v.id],
            v.id,
            now,
            waited_s=round(max((now - v.arrived_at).total_seconds(), 0), 3),
        )
        for v in visits
    ]
    await append_many(connection, events)


async def _hold(
    connection: Connection, site: Site, requests: Sequence[Arrival | EntryClaim]
) -> dict[UUID, Admitted]:
    """Take a place inside for each request, in order; return those that got one."""
    if not requests:
        return {}
    holds = [
        HoldRequest(
            hold_id=request.visit_id if isinstance(request, Arrival) else request.ticket.visit_id,
            lines={_account(site, request): 1},
            expires_at=request.expires_at,
            purpose="visit",
            customer_id=request.customer_id,
            campaign_id=request.campaign_id,
        )
        for request in requests
    ]
    outcomes = await hold_many(connection, holds)
    return {o.hold_id: Admitted(o.hold_id, o.expires_at) for o in outcomes if isinstance(o, Held)}


def _account(site: Site, request: Arrival | EntryClaim) -> int:
    invited = isinstance(request, Arrival) and request.invited and site.invited_account_id
    return invited or site.account_id


async def _visits(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, _Visit]:
    return {
        visit.id: visit for visit in await rows(_Visit, connection, QUERIES["visits"], {"ids": list(ids)})
    }


async def _repeated(
    connection: Connection, site: Site, visits: dict[UUID, _Visit], expiries: dict[UUID, datetime]
) -> dict[UUID, Entry]:
    """Return the answer of visits on record: a batch runs again when its commit was in doubt."""
    entries: dict[UUID, Entry] = {
        visit.id: Queued(Ticket(visit.id, visit.number, max(0, visit.number - site.called), visit.arrived_at))
        for visit in visits.values()
        if visit.admitted_at is None and visit.number is not None
    }
    inside = [Extension(v.id, expiries[v.id]) for v in visits.values() if v.admitted_at is not None]
    for ended in await extend_many(connection, inside) if inside else ():
        if ended.state is HoldState.LIVE and ended.expires_at is not None:
            entries[ended.hold_id] = Admitted(ended.hold_id, ended.expires_at)
        else:
            entries[ended.hold_id] = Over()
    return entries
