"""Staff for tests: made and signed in without argon2, so that a test costs milliseconds."""

import secrets
from datetime import timedelta

import httpx

from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import execute
from safar.kernel.ids import new_id
from safar.kernel.secrets import token_hash
from safar.kernel.web.actor import Actor
from safar.team.attempts import QUERIES
from safar.team.layer import COOKIE


async def staff_member(context: Context, role: str = "owner", name: str = "Sara Owner") -> Actor:
    """Write somebody with access and no usable password."""
    actor = Actor(new_id(), f"{secrets.token_hex(4)}@shop.example", name, role)
    params = {
        "id": actor.id,
        "email": actor.email,
        "name": name,
        "role": role,
        "password_hash": "none",
        "now": clock.now(),
    }
    async with context.database.transaction() as connection:
        await execute(connection, QUERIES["insert_staff"], params)
        await execute(
            connection, "UPDATE staff SET must_change_password = false WHERE id = %(id)s", {"id": actor.id}
        )
    return actor


async def session_cookie(context: Context, actor: Actor, *, hours: float = 1) -> str:
    """Open a session for `actor`; return the token that the cookie carries."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    params = {
        "token_hash": token_hash(token),
        "staff_id": actor.id,
        "now": now,
        "expires_at": now + timedelta(hours=hours),
    }
    async with context.database.connection() as connection:
        await execute(connection, QUERIES["insert_session"], params)
    return token


async def signed_in(
    context: Context, base: str, role: str = "owner", name: str = "Sara Owner", **headers: str
) -> httpx.AsyncClient:
    """Return a client of the console at `base` that is signed in; close it with `async with`."""
    actor = await staff_member(context, role, name)
    cookies = {COOKIE: await session_cookie(context, actor)}
    return httpx.AsyncClient(base_url=base, cookies=cookies, headers=headers)
