"""The goods that a product's waiting room is for: what is left of them is told to those who wait.

When the last unit is paid, the queue ends at once. While units lie in orders that are being paid, it goes on:
such an order may fail. The gate itself knows nothing of goods; the worker tells it.
"""

from collections.abc import Sequence

from safar.campaigns.reading import newest_campaigns
from safar.cart.available import available_of
from safar.catalogue.actions import product_of
from safar.catalogue.errors import UnknownProduct
from safar.gate.line.calling import end_queue
from safar.gate.site.sites import note_units, sites
from safar.gate.tickets.model import Site, SiteKind
from safar.kernel import clock
from safar.kernel.context import Context
from safar.kernel.database import Connection, Database
from safar.kernel.loops import Loop
from safar.kernel.setbacks import work_off
from safar.stock.actions import allocation_of, levels

_EVERY_S = 0.5


async def note_goods(database: Database) -> None:
    """Write down what is left for each product's room, and end the queues of those that are sold out."""
    async with database.connection() as connection:
        found = {
            site.key: site
            for site in await sites(connection)
            if site.kind == SiteKind.PRODUCT and site.path and site.ended_at is None
        }

    async def note(connection: Connection, keys: Sequence[str]) -> None:
        for key in keys:
            await _note_one(connection, found[key])

    await work_off(database, "front.goods", list(found), note, together=False)


async def _note_one(connection: Connection, site: Site) -> None:
    left, held = await _units(connection, site)
    await note_units(connection, site.id, left=left, held=held)
    gone = bool((site.units_left or 0) + (site.units_held or 0)) and not left + held
    if gone and not site.before_opening(clock.now()):
        await end_queue(connection, site.key, reason="sold_out")


async def _units(connection: Connection, site: Site) -> tuple[int, int]:
    """Return (can still be promised, held by orders being paid), what campaigns have set aside included."""
    assert site.path is not None
    try:
        _product, variants = await product_of(connection, site.path.removeprefix("/p/"))
    except UnknownProduct:
        return 0, 0
    ids = [variant.id for variant in variants]
    found = (await available_of(connection, ids, None)).values()
    left, held = sum(offer.buyable for offer in found), sum(offer.held for offer in found)
    running = [c for c in await newest_campaigns(connection) if c.closed_at is None and c.variant_id in ids]
    there = await levels(connection, [campaign.variant_id for campaign in running]) if running else {}
    for campaign in running:
        level = there.get((campaign.variant_id, allocation_of(campaign.id)))
        if level is not None:
            left, held = left + max(level.promisable, 0), held + level.held
    return left, held


def loops(context: Context) -> list[Loop]:
    async def step() -> bool:
        await note_goods(context.database)
        return False

    return [Loop("front.goods", step, _EVERY_S)]
