"""What the gate writes in the journal: events of sites and of visits."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from safar.gate.tickets.model import Arrival, EntryClaim, Site
from safar.journal.actions import append_many
from safar.journal.model import Event
from safar.kernel.database import Connection


async def record(
    connection: Connection, name: str, site: Site, staff_id: UUID | None, properties: Mapping[str, object]
) -> None:
    """Write what happened to a site."""
    details = {"site": site.key, **properties}
    event = Event(name=name, subject_id=site.id, staff_id=staff_id, properties=details)
    await append_many(connection, [event])


def visit_event(
    name: str, site: Site, visitor: Arrival | EntryClaim, visit_id: UUID, at: datetime, **properties: object
) -> Event:
    """Return what happened to a visit, to be written with others."""
    return Event(
        name=name,
        at=at,
        subject_id=visit_id,
        customer_id=visitor.customer_id,
        campaign_id=visitor.campaign_id,
        properties={"site": site.key, **properties},
    )
