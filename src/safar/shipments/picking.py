"""Which lots the goods of orders are taken from: what expires first, to whoever ordered first.

No two orders are told of the same unit: each begins where those that were confirmed before it end.
"""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from safar.kernel.database import Connection, as_json, tuples
from safar.kernel.i18n import _, day, number
from safar.shipments.reading import QUERIES
from safar.stock.lots import suggest
from safar.stock.lots_decide import NEVER, LotLevel, PickRequest
from safar.stock.model import Place

Goods = tuple[UUID, UUID, UUID, int]  # order, variant, shelf, units


async def behind(
    connection: Connection, wanted: Iterable[tuple[UUID, UUID, UUID]]
) -> dict[tuple[UUID, UUID, UUID], int]:
    """Return, by (order, variant, shelf), how many units the orders before are to get from there."""
    records = [{"order_id": o, "variant_id": v, "shelf_id": s} for o, v, s in set(wanted)]
    if not records:
        return {}
    places = await tuples(connection, QUERIES["behind"], {"wanted": as_json(records)})
    return {(o, v, s): units for o, v, s, units in places}


async def lots_to_take(connection: Connection, goods: Iterable[Goods]) -> dict[Place, list[str]]:
    """Return, in words, the lots to take goods from, by (variant, shelf); places without lots are left out.

    What has expired is not among them: how many units are short of it is said instead.
    """
    goods = list(goods)
    if not goods:
        return {}
    before = await behind(connection, [(o, v, s) for o, v, s, _units in goods])
    wanted = [PickRequest(v, s, units, before.get((o, v, s), 0)) for o, v, s, units in goods]
    picked: dict[Place, dict[UUID, LotLevel]] = {}
    out_of_date: dict[Place, int] = {}
    for shelf, suggestion in zip(wanted, await suggest(connection, wanted), strict=True):
        place = (shelf.variant_id, shelf.shelf_id)
        for pick in suggestion.picks:
            lots = picked.setdefault(place, {})
            before_it = lots[pick.lot_id].units if pick.lot_id in lots else 0
            lots[pick.lot_id] = replace(pick, units=pick.units + before_it)
        if suggestion.out_of_date:
            out_of_date[place] = out_of_date.get(place, 0) + suggestion.out_of_date
    words: dict[Place, list[str]] = {}
    for place in dict.fromkeys([*picked, *out_of_date]):
        words[place] = [_words(pick) for pick in picked.get(place, {}).values()]
        if place in out_of_date:
            words[place].append(
                _("Past their date, do not send: %(units)s", units=number(out_of_date[place]))
            )
    return words


def _words(pick: LotLevel) -> str:
    values = {"lot": pick.code, "units": number(pick.units)}
    if pick.expires_on == NEVER:
        return _("Lot %(lot)s: %(units)s", **values)
    return _("Lot %(lot)s, expires on %(day)s: %(units)s", day=day(pick.expires_on), **values)
