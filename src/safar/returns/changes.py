"""Returns whose orders are locked, as they stand, and what a verb does to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from safar.channels.actions import queue_many
from safar.channels.model import Outgoing
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel import clock
from safar.kernel.database import Connection, as_json, execute
from safar.orders.changes import event_of, lock_orders
from safar.orders.model import Order
from safar.returns.decide import return_after
from safar.returns.letters import return_letter
from safar.returns.model import Return, ReturnLine, ReturnOutcome, ReturnState, ReturnStep
from safar.returns.reading import QUERIES, kin, return_lines_of, returns_by_id

# The event of each state that a return comes to.
_REACHED = {
    ReturnState.REQUESTED: "return.requested",
    ReturnState.APPROVED: "return.approved",
    ReturnState.REFUSED: "return.refused",
    ReturnState.RECEIVED: "return.received",
    ReturnState.REFUNDED: "return.refunded",
    ReturnState.EXCHANGED: "return.exchanged",
}


@dataclass(slots=True)
class LockedReturns:
    """Returns whose orders are locked, as they stand, and what a verb does to them, written at once."""

    orders: dict[UUID, Order]
    returns: dict[UUID, Return]
    lines: dict[UUID, list[ReturnLine]]
    changed: dict[UUID, Return] = field(default_factory=dict)
    letters: list[Outgoing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def take(self, return_id: UUID, step: ReturnStep) -> Return | None:
        """Return the return if `step` can be taken now."""
        return_ = self.changed.get(return_id) or self.returns.get(return_id)
        return return_ if return_ is not None and return_after(return_.state, step) is not None else None

    def put(
        self,
        return_: Return,
        link: str,
        *,
        staff_id: UUID | None,
        send_to: str = "",
        exchange: tuple[Order, str] | None = None,
        details: Mapping[str, Any] | None = None,
        due: str = "",
        silent: bool = False,
    ) -> None:
        """Change a return, tell it in the journal and, if not `silent`, to the customer."""
        order, state = self.orders[return_.order_id], ReturnState(return_.state)
        self.changed[return_.id] = return_
        self.events.append(return_event(order, return_, state, staff_id=staff_id, details=details))
        if not silent:
            answer = return_.answer if state in (ReturnState.APPROVED, ReturnState.REFUSED) else ""
            self.letters.append(
                return_letter(
                    order, return_, state, link, answer=answer, send_to=send_to, exchange=exchange, due=due
                )
            )

    async def close(self, connection: Connection) -> None:
        """Write everything; last in the transaction."""
        if not self.changed:
            return
        records = [
            {
                "id": return_.id,
                "state": return_.state,
                "answer": return_.answer,
                "exchange_order_id": return_.exchange_order_id,
                "refund_id": return_.refund_id,
                "refund_minor": return_.refund_minor,
                "with_shipping": return_.with_shipping,
            }
            for return_ in self.changed.values()
        ]
        params = {"changes": as_json(records), "now": clock.now()}
        await execute(connection, QUERIES["change_returns"], params)
        await queue_many(connection, self.letters)
        await append_many(connection, self.events)

    def outcome(self, return_id: UUID, wanted: ReturnState) -> ReturnOutcome:
        return_ = self.changed.get(return_id) or self.returns.get(return_id)
        if return_ is None:
            return ReturnOutcome(return_id, None)
        changed = return_id in self.changed
        return ReturnOutcome(
            return_id, return_.state, done=changed or return_.state == wanted, changed=changed
        )


async def lock_returns(connection: Connection, return_ids: Iterable[UUID]) -> LockedReturns:
    """Lock the orders of these returns, and those whose goods or money hang together with them; read them."""
    ids = list(return_ids)
    seen = await returns_by_id(connection, ids)
    order_ids = {return_.order_id for return_ in seen.values()}
    order_ids |= {o for r in seen.values() if (o := r.exchange_order_id)}
    orders = await lock_orders(connection, order_ids | await kin(connection, order_ids))
    # As they stand under the lock: another may have changed them while this one waited.
    return LockedReturns(
        orders, await returns_by_id(connection, ids), await return_lines_of(connection, seen)
    )


def return_event(
    order: Order,
    return_: Return,
    state: ReturnState,
    *,
    staff_id: UUID | None,
    details: Mapping[str, Any] | None = None,
) -> Event:
    properties = {"return_id": return_.id, "number": return_.number, "wish": return_.wish, **(details or {})}
    return event_of(_REACHED[state], order, properties, staff_id=staff_id)
