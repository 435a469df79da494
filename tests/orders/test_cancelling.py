"""A payment that came to nothing ends an order that waits for it, and no other."""

import pytest

from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.orders.cancel import Cancellation, cancel_unpaid_many


@pytest.mark.parametrize(
    "wanted",
    [
        Cancellation(new_id(), "", "cancelled_by_customer"),
        Cancellation(new_id(), "", "cancelled_by_shop", staff_id=new_id()),
    ],
)
async def test_what_somebody_wants_cancelled_is_not_cancelled_as_unpaid(
    context: Context, wanted: Cancellation
) -> None:
    async with context.database.transaction() as connection:
        with pytest.raises(ValueError, match="cancel_order"):
            await cancel_unpaid_many(connection, [wanted])
