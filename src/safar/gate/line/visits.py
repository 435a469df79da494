"""Visits that go on, come back or end early."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safar.capacity.actions import Extension, extend_many, release_many
from safar.capacity.model import HoldState
from safar.gate.site.sites import QUERIES as SITE
from safar.gate.tickets.model import Admitted, Over, Renewal
from safar.kernel import clock
from safar.kernel.database import Connection, Database, as_json, execute, rows, tuples, values
from safar.kernel.ids import derived_id
from safar.kernel.queries import queries_beside
from safar.kernel.setbacks import work_off

QUERIES = queries_beside(__file__)

LEAVING = timedelta(seconds=45)  # from the closing of a tab to the end of its visit
_SAME_MOMENT = timedelta(seconds=30)  # two tabs of one browser may renew one after the other
_ROUNDING = timedelta(seconds=1)
_LET_GO_MAX = 500
VISITS_OF_INVITATION_MAX = 20
_NETWORKS_MORE_MAX = 3


@dataclass(frozen=True, slots=True)
class _Kept:
    id: UUID
    kept_until: datetime | None
    renewed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Number:
    id: UUID
    number: int | None
    arrived_at: datetime
    admitted_at: datetime | None


async def renew_many(connection: Connection, renewals: Sequence[Renewal]) -> list[Admitted | Over]:
    """Keep visits longer, and take back that their tab was closed.

    Only the newest pass of a visit is renewed: of two copies, the one that was not renewed first runs out.
    """
    ids = [renewal.visit_id for renewal in renewals]
    stored = {k.id: k for k in await rows(_Kept, connection, QUERIES["kept"], {"ids": ids})}
    now = clock.now()
    newest = [renewal for renewal in renewals if _is_newest(stored.get(renewal.visit_id), renewal, now)]
    extensions = [Extension(renewal.visit_id, renewal.until) for renewal in newest]
    extended = await extend_many(connection, extensions) if extensions else []
    staying = {e.hold_id: e.expires_at for e in extended if e.state is HoldState.LIVE and e.expires_at}
    if staying:
        records = [{"id": id_, "kept_until": until} for id_, until in staying.items()]
        await execute(connection, QUERIES["keep"], {"kept": as_json(records), "now": now})
        await execute(connection, QUERIES["come_back"], {"ids": list(staying)})
    allowed = {(renewal.visit_id, renewal.expires_at) for renewal in newest}
    return [
        Admitted(renewal.visit_id, staying[renewal.visit_id])
        if renewal.visit_id in staying and (renewal.visit_id, renewal.expires_at) in allowed
        else Over()
        for renewal in renewals
    ]


def _is_newest(stored: _Kept | None, renewal: Renewal, now: datetime) -> bool:
    if stored is None or stored.kept_until is None or stored.renewed_at is None:
        return True
    if now - stored.renewed_at <= _SAME_MOMENT:
        return True
    return renewal.expires_at >= stored.kept_until - _ROUNDING


async def number_many(connection: Connection, visit_ids: Sequence[UUID]) -> list[int | None]:
    """Return the numbers that the draw gave, 0 for those who still wait for one, None for no such visit."""
    visits = await rows(_Number, connection, QUERIES["visits"], {"ids": list(visit_ids)})
    numbers = {visit.id: visit.number or 0 for visit in visits}
    missing = [visit_id for visit_id in visit_ids if visit_id not in numbers]
    if missing:
        lots = await tuples(connection, SITE["lots"], {"ids": missing})
        numbers |= {visit_id: 0 for visit_id, _joined_at in lots}
    return [numbers.get(visit_id) for visit_id in visit_ids]


def visit_of_invitation(invitation_id: UUID, visit: int) -> UUID:
    """Return the id of an invitation's visit, counted from 0."""
    return derived_id("invited", invitation_id, visit)


async def visits_of_invitations_many(connection: Connection, invitation_ids: Sequence[UUID]) -> list[int]:
    """Return how many visits each invitation has led to already, the running one included."""
    visits = {
        id_: [visit_of_invitation(id_, visit) for visit in range(VISITS_OF_INVITATION_MAX)]
        for id_ in invitation_ids
    }
    ids = [visit_id for of_one in visits.values() for visit_id in of_one]
    there = {visit.id for visit in await rows(_Number, connection, QUERIES["visits"], {"ids": ids})}
    return [sum(visit_id in there for visit_id in visits[id_]) for id_ in invitation_ids]


async def leave_many(connection: Connection, visit_ids: Sequence[UUID]) -> list[None]:
    """End these visits now: their places are free, and their passes open nothing any more (see Board)."""
    ids = sorted(set(visit_ids))
    await release_many(connection, ids)
    await execute(connection, QUERIES["end_visits"], {"ids": ids, "now": clock.now()})
    return [None] * len(visit_ids)


@dataclass(frozen=True, slots=True)
class MovedVisit:
    """A visit on a site of others whose browser is in another network now; None where nobody can tell."""

    visit_id: UUID
    network: str | None


@dataclass(frozen=True, slots=True)
class _Networks:
    id: UUID
    network: str | None
    networks: list[str]


async def take_along_many(connection: Connection, moved: Sequence[MovedVisit]) -> list[bool]:
    """Let visits go on in other networks, a few each: a phone changes between some, not between many."""
    ids = sorted({visit.visit_id for visit in moved})
    visits = {v.id: v for v in await rows(_Networks, connection, QUERIES["networks"], {"ids": ids})}
    may = []
    for move in moved:
        visit = visits.get(move.visit_id)
        if visit is None or move.network is None or move.network in (visit.network, *visit.networks):
            may.append(visit is not None)
            continue
        may.append(len(visit.networks) < _NETWORKS_MORE_MAX)
        if may[-1]:
            visit.networks.append(move.network)
    changed = as_json([{"id": visit.id, "networks": visit.networks} for visit in visits.values()])
    await execute(connection, QUERIES["set_networks"], {"visits": changed})
    return may


async def left_lately(connection: Connection, seconds: float) -> list[UUID]:
    """Return the visits that ended before their time within the last `seconds`."""
    return await values(connection, QUERIES["left_lately"], {"seconds": seconds})


async def leave_soon_many(connection: Connection, visit_ids: Sequence[UUID]) -> list[None]:
    """End these visits in LEAVING unless a page of theirs is asked for by then, with whatever pass."""
    ids = sorted(set(visit_ids))
    await execute(connection, QUERIES["forget_newest"], {"ids": ids})
    await execute(connection, QUERIES["leave_soon"], {"ids": ids, "now": clock.now()})
    return [None] * len(visit_ids)


async def free_left_places(database: Database) -> bool:
    """Free the places of those who closed their tab and did not come back; tell whether there are more."""
    params = {"before": clock.now() - LEAVING, "limit": _LET_GO_MAX, "now": clock.now()}
    async with database.connection() as connection:
        leavers = await values(connection, QUERIES["leavers"], params)
    done = await work_off(database, "gate.leavers", leavers, _let_go_many)
    return done == _LET_GO_MAX


async def _let_go_many(connection: Connection, visit_ids: Sequence[UUID]) -> None:
    params = {"ids": list(visit_ids), "before": clock.now() - LEAVING}
    gone = await values(connection, QUERIES["take_leavers"], params)
    if gone:
        await leave_many(connection, gone)
