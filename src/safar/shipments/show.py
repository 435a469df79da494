"""When an order leaves and arrives, and where it goes, as it is shown."""

from dataclasses import dataclass
from datetime import date, timedelta

from safar.kernel.clock import shop_day
from safar.kernel.i18n import _, current_language, day
from safar.orders.model import Order, OrderState
from safar.owner.model import Shop
from safar.pricing.model import Destination, Rules, ShippingMethod
from safar.pricing.shipping import zone_of

_LEAVING = (OrderState.CONFIRMED, OrderState.PACKED)


@dataclass(frozen=True, slots=True)
class Expected:
    """When an order leaves and arrives, as it was promised; None: nothing was, or it has happened.

    `way`: how it is sent, in the language in force.
    """

    way: str
    leaves_on: date | None
    arrives_from: date | None
    arrives_until: date | None

    @property
    def text(self) -> str:
        """Return the promise in a sentence, or "" when there is none."""
        parts = []
        if self.leaves_on:
            parts.append(_("Ships by %(day)s.", day=day(self.leaves_on)))
        if self.arrives_from and self.arrives_until:
            if self.arrives_from == self.arrives_until:
                parts.append(_("Expected on %(day)s.", day=day(self.arrives_until)))
            else:
                days = {"first": day(self.arrives_from), "last": day(self.arrives_until)}
                parts.append(_("Expected between %(first)s and %(last)s.", **days))
        return " ".join(parts)


def expected_of(order: Order, shop: Shop, rules: Rules, *, zone: str) -> Expected:
    """Return when an order leaves and arrives, by what was promised and by the way it is sent."""
    method = method_of(order, rules)
    start = leaves_on = _leaves_on(order, shop, zone)
    if order.state == OrderState.SHIPPED and order.shipped_at:
        start = shop_day(order.shipped_at, zone)
    return Expected(
        way=(method.names.get(current_language()) or method.names.get("", "")) if method else "",
        leaves_on=leaves_on,
        arrives_from=start + timedelta(days=method.days_least) if start and method else None,
        arrives_until=start + timedelta(days=method.days_most) if start and method else None,
    )


def method_of(order: Order, rules: Rules) -> ShippingMethod | None:
    """Return how an order is sent; None when that way is not offered any more, or none was chosen."""
    zone = zone_of(rules.zones, Destination(order.country, order.postcode)) if order.shipping_key else None
    return (
        next((method for method in zone.methods if method.key == order.shipping_key), None) if zone else None
    )


def is_late(order: Order, shop: Shop, today: date, *, zone: str) -> bool:
    """Tell whether an order should have left before `today`, a day of the shop."""
    leaves_on = _leaves_on(order, shop, zone)
    return leaves_on is not None and leaves_on < today


def _leaves_on(order: Order, shop: Shop, zone: str) -> date | None:
    """Return the day of the shop by which an order leaves; None when it has left, or is not confirmed."""
    if order.state not in _LEAVING or order.confirmed_at is None:
        return None
    latest = shop_day(order.confirmed_at, zone) + timedelta(days=shop.ship_days)
    return max(order.promised_on, latest) if order.promised_on else latest
