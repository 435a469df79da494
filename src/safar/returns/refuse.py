"""Returns are refused, before they come or after."""

from collections.abc import Sequence
from dataclasses import replace

from safar.kernel.database import Connection
from safar.orders.cancel import Cancellation
from safar.returns.cancel_order import cancel_with_exchanges_many
from safar.returns.changes import lock_returns
from safar.returns.model import Refusal, ReturnOutcome, ReturnState, ReturnStep


async def refuse_many(connection: Connection, refusals: Sequence[Refusal]) -> list[ReturnOutcome]:
    """Say no to returns, before they come or after; an exchange that was set aside is given up.

    Writes return.refused, and the mail that tells why.
    """
    locked = await lock_returns(connection, [refusal.return_id for refusal in refusals])
    given_up = []
    for refusal in refusals:
        return_ = locked.take(refusal.return_id, ReturnStep.REFUSE)
        if return_ is None:
            continue
        changed = replace(return_, state=ReturnState.REFUSED, answer=refusal.answer)
        locked.put(changed, refusal.link, staff_id=refusal.staff_id)
        if return_.is_exchanged and return_.exchange_order_id:
            given_up.append(
                Cancellation(
                    return_.exchange_order_id, refusal.link, "cancelled_by_shop", staff_id=refusal.staff_id
                )
            )
    await locked.close(connection)
    if given_up:  # after the returns are refused: what their customers paid is for what they keep
        await cancel_with_exchanges_many(connection, given_up)
    return [locked.outcome(refusal.return_id, ReturnState.REFUSED) for refusal in refusals]
