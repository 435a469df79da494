"""What the catalogue's pages show of stock, and the units that a new product begins with."""

from collections.abc import Iterable
from uuid import UUID

from safar.catalogue.shelves import Units
from safar.kernel.database import Connection, rows, value
from safar.kernel.i18n import _
from safar.kernel.ids import derived_id
from safar.stock.actions import QUERIES, receive_stock_many
from safar.stock.model import MAIN, StockReceipt


class StockShelves:
    """The shelves of the stock room, as `catalogue.shelves.Shelves` asks for them."""

    async def units_of(self, connection: Connection, variant_ids: Iterable[UUID]) -> dict[UUID, Units]:
        params = {"variant_ids": list(variant_ids)}
        counted = await rows(Units, connection, QUERIES["units_of_variants"], params)
        return {units.variant_id: units for units in counted}

    async def begin(self, connection: Connection, variant_id: UUID, units: int, *, staff_id: UUID) -> None:
        """Receive the first units into the main warehouse; again for the same variant is the same as once."""
        receipt = StockReceipt(
            derived_id("first units", variant_id),
            variant_id,
            MAIN,
            units,
            _("First stock"),
            staff_id=staff_id,
        )
        await receive_stock_many(connection, [receipt])


async def in_stock_books(connection: Connection, variant_ids: Iterable[UUID]) -> bool:
    """Tell whether the stock room has, expects or has ever moved or counted one of these variants."""
    return bool(await value(connection, QUERIES["in_books"], {"ids": list(variant_ids)}))
