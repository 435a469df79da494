"""How often somebody may be wrong: counted by network, and by address within it, before the password is read.

Nobody is kept out by what others try from elsewhere: an address alone is not counted. A browser that has
signed in before is counted by itself, so that not even its own network can keep it out.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from safar.kernel import clock
from safar.kernel.database import Connection, Database, as_json, execute, value
from safar.kernel.errors import TooManyAttempts
from safar.kernel.ids import new_id
from safar.kernel.queries import queries_beside
from safar.kernel.web.proxies import customer_network

QUERIES = queries_beside(__file__)
WINDOW_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, counted as failed until it is forgiven."""

    address_key: str
    ids: list[UUID]


def _key(kind: str, text: str) -> str:
    """Return a name for the count that does not say whose it is."""
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


async def count_attempt(
    database: Database, *, email: str, network: str, attempts_max: int, device: str | None = None
) -> Attempt:
    """Count one more attempt. Raises TooManyAttempts when the network, or this browser, has no more.

    `network`: the address of the caller; IPv6 counts by its /64, which one customer has to themselves.
    `device`: what a browser was given that signed in to this address before.
    """
    network = customer_network(network)
    address_key = _key("address", f"{email} {network}")
    keys = sorted((address_key, _key("network", network)))
    if device is not None:
        address_key = _key("device", f"{email} {device}")
        keys = [address_key]
    now = clock.now()
    attempts = [{"id": new_id(), "key": key} for key in keys]
    async with database.transaction() as connection:
        for key in keys:
            await execute(connection, QUERIES["lock_key"], {"key": key})
        params = {"keys": keys, "since": now - timedelta(minutes=WINDOW_MINUTES)}
        if await value(connection, QUERIES["most_attempts"], params) >= attempts_max:
            raise TooManyAttempts(minutes=WINDOW_MINUTES)
        await execute(
            connection, QUERIES["insert_attempts"], {"attempts": as_json(attempts), "now": now}
        )  # fmt: skip
    return Attempt(address_key, [UUID(str(attempt["id"])) for attempt in attempts])


async def forgive(connection: Connection, attempt: Attempt) -> None:
    """Take back the count of somebody who proved to be themselves."""
    await execute(connection, QUERIES["forgive"], {"key": attempt.address_key, "ids": attempt.ids})
