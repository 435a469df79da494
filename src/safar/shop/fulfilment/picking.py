"""Which lots the goods of orders are to be taken from: what expires first, first."""

from collections.abc import Iterable
from uuid import UUID

from safar.kernel.database import Connection
from safar.kernel.i18n import _, day, number
from safar.stock.lot_decide import NEVER, LotLevel
from safar.stock.lots import suggest
from safar.stock.model import Place


async def lots_to_take(
    connection: Connection, goods: Iterable[tuple[UUID, UUID, int]]
) -> dict[Place, list[str]]:
    """Return, in words, the lots to take goods (variant, location, units) from, by place.

    Places without lots are left out. Fewer units than are wanted when the lots know of fewer, or the
    rest has expired.
    """
    wanted: dict[Place, int] = {}
    for variant_id, location_id, units in goods:
        wanted[variant_id, location_id] = wanted.get((variant_id, location_id), 0) + units
    if not wanted:
        return {}
    found = await suggest(connection, [(*place, units) for place, units in wanted.items()])
    return {place: [_words(pick) for pick in picks] for place, picks in found.items()}


def _words(pick: LotLevel) -> str:
    told = {"lot": pick.code, "units": number(pick.units)}
    if pick.expires_on == NEVER:
        return _("Lot %(lot)s: %(units)s", **told)
    return _("Lot %(lot)s, expires on %(day)s: %(units)s", day=day(pick.expires_on), **told)
