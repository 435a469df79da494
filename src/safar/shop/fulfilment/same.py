"""A request that is sent again under its id is the same one, or refused."""

from collections.abc import Iterable
from uuid import UUID

from safar.kernel.database import Connection
from safar.kernel.errors import SameKeyOtherBody
from safar.kernel.once import Asked
from safar.shop.fulfilment.reading import QUERIES


async def check_same(connection: Connection, table: str, asked: Iterable[Asked]) -> set[UUID]:
    """Return which ids were used before. Raises SameKeyOtherBody when one stands for something else.

    `table`: returns, shipments or given_up. The caller has locked the orders.
    """
    requests = list(asked)
    found = await connection.execute(QUERIES[f"same_{table}"], {"ids": [one.key for one in requests]})
    written = {id_: bytes(fingerprint) for id_, fingerprint in await found.fetchall()}
    first = dict(written)
    for one in requests:
        if first.setdefault(one.key, one.fingerprint) != one.fingerprint:
            raise SameKeyOtherBody
    return set(written)
