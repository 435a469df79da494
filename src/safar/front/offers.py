"""What is left of each running campaign's offer, in memory: said to those who wait because of it."""

from collections.abc import Mapping
from uuid import UUID

from starlette.types import Scope

from safar.campaigns.reading import newest_campaigns
from safar.customers.visitor import Visitor
from safar.gate.door.board import SiteBoard
from safar.kernel.context import Context
from safar.stock.actions import allocation_of, levels

REFRESH_S = 1.0


class Offers:
    """Read once a second, and only while somebody waits; a poll then costs a look in a dictionary."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._left: Mapping[UUID, int] = {}

    def units_left(self, scope: Scope) -> int | None:
        """Return the units that can still be promised to this visitor's campaign, if one brought them."""
        visitor: Visitor = scope["state"]["visitor"]
        return None if visitor.campaign_id is None else self._left.get(visitor.campaign_id)

    async def refresh(self, board: SiteBoard) -> bool:
        if board.figures is None or not board.figures.site.waiting:
            return False
        async with self._context.database.connection() as connection:
            running = [
                campaign for campaign in await newest_campaigns(connection) if campaign.closed_at is None
            ]
            found = await levels(connection, [campaign.variant_id for campaign in running])
        places = {campaign.id: (campaign.variant_id, allocation_of(campaign.id)) for campaign in running}
        self._left = {id_: max(found[place].free, 0) for id_, place in places.items() if place in found}
        return False
