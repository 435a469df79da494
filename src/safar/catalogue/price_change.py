"""A price that staff change: asked about when it looks like a slip, never over somebody else's."""

from uuid import UUID

from safar.catalogue.errors import PriceChangedMeanwhile, PriceUnusual
from safar.catalogue.model import Variant
from safar.kernel.i18n import money
from safar.kernel.money import plain_amount
from safar.kernel.web.forms import Fields

_FACTOR = 5


def is_unusual(before_minor: int, after_minor: int) -> bool:
    """Tell whether a new price is nothing, or five times as much or as little as the one before."""
    if after_minor == before_minor:
        return False
    much, little = max(before_minor, after_minor), min(before_minor, after_minor)
    return after_minor == 0 or (little > 0 and much >= _FACTOR * little)


def check_price(fields: Fields, sku: str, before_minor: int, after_minor: int, currency: str) -> None:
    """Raise PriceUnusual for one that is_unusual, unless the form says `sure`."""
    if is_unusual(before_minor, after_minor) and not fields.ticked("sure"):
        raise PriceUnusual(sku=sku, before=money(before_minor, currency), after=money(after_minor, currency))


def check_seen(fields: Fields, variant: Variant) -> None:
    """Raise PriceChangedMeanwhile when the form was made before somebody else changed the price."""
    seen = fields.values.get("seen", "")
    if seen and seen != str(variant.price_minor):
        raise PriceChangedMeanwhile(sku=variant.sku, price=money(variant.price_minor, variant.currency))


def price_note(
    variant_id: UUID, sku: str, before_minor: int, after_minor: int, currency: str
) -> dict[str, str]:
    """Return what the page says after a change: old, new, and the form that undoes it."""
    return {
        "id": str(variant_id),
        "sku": sku,
        "before": money(before_minor, currency),
        "after": money(after_minor, currency),
        "undo": plain_amount(before_minor, currency),
        "seen": str(after_minor),
    }
