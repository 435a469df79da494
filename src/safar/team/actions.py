"""The verbs of the team room: found, invite, renew, change a role, disable; from sessions: sign in, out."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, execute, row, rows, value, values
from safar.kernel.errors import NotFound
from safar.kernel.ids import new_id
from safar.kernel.web.actor import Actor
from safar.team.attempts import QUERIES
from safar.team.errors import AlreadyStaff, LastOwner
from safar.team.model import Invited, Session, SignedIn, Staff
from safar.team.passwords import ONE_TIME_LIFE, hash_of, one_time_password
from safar.team.sessions import change_password, session_of, sign_in, sign_out

__all__ = [
    "Invited",
    "Session",
    "SignedIn",
    "Staff",
    "all_staff",
    "change_password",
    "change_role",
    "disable",
    "first_owner",
    "invite",
    "renew_password",
    "session_of",
    "sign_in",
    "sign_out",
    "staff_names",
]


@dataclass(frozen=True, slots=True)
class _Named:
    id: UUID
    name: str


async def first_owner(connection: Connection, email: str) -> str | None:
    """Make the first owner and return their one-time password; None when there is staff already."""
    await execute(connection, QUERIES["lock_founding"])
    if await value(connection, QUERIES["anybody"]):
        return None
    password = one_time_password()
    staff_id = await _insert(connection, email, email.partition("@")[0].capitalize(), "owner", password)
    assert staff_id is not None
    await append_many(connection, [_event("staff.invited", staff_id, staff_id, role="owner")])
    return password


async def invite(context: Context, *, actor: Actor, email: str, name: str, role: str) -> Invited:
    """Let somebody in, with a one-time password that is shown once. Raises AlreadyStaff."""
    password = one_time_password()
    async with context.database.transaction() as connection:
        staff_id = await _insert(connection, email, name, role, password)
        if staff_id is None:
            raise AlreadyStaff
        await append_many(connection, [_event("staff.invited", actor.id, staff_id, role=role)])
    return Invited(staff_id, email, password)


async def _insert(connection: Connection, email: str, name: str, role: str, password: str) -> UUID | None:
    staff_id = new_id()
    params = {
        "id": staff_id,
        "email": email.strip().lower(),
        "name": name,
        "role": role,
        "password_hash": await hash_of(password),
        "now": clock.now(),
    }
    return staff_id if await execute(connection, QUERIES["insert_staff"], params) else None


async def renew_password(context: Context, *, actor: Actor, staff_id: UUID) -> Invited:
    """Give somebody a new one-time password: who forgot theirs, or was disabled; their sessions end."""
    password = one_time_password()
    fresh = await hash_of(password)
    async with context.database.transaction() as connection:
        staff = await row(Staff, connection, QUERIES["locked"], {"id": staff_id})
        if staff is None:
            raise NotFound
        until = clock.now() + ONE_TIME_LIFE
        params = {"id": staff_id, "password_hash": fresh, "must_change": True, "until": until}
        await execute(connection, QUERIES["set_password"], params)
        await execute(connection, QUERIES["end_sessions_of"], {"staff_id": staff_id})
        name = "staff.enabled" if staff.disabled_at else "staff.password_renewed"
        await append_many(connection, [_event(name, actor.id, staff_id)])
    return Invited(staff_id, staff.email, password)


async def disable(connection: Connection, *, actor: Actor, staff_id: UUID) -> None:
    """End somebody's access and all their sessions; again is the same as once. Raises LastOwner."""
    owners = set(await values(connection, QUERIES["lock_owners"]))
    if owners == {staff_id}:
        raise LastOwner
    if await row(Staff, connection, QUERIES["locked"], {"id": staff_id}) is None:
        raise NotFound
    changed = await execute(connection, QUERIES["disable"], {"id": staff_id, "now": clock.now()})
    await execute(connection, QUERIES["end_sessions_of"], {"staff_id": staff_id})
    if changed:
        await append_many(connection, [_event("staff.disabled", actor.id, staff_id)])


async def change_role(connection: Connection, *, actor: Actor, staff_id: UUID, role: str) -> Staff:
    """Give somebody another role, from their next page on; return who they were. Raises LastOwner."""
    owners = set(await values(connection, QUERIES["lock_owners"]))
    staff = await row(Staff, connection, QUERIES["locked"], {"id": staff_id})
    if staff is None:
        raise NotFound
    if owners == {staff_id} and role != "owner":
        raise LastOwner
    if staff.role != role:
        await execute(connection, QUERIES["set_role"], {"id": staff_id, "role": role})
        event = _event("staff.role_changed", actor.id, staff_id, before=staff.role, role=role)
        await append_many(connection, [event])
    return staff


def _event(name: str, actor_id: UUID, staff_id: UUID, **properties: str) -> Event:
    return Event(name=name, staff_id=actor_id, subject_id=staff_id, properties=properties)


async def all_staff(connection: Connection) -> list[Staff]:
    """Return everybody, those who have access first; without their passwords' hashes."""
    return await rows(Staff, connection, QUERIES["all_staff"])


async def staff_names(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return what these people are called."""
    named_staff = await rows(_Named, connection, QUERIES["names"], {"ids": list(set(ids))})
    return {named.id: named.name for named in named_staff}
