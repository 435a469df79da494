"""How a visitor is told what is left of an article."""

from dataclasses import dataclass

from safar.cart.available import Available
from safar.kernel.i18n import _, day, number

# Said of more, "only so many left" would be on every shelf and mean nothing.
_FEW = 3


@dataclass(frozen=True, slots=True)
class Stock:
    """What a visitor is told of the units: how many are free, in words, and in which tone."""

    free: int
    text: str
    tone: str

    @property
    def gone(self) -> bool:
        return self.free <= 0


def stock_of(offer: Available) -> Stock:
    """Return what is left for this visitor, and say so when units are in other people's checkouts."""
    if offer.free > 0 or not offer.backorder:
        return stock_text(offer.free, offer.held)
    if offer.promised_on is None:
        return Stock(offer.backorder, _("More on the way: pre-order now"), "warn")
    return Stock(offer.backorder, _("Pre-order: ships on %(day)s", day=day(offer.promised_on)), "warn")


def stock_text(free: int, held: int) -> Stock:
    if free > _FEW:
        return Stock(free, _("In stock: %(count)s", count=number(free)), "good")
    if free > 0:
        return Stock(free, _("Only %(count)s left", count=number(free)), "warn")
    if held:
        return Stock(0, _("The last ones are in other people’s baskets"), "warn")
    return Stock(0, _("Sold out"), "bad")
