"""What a parcel is followed by, added or corrected after it has left."""

from dataclasses import dataclass
from uuid import UUID

from safar.channels.actions import queue_many
from safar.journal.actions import append_many
from safar.kernel import clock
from safar.kernel.database import Connection, execute
from safar.kernel.errors import NotFound
from safar.kernel.ids import derived_id
from safar.orders.changes import event_of, lock_orders
from safar.orders.errors import OrderChangedSince
from safar.shipments.decide import tracking_link
from safar.shipments.letters import tracking_letter
from safar.shipments.model import Shipment
from safar.shipments.reading import QUERIES, carriers, shipments_by_id


@dataclass(frozen=True, slots=True)
class Tracking:
    """By whom a parcel goes and its code; `seen`: the digest of what the form showed; `tell`: by mail."""

    order_id: UUID
    shipment_id: UUID
    carrier: str
    tracking_code: str
    seen: str
    tell: bool
    link: str
    staff_id: UUID


def tracking_digest(carrier: str, tracking_code: str) -> str:
    return derived_id("tracking", carrier, tracking_code).hex


async def correct_tracking(connection: Connection, new: Tracking) -> None:
    """Write down how a parcel that has left is followed. Writes shipment.tracking_changed.

    Raises NotFound for a parcel that is none of the order's, OrderChangedSince.
    """
    order = (await lock_orders(connection, [new.order_id])).get(new.order_id)
    parcel: Shipment | None = (await shipments_by_id(connection, [new.shipment_id])).get(new.shipment_id)
    if order is None or parcel is None or parcel.order_id != order.id:
        raise NotFound
    if (parcel.carrier, parcel.tracking_code) == (new.carrier, new.tracking_code):
        return
    if tracking_digest(parcel.carrier, parcel.tracking_code) != new.seen:
        raise OrderChangedSince
    templates = {carrier.name: carrier.tracking_url for carrier in await carriers(connection)}
    url = tracking_link(templates.get(new.carrier, ""), new.tracking_code)
    params = {"id": parcel.id, "carrier": new.carrier, "code": new.tracking_code, "url": url}
    await execute(connection, QUERIES["correct_tracking"], params)
    if new.tell:
        mail = tracking_letter(
            order,
            derived_id("order mail", order.id, "tracking", parcel.id, clock.now()),
            carrier=new.carrier,
            code=new.tracking_code,
            tracking_url=url,
            link=new.link,
        )
        await queue_many(connection, [mail])
    properties = {
        "shipment_id": parcel.id,
        "carrier": new.carrier,
        "tracking_code": new.tracking_code,
        "tracking_code_before": parcel.tracking_code,
    }
    await append_many(
        connection, [event_of("shipment.tracking_changed", order, properties, staff_id=new.staff_id)]
    )
