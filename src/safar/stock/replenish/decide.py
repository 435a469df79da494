"""When to buy, how much, and who has to know, without I/O."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from statistics import NormalDist
from uuid import UUID
from zoneinfo import ZoneInfo

from safar.kernel.clock import shop_day
from safar.stock.replenish.model import Levels, PurchaseSuggestion, Terms, VariantStanding

# A forecast and a level are looked at once a day at the latest: a day more than the delivery takes.
REVIEW_DAYS = 1
_UNITS_MAX = 1_000_000


def levels_of(standing: VariantStanding, terms: Terms) -> Levels:
    """Return the reorder point s and the order-up-to level S of the (s, S) policy.

    s = demand expected over lead time and review + z · deviation · √(that time), in weeks; z is the normal
    quantile of the service level (Silver, Pyke and Thomas, Inventory and Production Management, 7.4). What is
    kept back on purpose is the least safety stock. S = s + the demand of the days that an order should last.
    A rule's own figures replace either.
    """
    weeks = (lead_days_of(standing, terms) + REVIEW_DAYS) / 7
    service = service_of(standing, terms)
    z = NormalDist().inv_cdf(service / 100)
    safety = max(z * standing.week_deviation * math.sqrt(weeks), standing.reserve, 0.0)
    computed = _whole(standing.week_mean * weeks + safety)
    point = computed if standing.fixed_point is None else standing.fixed_point
    cover = _whole(standing.week_mean / 7 * terms.cover_days)
    up_to = point + max(cover, 1) if standing.fixed_up_to is None else standing.fixed_up_to
    return Levels(point, max(up_to, point))


def purchase_suggestion(
    standing: VariantStanding, terms: Terms, *, now: datetime
) -> PurchaseSuggestion | None:
    """Return what to buy of a variant, or None while there is enough of it.

    A variant that sells nothing and has no rule of its own is never bought again by itself.
    """
    levels = levels_of(standing, terms)
    wanted = standing.week_mean > 0 or standing.fixed_point is not None
    if not wanted or standing.position > levels.reorder_point:
        return None
    lead_days = lead_days_of(standing, terms)
    return PurchaseSuggestion(
        variant_id=standing.variant_id,
        sku=standing.sku,
        title=standing.title,
        supplier_id=standing.supplier_id,
        quantity=quantity_of(standing, levels),
        cost_minor=standing.cost_minor,
        currency=standing.currency,
        on_hand=standing.on_hand,
        held=standing.held,
        incoming=standing.incoming,
        reserve=standing.reserve,
        reorder_point=levels.reorder_point,
        order_up_to=levels.order_up_to,
        week_mean=standing.week_mean,
        week_deviation=standing.week_deviation,
        service_percent=service_of(standing, terms),
        lead_days=lead_days,
        pack_size=standing.pack_size,
        days_left=days_left(standing),
        low_since=now,
    )


def quantity_of(standing: VariantStanding, levels: Levels) -> int:
    """Return how many units bring the position up to the level: whole packs, at least the least order."""
    missing = max(levels.order_up_to - standing.position, standing.minimum_units, 1)
    packs = -(-missing // standing.pack_size)
    return packs * standing.pack_size


def days_left(standing: VariantStanding) -> float | None:
    """Return for how many days what is free on the shelf lasts; None where nothing is expected to sell."""
    if standing.week_mean <= 0:
        return None
    return max(standing.on_hand - standing.held, 0) / standing.week_mean * 7


def lead_days_of(standing: VariantStanding, terms: Terms) -> int:
    return terms.lead_days if standing.lead_days is None else standing.lead_days


def service_of(standing: VariantStanding, terms: Terms) -> float:
    return terms.service_percent if standing.service_percent is None else standing.service_percent


def watchers_of(
    lows: Sequence[tuple[UUID, UUID | None]], watchers: Mapping[UUID, UUID], managers: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """Return for each member of staff the variants they are told of, in order.

    `lows`: (variant, supplier). `watchers`: who looks after a supplier. Who has nobody of their own goes to
    all managers; so does what an absent watcher would have got.
    """
    variants_by_staff: dict[UUID, list[UUID]] = {}
    for variant_id, supplier_id in lows:
        watcher = watchers.get(supplier_id) if supplier_id else None
        for staff_id in [watcher] if watcher else managers:
            variants_by_staff.setdefault(staff_id, []).append(variant_id)
    return variants_by_staff


def night_due(latest: datetime | None, now: datetime, *, hour: int, zone: str) -> datetime | None:
    """Return the night whose calculation is due (the moment it should have begun), or None.

    A night that was slept through is made up for. An installation that has never calculated waits for its
    first night: nothing heavy happens while it is being set up.
    """
    local = now.astimezone(ZoneInfo(zone))
    today = shop_day(now, zone)
    night = datetime.combine(today, time(hour), local.tzinfo)
    if night > local:
        night = datetime.combine(today - timedelta(days=1), time(hour), local.tzinfo)
    due = local - night < timedelta(hours=1) if latest is None else latest < night
    return night if due else None


def _whole(units: float) -> int:
    """Return the next whole number of units; a hair above one from rounding is that one."""
    return min(max(math.ceil(round(units, 6)), 0), _UNITS_MAX)
