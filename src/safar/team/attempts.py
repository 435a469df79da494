"""How often somebody may be wrong: counted by network, and by address within it, before the password is read.

Nobody is kept out by what others try from elsewhere: what fails for an address alone only makes each further
try wait, longer each time. A browser that has signed in before is counted by itself and waits for nobody, so
that not even its own network can keep it out.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection, Database, as_json, execute, value
from safar.kernel.errors import Overloaded, TooManyAttempts
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside
from safar.kernel.web.proxies import customer_network

QUERIES = queries_beside(__file__)
WINDOW_MINUTES = 15
PAUSE_S_FIRST, PAUSE_S_MAX = 0.5, 8.0
PAUSING_MAX = 200  # tries that wait in this process; one more is told to come again
wait = asyncio.sleep
_pausing: set[UUID] = set()


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """One try, counted as failed until it is forgiven; `pause_s` comes before its password is read."""

    address_key: str
    ids: list[UUID]
    pause_s: float = 0.0


def pause_after(failures: int, free: int) -> float:
    """Return for how many seconds a try waits after so many failures for its address from anywhere.

    The first `free` cost nothing; then twice as long each time, up to PAUSE_S_MAX.
    """
    if failures < free:
        return 0.0
    return min(PAUSE_S_FIRST * 2.0 ** min(failures - free, 10), PAUSE_S_MAX)


async def wait_before_try(attempt: SignInAttempt) -> None:
    """Let a try wait, without keeping anything that others need. Raises Overloaded when too many wait."""
    if not attempt.pause_s:
        return
    if len(_pausing) >= PAUSING_MAX:
        raise Overloaded
    key = attempt.ids[0]
    _pausing.add(key)
    try:
        await wait(attempt.pause_s)
    finally:
        _pausing.discard(key)


def _key(kind: str, text: str) -> str:
    """Return a name for the count that does not say whose it is."""
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


async def count_attempt(
    database: Database, *, email: str, network: str, attempts_max: int, device: str | None = None
) -> SignInAttempt:
    """Count one more attempt. Raises TooManyAttempts when the network, or this browser, has no more.

    `network`: the address of the caller; IPv6 counts by its /64, which one customer has to themselves.
    `device`: what a browser was given that signed in to this address before.
    """
    network = customer_network(network)
    address_key = _key("address", f"{email} {network}")
    keys = sorted((address_key, _key("network", network)))
    account_key = _key("account", email)
    if device is not None:
        address_key = _key("device", f"{email} {device}")
        keys = [address_key]
    now = clock.now()
    counted = keys if device is not None else [*keys, account_key]
    attempts = [{"id": new_id(), "key": key} for key in counted]
    async with database.transaction() as connection:
        for key in keys:
            await execute(connection, QUERIES["lock_key"], {"key": key})
        params = {"keys": keys, "since": now - timedelta(minutes=WINDOW_MINUTES)}
        if await value(connection, QUERIES["most_attempts"], params) >= attempts_max:
            raise TooManyAttempts(minutes=WINDOW_MINUTES)
        failures = 0
        if device is None:
            failures = await value(connection, QUERIES["most_attempts"], {**params, "keys": [account_key]})
        await execute(connection, QUERIES["insert_attempts"], {"attempts": as_json(attempts), "now": now})
    ids = [UUID(str(attempt["id"])) for attempt in attempts]
    return SignInAttempt(address_key, ids, pause_after(failures, attempts_max))


async def forgive(connection: Connection, attempt: SignInAttempt) -> None:
    """Take back the count of somebody who proved to be themselves."""
    await execute(connection, QUERIES["forgive"], {"key": attempt.address_key, "ids": attempt.ids})
