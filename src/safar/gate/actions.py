"""The verbs of the gate. Each locks its site first, then the site's account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.capacity.actions import (
    Change,
    Extension,
    accounts,
    change_many,
    extend_many,
    hold_many,
    open_account,
)
from safar.capacity.model import Held, HoldRequest, HoldState
from safar.gate.decide import Call, room_for_newcomers
from safar.gate.model import (
    ACCOUNT_KIND,
    Admission,
    Admitted,
    Arrival,
    Claim,
    Closed,
    Entry,
    Figures,
    NotYet,
    Over,
    Queued,
    Site,
    Ticket,
)
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute, row, rows
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside

QUERIES = queries_beside(__file__)


@dataclass(frozen=True, slots=True)
class _Visit:
    id: UUID
    number: int | None
    arrived_at: datetime
    admitted_at: datetime | None


async def ensure_site(connection: Connection, key: str, capacity: int) -> Site:
    """Return the site `key`, opened with room for `capacity` visitors if there was none."""
    account_id = await open_account(connection, ACCOUNT_KIND, key)
    site_id = derived_id("site", key)
    params = {"id": site_id, "key": key, "account_id": account_id, "capacity": capacity, "now": clock.now()}
    if await execute(connection, QUERIES["add_site"], params):
        await change_many(connection, [Change(account_id, capacity)])
    found = await row(Site, connection, QUERIES["sites"], {"keys": [key]})
    assert found is not None
    return found


async def figures(connection: Connection, key: str) -> Figures | None:
    """Return how the site stands, without locking it."""
    site = await row(Site, connection, QUERIES["sites"], {"keys": [key]})
    return None if site is None else await figures_of(connection, site)


async def figures_of(connection: Connection, site: Site) -> Figures:
    account = (await accounts(connection, [site.account_id]))[site.account_id]
    return Figures(site, account.held, account.on_hand)


async def lock_site(connection: Connection, key: str) -> Figures:
    """Return how the site stands, kept from changing except by visitors who leave."""
    site = await row(Site, connection, QUERIES["lock_site"], {"key": key})
    if site is None:
        raise LookupError(f"no site {key!r}; ensure_site opens it")
    return await figures_of(connection, site)


async def open_calls(connection: Connection, site: Site, open_s: float) -> list[Call]:
    """Return the calls whose claim window may be open, their age measured at `open_s`."""
    return await rows(Call, connection, QUERIES["calls"], {"site_id": site.id, "open_s": open_s})


async def enter_many(connection: Connection, arrivals: Sequence[Arrival]) -> list[Entry]:
    """Admit at once those for whom there is room while nobody waits; give the others numbers, in order.

    Each arrival is an event `visit.arrived`; each admission also `visit.admitted`.
    """
    entries: dict[UUID, Entry] = {}
    for key in sorted({arrival.site_key for arrival in arrivals}):
        here = [arrival for arrival in arrivals if arrival.site_key == key]
        entries |= await _enter(connection, await lock_site(connection, key), here)
    return [entries[arrival.visit_id] for arrival in arrivals]


async def _enter(
    connection: Connection, now_there: Figures, arrivals: Sequence[Arrival]
) -> dict[UUID, Entry]:
    site = now_there.site
    visits = await _visits(connection, [arrival.visit_id for arrival in arrivals])
    new = [arrival for arrival in arrivals if arrival.visit_id not in visits]
    entries = await _repeated(connection, site, visits, {a.visit_id: a.expires_at for a in arrivals})
    if site.ended_at is not None:
        return {arrival.visit_id: Closed() for arrival in new} | entries
    calls = await open_calls(connection, site, site.open_s)
    room = room_for_newcomers(
        waiting=site.waiting, free=now_there.free, calls=calls, show_up=site.show_up
    )  # fmt: skip
    admitted = await _hold(connection, site, new[:room])
    queued = [arrival for arrival in new if arrival.visit_id not in admitted]
    now = clock.now()
    tickets = {
        arrival.visit_id: Queued(Ticket(arrival.visit_id, number, number - site.called, now))
        for number, arrival in enumerate(queued, start=site.issued + 1)
    }
    await _write_arrivals(connection, site, new, tickets, now)
    return entries | admitted | tickets


async def _write_arrivals(
    connection: Connection, site: Site, new: Sequence[Arrival], tickets: dict[UUID, Queued], now: datetime
) -> None:
    visits = [
        {"id": a.visit_id, "number": tickets[a.visit_id].ticket.number if a.visit_id in tickets else None}
        for a in new
    ]
    if not visits:
        return
    counts = {"id": site.id, "issued": len(tickets), "admitted": len(new) - len(tickets)}
    async with connection.pipeline():
        await execute(connection, QUERIES["issue"], counts)
        params = {"site_id": site.id, "now": now, "visits": as_json(visits)}
        await execute(connection, QUERIES["add_visits"], params)
        events = [_event("visit.arrived", a, a.visit_id, now, queued=a.visit_id in tickets) for a in new]
        events += [
            _event("visit.admitted", a, a.visit_id, now, waited_s=0.0)
            for a in new
            if a.visit_id not in tickets
        ]
        await append_many(connection, events)


async def admit_many(connection: Connection, claims: Sequence[Claim]) -> list[Admission]:
    """Let in those whose numbers are called, the lowest first, as far as there is room.

    A ticket lets its holder in once; shown again, it gives back the same place while that is kept.
    """
    admissions: dict[UUID, Admission] = {}
    for key in sorted({claim.site_key for claim in claims}):
        here = {claim.ticket.visit_id: claim for claim in claims if claim.site_key == key}
        admissions |= await _admit(connection, await lock_site(connection, key), here)
    return [admissions[claim.ticket.visit_id] for claim in claims]


async def _admit(
    connection: Connection, now_there: Figures, claims: dict[UUID, Claim]
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
    if site.ended_at is None and called and now_there.free:
        first = [claims[visit_id] for _number, visit_id in called[: now_there.free]]
        held = await _hold(connection, site, first)
        await _write_admissions(connection, site, [visits[visit_id] for visit_id in held], claims)
        admissions |= held
    return admissions


async def _write_admissions(
    connection: Connection, site: Site, visits: Sequence[_Visit], claims: dict[UUID, Claim]
) -> None:
    if not visits:
        return
    now = clock.now()
    numbers = [visit.number for visit in visits]
    async with connection.pipeline():
        await execute(connection, QUERIES["issue"], {"id": site.id, "issued": 0, "admitted": len(visits)})
        await execute(connection, QUERIES["admit"], {"ids": [visit.id for visit in visits], "now": now})
        await execute(connection, QUERIES["count_claims"], {"site_id": site.id, "numbers": numbers})
        events = [
            _event(
                "visit.admitted", claims[v.id], v.id, now,
                waited_s=round(max((now - v.arrived_at).total_seconds(), 0), 3),
            )
            for v in visits
        ]  # fmt: skip
        await append_many(connection, events)


async def _hold(
    connection: Connection, site: Site, requests: Sequence[Arrival | Claim]
) -> dict[UUID, Admitted]:
    """Take a place inside for each request, in order; return those that got one."""
    if not requests:
        return {}
    holds = [
        HoldRequest(
            hold_id=request.visit_id if isinstance(request, Arrival) else request.ticket.visit_id,
            lines={site.account_id: 1},
            expires_at=request.expires_at,
            purpose="visit",
            customer_id=request.customer_id,
            campaign_id=request.campaign_id,
        )
        for request in requests
    ]
    outcomes = await hold_many(connection, holds)
    return {o.hold_id: Admitted(o.hold_id, o.expires_at) for o in outcomes if isinstance(o, Held)}


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


def _event(name: str, visitor: Arrival | Claim, visit_id: UUID, at: datetime, **properties: object) -> Event:
    return Event(
        name=name,
        at=at,
        subject_id=visit_id,
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        properties=properties,
    )
