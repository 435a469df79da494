"""Signing in and out, and changing one's password: sessions live in the database, by their token's hash."""

import secrets
from datetime import timedelta
from uuid import UUID

from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, execute, row
from safar.kernel.errors import BadRequest
from safar.kernel.ids import new_id
from safar.kernel.secrets import token_hash
from safar.kernel.web.actor import Actor
from safar.kernel.web.proxies import customer_network
from safar.team.attempts import QUERIES, count_attempt, forgive, wait_before_try
from safar.team.errors import OneTimePasswordEnded, WeakPassword, WrongPassword, WrongSignIn
from safar.team.model import Session, SignedIn, Staff
from safar.team.passwords import acceptable, hash_of, matches, outdated

_TOKEN_BYTES = 32
_DEVICE = "staff device"
_NETWORK = "sign-in network"


async def sign_in(
    context: Context,
    email: str,
    password: str,
    *,
    network: str,
    replaces: str | None = None,
    device: str | None = None,
) -> SignedIn:
    """Open a session; the one of the token `replaces` ends. `device`: the cookie of a browser known to us.

    Raises WrongSignIn, TooManyAttempts, OneTimePasswordEnded.

    An unknown address, a wrong password and a disabled person look and take the same.
    """
    attempt = await count_attempt(
        context.database,
        email=email,
        network=network,
        attempts_max=context.settings.sign_in_attempts_max,
        device=_known_device(context, email, device),
    )
    await wait_before_try(attempt)
    async with context.database.connection() as connection:
        staff = await row(Staff, connection, QUERIES["by_email"], {"email": email})
    right = await matches(staff.password_hash if staff else None, password)
    if staff is None or not right or staff.disabled_at is not None:
        await _write_down(context, "staff.sign_in_failed", staff.id if staff else None, network)
        raise WrongSignIn
    if staff.must_change_password and staff.one_time_until and staff.one_time_until <= clock.now():
        raise OneTimePasswordEnded
    renewed = await hash_of(password) if outdated(staff.password_hash) else None
    async with context.database.transaction() as connection:
        now_staff = await row(Staff, connection, QUERIES["locked"], {"id": staff.id})
        if (
            now_staff is None
            or now_staff.disabled_at is not None
            or (now_staff.password_hash != staff.password_hash)
        ):
            raise WrongSignIn  # changed or ended while the password was being checked
        if renewed:
            params = {
                "id": staff.id,
                "password_hash": renewed,
                "must_change": staff.must_change_password,
                "until": staff.one_time_until,
            }
            await execute(connection, QUERIES["set_password"], params)
        if replaces:
            await execute(connection, QUERIES["end_session"], {"token_hash": token_hash(replaces)})
        token = await _open_session(connection, context, staff.id)
        await forgive(connection, attempt)
        await append_many(connection, [Event(name="staff.signed_in", staff_id=staff.id, subject_id=staff.id)])
    return SignedIn(token, staff.must_change_password, context.vault.sign(_DEVICE, [email, str(new_id())]))


def _known_device(context: Context, email: str, cookie: str | None) -> str | None:
    """Return the name of a browser that has signed in to this address before."""
    try:
        known, device = context.vault.unsign(_DEVICE, cookie or "")
    except (BadRequest, ValueError):
        return None
    return str(device) if known == email else None


async def _write_down(context: Context, name: str, staff_id: UUID | None, network: str) -> None:
    """Write the network as a mark that tells attempts from one place apart, and nobody where it is."""
    mark = token_hash(context.vault.sign(_NETWORK, customer_network(network))).hex()[:12]
    event = Event(name=name, staff_id=staff_id, subject_id=staff_id, properties={"network": mark})
    async with context.database.transaction() as connection:
        await append_many(connection, [event])


async def _open_session(connection: Connection, context: Context, staff_id: UUID) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = clock.now()
    params = {
        "token_hash": token_hash(token),
        "staff_id": staff_id,
        "now": now,
        "expires_at": now + timedelta(hours=context.settings.staff_session_hours),
    }
    await execute(connection, QUERIES["insert_session"], params)
    return token


async def session_of(connection: Connection, token: str) -> Session | None:
    """Return whose session the token opens, if it is not over."""
    params = {"token_hash": token_hash(token), "now": clock.now()}
    return await row(Session, connection, QUERIES["session"], params)


async def sign_out(connection: Connection, token: str, *, actor: Actor) -> None:
    """End this session."""
    if await execute(connection, QUERIES["end_session"], {"token_hash": token_hash(token)}):
        await append_many(
            connection, [Event(name="staff.signed_out", staff_id=actor.id, subject_id=actor.id)]
        )


async def change_password(context: Context, *, actor: Actor, old: str | None, new: str, network: str) -> str:
    """Change one's own password: every session ends, a new one begins; return its token.

    `old` may be None while a one-time password is in force: who has this session has shown it already.

    Raises WrongPassword, WeakPassword, TooManyAttempts.
    """
    attempt = await count_attempt(
        context.database,
        email=actor.email,
        network=network,
        attempts_max=context.settings.sign_in_attempts_max,
    )
    async with context.database.connection() as connection:
        staff = await row(Staff, connection, QUERIES["by_email"], {"email": actor.email})
    if staff is None or not (
        staff.must_change_password if old is None else await matches(staff.password_hash, old)
    ):
        raise WrongPassword
    if await matches(staff.password_hash, new) or not acceptable(new, actor.email):
        async with context.database.transaction() as connection:
            await forgive(connection, attempt)  # the old one was right: this was no guess
        raise WeakPassword
    fresh = await hash_of(new)
    async with context.database.transaction() as connection:
        now_staff = await row(Staff, connection, QUERIES["locked"], {"id": staff.id})
        if now_staff is None or now_staff.disabled_at is not None:
            raise WrongPassword
        if now_staff.password_hash != staff.password_hash:
            raise WrongPassword  # changed meanwhile, in another window
        params = {"id": staff.id, "password_hash": fresh, "must_change": False, "until": None}
        await execute(connection, QUERIES["set_password"], params)
        await execute(connection, QUERIES["end_sessions_of"], {"staff_id": staff.id})
        token = await _open_session(connection, context, staff.id)
        await forgive(connection, attempt)
        await append_many(
            connection, [Event(name="staff.password_changed", staff_id=staff.id, subject_id=staff.id)]
        )
    return token
