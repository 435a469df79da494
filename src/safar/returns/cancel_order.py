"""Cancelling an order that somebody wants cancelled, whole: an exchange that it was is undone with it."""

from collections.abc import Sequence

from safar.kernel.database import Connection
from safar.orders.cancel import Cancellation, cancel_many
from safar.orders.changes import OrderStanding
from safar.returns.reading import kin
from safar.returns.undo_exchange import undo_exchanges


async def cancel_with_exchanges_many(
    connection: Connection, cancellations: Sequence[Cancellation]
) -> list[OrderStanding]:
    """Cancel orders, as `orders.cancel.cancel_many`; what exchanges were paid with goes back, too."""
    wanted = [cancellation.order_id for cancellation in cancellations if cancellation.is_wanted]
    related = await kin(connection, wanted) if wanted else set()
    return await cancel_many(connection, cancellations, related=related, undo=undo_exchanges)
