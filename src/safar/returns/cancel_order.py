"""Cancelling an order that somebody wants cancelled, whole: an exchange that it was is undone with it."""

from collections.abc import Sequence

from safar.kernel.database import Connection
from safar.orders.cancel import Cancellation, cancel
from safar.orders.changes import Standing
from safar.returns.reading import kin
from safar.returns.undo_exchange import undo_exchanges


async def cancel_many(connection: Connection, cancellations: Sequence[Cancellation]) -> list[Standing]:
    """Cancel orders, as `orders.cancel.cancel`; what exchanges were paid with goes back, too."""
    wanted = [cancellation.order_id for cancellation in cancellations if cancellation.is_wanted]
    related = await kin(connection, wanted) if wanted else set()
    return await cancel(connection, cancellations, related=related, undo=undo_exchanges)
