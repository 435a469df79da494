"""Whose an order is: its browser's, until something sent to its address comes back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from safar.capacity import actions as ledger
from safar.capacity.model import HoldState
from safar.customers.actions import Proof, finals, prove
from safar.kernel import clock
from safar.kernel.database import Connection, execute, rows
from safar.orders.model import Order
from safar.orders.reading import QUERIES, FoundOrder, orders_by_id


async def take_proof(connection: Connection, proof: Proof) -> UUID:
    """Make an address its owner's, and with it the orders that `proof.claimant` placed with it.

    Their units that were kept briefly for want of it are kept longer. Returns the owner. The browser that
    placed the orders may still ask about them.
    """
    proven = await prove(connection, proof)
    params = {
        "claimant": proof.claimant,
        "owner": proven.owner_id,
        "value": proof.value.lower(),
        "all": proven.joined,
        "now": clock.now(),
    }
    await execute(connection, QUERIES["move_orders"], params)
    await _keep_longer(connection, proven.owner_id, proof.value.lower())
    return proven.owner_id


@dataclass(frozen=True, slots=True)
class _KeptShortly:
    id: UUID
    hold_id: UUID
    longer_until: datetime


async def _keep_longer(connection: Connection, owner_id: UUID, email: str) -> None:
    """Keep the units of orders that wait for a transfer as long as that takes, now that they are somebody's.

    One whose hold is over by now stays as it is.
    """
    params = {"owner": owner_id, "value": email}
    orders = await rows(_KeptShortly, connection, QUERIES["lock_kept_shortly"], params)
    if not orders:
        return
    extensions = [ledger.Extension(order.hold_id, order.longer_until) for order in orders]
    extended = await ledger.extend_many(connection, extensions)
    ids = [order.id for order, hold in zip(orders, extended, strict=True) if hold.state is HoldState.LIVE]
    await execute(connection, QUERIES["keep_longer"], {"ids": ids})


async def orders_shown_to_browser(connection: Connection, visitor_id: UUID, *, limit: int) -> list[Order]:
    """Return the orders that a browser has placed or opened by their links, newest first."""
    known = await finals(connection, [visitor_id])
    params = {
        "visitor_id": visitor_id,
        "customer_ids": [visitor_id, *known.values()],
        "limit": limit,
    }
    found_orders = await rows(FoundOrder, connection, QUERIES["orders_shown_to_browser"], params)
    return await _in_order(connection, [order.id for order in found_orders])


async def orders_of_mailbox(connection: Connection, email: str, *, limit: int) -> list[Order]:
    """Return the orders placed with an e-mail address, newest first: for whoever has shown to read it."""
    params = {"email": email.lower(), "limit": limit}
    found_orders = await rows(FoundOrder, connection, QUERIES["orders_of_mailbox"], params)
    return await _in_order(connection, [order.id for order in found_orders])


async def _in_order(connection: Connection, ids: list[UUID]) -> list[Order]:
    orders = await orders_by_id(connection, ids)
    return [orders[id_] for id_ in ids if id_ in orders]
