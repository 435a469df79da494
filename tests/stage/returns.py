"""Orders of which something comes back or is given up."""

from uuid import UUID

from safar.kernel.context import Context
from safar.kernel.ids import new_id
from safar.orders.model import Taken
from safar.returns.give_up import GiveUp
from safar.returns.model import (
    AskedLine,
    ReturnRequest,
)
from safar.shipments.actions import ship_many
from safar.shipments.model import Shipping
from safar.shop.checkout.take_order import take_order
from safar.stock.model import MAIN
from tests.stage.orders import LINK, SAM
from tests.stage.shop import request


async def paid(context: Context, *lines: tuple[UUID, int], **other: object) -> UUID:
    taken = await take_order(context, request(lines=lines, provider="test", method="ok", **other))
    assert isinstance(taken, Taken)
    assert taken.payment_state == "paid"
    return taken.order_id


async def send(context: Context, order_id: UUID, *units: tuple[UUID, int]) -> None:
    parcel = Shipping(new_id(), order_id, MAIN, LINK, tuple(units), staff_id=SAM)
    await context.batched(ship_many, parcel)


def give_up(order_id: UUID, *units: tuple[UUID, int], **other: object) -> GiveUp:
    plain = {"reason": "It broke", "units": tuple(units) or None, **other}
    return GiveUp(new_id(), order_id, SAM, LINK, **plain)  # type: ignore[arg-type]


DAYS = 30


def ask(order_id: UUID, *lines: tuple[UUID, int], **other: object) -> ReturnRequest:
    asked = tuple(AskedLine(variant_id, units, "broken") for variant_id, units in lines)
    plain = {"wish": "refund", "days": DAYS, "link": LINK, **other}
    return ReturnRequest(new_id(), order_id, plain.pop("asked", asked), **plain)  # type: ignore[arg-type]
