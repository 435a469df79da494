"""Running a site: the step that calls numbers in, its capacity, the end of its queue."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from safar.capacity.actions import OnHandChange, change_many
from safar.capacity.errors import BelowPromised
from safar.gate.line.actions import open_calls
from safar.gate.line.decide import (
    bounded,
    full_allowance,
    grown_allowance,
    learned_rate,
    learned_show_up,
    next_called,
    places,
    split_calls,
)
from safar.gate.line.visits import QUERIES
from safar.gate.site.events import record
from safar.gate.site.load import adapted
from safar.gate.site.opening import begun, draw
from safar.gate.site.sites import figures_of, lock_site, site_figures
from safar.gate.tickets.model import Mode, Site, SiteFigures
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows, transaction

_ELAPSED_S_MAX = 2.0  # an outage of the worker must not let every claim window run out at once
_TICKET_KEPT = timedelta(days=2)
_FORGET_MAX = 5000
_MINUTES_SHOWN = 30


async def call_next(connection: Connection, key: str) -> bool:
    """Call in as many as the site can carry; learn from those called before. True: go on at once.

    It begins an opening whose time has come, and hands out the numbers of its draw.
    """
    if await _is_quiet(connection, key):
        return False
    now_there = await lock_site(connection, key)
    site = await adapted(connection, now_there.site, now_there.inside + now_there.invited_inside)
    site = await draw(connection, await begun(connection, site))
    now_there = await _follow_capacity(connection, replace(now_there, site=site))
    now = clock.now()
    elapsed_s = min(max((now - site.stepped_at).total_seconds(), 0.0), _ELAPSED_S_MAX)
    open_s = site.open_s + (elapsed_s if now_there.free and site.mode != Mode.HELD else 0.0)
    calls, finished = split_calls(await open_calls(connection, site, open_s))
    rate, observed_s = site.admitted_per_s, site.observed_s
    if (site.waiting or calls) and site.mode != Mode.HELD:
        came = site.admitted - site.admitted_at_step
        rate, observed_s = learned_rate(rate, observed_s, came, elapsed_s)
    show_up = learned_show_up(site.show_up, finished)
    called, allowance = site.called, _allowance(site, elapsed_s)
    if site.ended_at is None and site.mode != Mode.HELD and not site.before_opening(now):
        called = next_called(
            issued=site.callable,
            called=called,
            free=now_there.free,
            calls=calls,
            show_up=show_up,
            **({} if allowance is None else {"allowance": allowance}),
        )
    params = {
        "id": site.id,
        "called": called,
        "show_up": show_up,
        "admitted_per_s": rate,
        "observed_s": observed_s,
        "open_s": open_s,
        "now": now,
        "allowance": 0.0 if allowance is None else allowance - (called - site.called) * bounded(show_up),
    }
    await execute(connection, QUERIES["step"], params)
    firsts = [call.first for call in finished]
    await execute(connection, QUERIES["end_calls"], {"site_id": site.id, "firsts": firsts})
    if called > site.called:
        call = {"site_id": site.id, "first": site.called + 1, "last": called, "open_s": open_s}
        await execute(connection, QUERIES["add_call"], call)
    return called > site.called or (site.drawn < site.joined and site.drawn_at is not None)


def _allowance(site: Site, elapsed_s: float) -> float | None:
    if site.pace_per_minute is None:
        return None
    return grown_allowance(site.allowance, site.pace_per_minute, elapsed_s)


async def _is_quiet(connection: Connection, key: str) -> bool:
    """Tell, without a lock or a write, that a step would change nothing."""
    now_there = await site_figures(connection, key)
    if now_there is None:
        return True
    site = now_there.site
    if site.waiting or site.admitted != site.admitted_at_step or _wanted(now_there) != _given(now_there):
        return False
    opening = site.opening_id is not None and site.drawn_at is None and not site.before_opening(clock.now())
    drawing = site.drawn_at is not None and site.drawn < site.joined
    pace = site.pace_per_minute
    growing = pace is not None and site.allowance < full_allowance(pace)
    busy = site.adaptive and 2 * now_there.inside >= site.capacity
    if opening or drawing or growing or busy:
        return False
    return not await open_calls(connection, site, site.open_s)


async def set_capacity(connection: Connection, key: str, capacity: int, *, staff_id: UUID) -> SiteFigures:
    """Let at most `capacity` visitors in. Nobody is put out: fewer places follow as people leave."""
    before = (await lock_site(connection, key)).site
    await execute(connection, QUERIES["set_capacity"], {"id": before.id, "capacity": capacity})
    after = await _follow_capacity(connection, await lock_site(connection, key))
    properties = {"before": before.capacity, "capacity": capacity}
    await record(connection, "site.capacity_changed", before, staff_id, properties)
    return after


async def end_queue(
    connection: Connection, key: str, staff_id: UUID | None = None, *, reason: str = "staff"
) -> None:
    """Stop letting people in and tell those who wait; who is inside stays."""
    site = (await lock_site(connection, key)).site
    if site.ended_at is None:
        params = {"id": site.id, "ended_at": clock.now(), "reason": reason}
        await execute(connection, QUERIES["set_ended"], params)
        details = {"waiting": site.waiting, "reason": reason}
        await record(connection, "site.ended", site, staff_id, details)


async def reopen_queue(connection: Connection, key: str, staff_id: UUID | None = None) -> None:
    """Undo `end_queue`: tickets keep their numbers."""
    site = (await lock_site(connection, key)).site
    if site.ended_at is not None:
        await execute(connection, QUERIES["set_ended"], {"id": site.id, "ended_at": None, "reason": None})
        await record(connection, "site.reopened", site, staff_id, {"waiting": site.waiting})


@dataclass(frozen=True, slots=True)
class Minute:
    """How many came in during the minute that begins at `minute`."""

    minute: datetime
    admitted: int


async def admitted_by_minute(connection: Connection, site: Site) -> list[Minute]:
    """Return the last thirty minutes, those without an admission included, the oldest first."""
    since = clock.now() - timedelta(minutes=_MINUTES_SHOWN)
    params = {"site_id": site.id, "since": since}
    minutes = {m.minute: m for m in await rows(Minute, connection, QUERIES["admitted_by_minute"], params)}
    starts = [since + timedelta(minutes=index) for index in range(_MINUTES_SHOWN)]
    return [minutes.get(start, Minute(start, 0)) for start in starts]


async def forget_visits(connection: Connection) -> bool:
    """Delete visits whose tickets no longer open; return whether there may be more."""
    params = {"before": clock.now() - _TICKET_KEPT, "limit": _FORGET_MAX}
    return await execute(connection, QUERIES["forget_visits"], params) == _FORGET_MAX


def _wanted(now_there: SiteFigures) -> tuple[int, int]:
    site = now_there.site
    return places(
        capacity=site.capacity,
        invited_places=site.invited_places,
        inside=now_there.inside,
        invited_inside=now_there.invited_inside,
    )


def _given(now_there: SiteFigures) -> tuple[int, int]:
    return now_there.on_hand, now_there.invited_on_hand


async def _follow_capacity(connection: Connection, now_there: SiteFigures) -> SiteFigures:
    """Bring the accounts to the wanted capacity, downwards only as far as places are free."""
    site = now_there.site
    ids = (site.account_id, site.invited_account_id)
    changes = [
        OnHandChange(account_id, wanted - given)
        for account_id, wanted, given in zip(ids, _wanted(now_there), _given(now_there), strict=True)
        if account_id is not None and wanted != given
    ]
    if not changes:
        return now_there
    try:
        async with transaction(connection):
            await change_many(connection, changes)
    except BelowPromised:  # no arrivals come between, but a late hold of another kind could
        return now_there
    return (await figures_of(connection, [site]))[0]
