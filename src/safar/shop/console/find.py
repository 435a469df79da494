"""Finding orders: by what they are called, who they belong to, what is in them, and how they stand."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from safar.catalogue.codes import variant_of_code
from safar.customers.pages import WantedCustomers, find_customers
from safar.kernel.clock import day_start
from safar.kernel.database import Connection, values
from safar.kernel.keyset import COUNTED_MAX, LAST_NUMBER
from safar.orders.model import Order
from safar.orders.reading import orders_by_id
from safar.shop.console.history import QUERIES

PAGE_SIZE = 50
_MATCHES_MAX = 500
_RETURNS_MAX = 5000


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """Which orders are wanted; `query` is part of a name or e-mail, a SKU, or a tracking code.

    `since` and `until`: the days of the shop on which they were ordered, both included.
    """

    query: str = ""
    state: str | None = None
    payment: str | None = None
    late: bool = False
    with_returns: bool = False
    since: date | None = None
    until: date | None = None
    tag: str | None = None
    before: int | None = None


async def find_orders(
    connection: Connection,
    wanted: OrderSearch,
    *,
    ship_days: int,
    today: date,
    zone: str,
    limit: int = PAGE_SIZE + 1,
) -> list[Order]:
    """Return the orders wanted, newest first: one more than a page holds. A query finds 500 at most."""
    params = await _params_of(connection, wanted, ship_days=ship_days, today=today, zone=zone)
    # Not prepared: a plan made once for all filters would read the whole table for most of them.
    cursor = await connection.execute(QUERIES["wanted_orders"], params | {"limit": limit}, prepare=False)
    order_ids = [order_id for (order_id,) in await cursor.fetchall()]
    orders = await orders_by_id(connection, order_ids)
    return [orders[order_id] for order_id in order_ids]


async def count_orders(
    connection: Connection, wanted: OrderSearch, *, ship_days: int, today: date, zone: str
) -> int:
    """Return how many orders are wanted on all pages, counted up to one more than COUNTED_MAX."""
    params = await _params_of(connection, wanted, ship_days=ship_days, today=today, zone=zone)
    limit = {"limit": COUNTED_MAX + 1}
    counted = await connection.execute(QUERIES["count_orders"], params | limit, prepare=False)
    return int((await counted.fetchone() or (0,))[0])


async def _params_of(
    connection: Connection, wanted: OrderSearch, *, ship_days: int, today: date, zone: str
) -> dict[str, object]:
    ids = await _matching(connection, wanted.query) if wanted.query else None
    if wanted.with_returns:
        coming = await _ids(connection, "orders_of_open_returns", {"limit": _RETURNS_MAX})
        ids = coming if ids is None else [id_ for id_ in coming if id_ in set(ids)]
    return {
        "before": wanted.before or LAST_NUMBER,
        "state": wanted.state,
        "payment": wanted.payment,
        "today": today if wanted.late else None,
        "confirmed_before": day_start(today - timedelta(days=ship_days), zone),
        "ids": ids,
        "since": day_start(wanted.since, zone) if wanted.since else None,
        "until": day_start(wanted.until + timedelta(days=1), zone) if wanted.until else None,
        "tag": wanted.tag,
    }


async def _matching(connection: Connection, query: str) -> list[UUID]:
    """Return orders by tracking code, by article, or else of customers who are called so."""
    limit = {"limit": _MATCHES_MAX}
    order_ids = await _ids(connection, "orders_of_tracking", {"code": query, **limit})
    if (variant := await variant_of_code(connection, query)) is not None:
        order_ids += await _ids(connection, "orders_of_variant", {"variant_id": variant.id, **limit})
    named = await find_customers(connection, WantedCustomers(query))
    customers = [customer.id for customer in named]
    if customers:
        order_ids += await _ids(connection, "orders_of_customers", {"ids": customers, **limit})
    return list(dict.fromkeys(order_ids))


async def _ids(connection: Connection, query: str, params: dict[str, object]) -> list[UUID]:
    return await values(connection, QUERIES[query], params)
