"""Visits that go on, come back or end early."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from safar.capacity.actions import Extension, extend_many, release_many
from safar.capacity.model import HoldState
from safar.gate.model import Admitted, Over, Renewal
from safar.gate.sites import QUERIES
from safar.kernel import clock
from safar.kernel.database import Connection, Database, as_json, execute, rows
from safar.kernel.setbacks import work_off

LEAVING = timedelta(seconds=45)  # from the closing of a tab to the end of its visit
_SAME_MOMENT = timedelta(seconds=30)  # two tabs of one browser may renew one after the other
_ROUNDING = timedelta(seconds=1)
_LET_GO_MAX = 500


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
    kept = {k.id: k for k in await rows(_Kept, connection, QUERIES["kept"], {"ids": ids})}
    now = clock.now()
    newest = [renewal for renewal in renewals if _is_newest(kept.get(renewal.visit_id), renewal, now)]
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


def _is_newest(kept: _Kept | None, renewal: Renewal, now: datetime) -> bool:
    if kept is None or kept.kept_until is None or kept.renewed_at is None:
        return True
    if now - kept.renewed_at <= _SAME_MOMENT:
        return True
    return renewal.expires_at >= kept.kept_until - _ROUNDING


async def number_many(connection: Connection, visit_ids: Sequence[UUID]) -> list[int | None]:
    """Return the numbers that the draw gave, 0 for those who still wait for one, None for no such visit."""
    found = await rows(_Number, connection, QUERIES["visits"], {"ids": list(visit_ids)})
    numbers = {visit.id: visit.number or 0 for visit in found}
    missing = [visit_id for visit_id in visit_ids if visit_id not in numbers]
    if missing:
        lots = await (await connection.execute(QUERIES["lots"], {"ids": missing})).fetchall()
        numbers |= {visit_id: 0 for visit_id, _joined_at in lots}
    return [numbers.get(visit_id) for visit_id in visit_ids]


async def leave_soon_many(connection: Connection, visit_ids: Sequence[UUID]) -> list[None]:
    """End these visits in LEAVING unless a page of theirs is asked for by then, with whatever pass."""
    ids = sorted(set(visit_ids))
    await execute(connection, QUERIES["forget_newest"], {"ids": ids})
    await execute(connection, QUERIES["leave_soon"], {"ids": ids, "now": clock.now()})
    return [None] * len(visit_ids)


async def let_go(database: Database) -> bool:
    """Free the places of those who closed their tab and did not come back; tell whether there are more."""
    params = {"before": clock.now() - LEAVING, "limit": _LET_GO_MAX, "now": clock.now()}
    async with database.connection() as connection:
        leavers = await (await connection.execute(QUERIES["leavers"], params)).fetchall()
    done = await work_off(database, "gate.leavers", [visit_id for (visit_id,) in leavers], _let_go_many)
    return done == _LET_GO_MAX


async def _let_go_many(connection: Connection, visit_ids: Sequence[UUID]) -> None:
    params = {"ids": list(visit_ids), "before": clock.now() - LEAVING}
    gone = await (await connection.execute(QUERIES["take_leavers"], params)).fetchall()
    if gone:
        await release_many(connection, [visit_id for (visit_id,) in gone])
