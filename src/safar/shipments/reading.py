"""Reading parcels and carriers."""

from collections.abc import Iterable
from uuid import UUID

from safar.kernel.database import Connection, rows
from safar.kernel.queries import queries_beside
from safar.shipments.model import Carrier, Sent, Shipment

QUERIES = queries_beside(__file__)

_CARRIERS_MAX = 200


async def carriers(connection: Connection) -> list[Carrier]:
    """Return every carrier, by name."""
    return await rows(Carrier, connection, QUERIES["carriers"], {"limit": _CARRIERS_MAX})


async def shipments_of(connection: Connection, order_ids: Iterable[UUID]) -> dict[UUID, list[Shipment]]:
    """Return the parcels of each order, the first to leave first."""
    by_order: dict[UUID, list[Shipment]] = {id_: [] for id_ in order_ids}
    for shipment in await rows(Shipment, connection, QUERIES["shipments"], {"ids": list(by_order)}):
        by_order[shipment.order_id].append(shipment)
    return by_order


async def shipments_by_id(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Shipment]:
    shipments = await rows(Shipment, connection, QUERIES["shipments_by_id"], {"ids": list(ids)})
    return {shipment.id: shipment for shipment in shipments}


async def sent_in(connection: Connection, shipment_ids: Iterable[UUID]) -> dict[UUID, list[Sent]]:
    """Return what is in each parcel."""
    content: dict[UUID, list[Sent]] = {id_: [] for id_ in shipment_ids}
    for sent in await rows(Sent, connection, QUERIES["shipment_goods"], {"ids": list(content)}):
        content[sent.shipment_id].append(sent)
    return content
