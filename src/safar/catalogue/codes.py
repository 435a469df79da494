"""Finding a variant by what a scanner reads or a person types: its barcode or its SKU."""

from safar.catalogue.actions import QUERIES
from safar.catalogue.decide import barcode_of
from safar.catalogue.model import Variant
from safar.kernel.database import Connection, row

_CODE_MAX = 64


async def variant_of_code(connection: Connection, code: str) -> Variant | None:
    """Return the variant with this SKU, else the one with this barcode (a UPC-A finds its EAN-13)."""
    text = code.strip()
    if not text.isprintable() or len(text) > _CODE_MAX:
        return None
    params = {"sku": text.upper(), "barcode": barcode_of(text)}
    return await row(Variant, connection, QUERIES["variant_of_code"], params)
