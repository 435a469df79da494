"""How a visitor is told what is left of an article."""

from dataclasses import dataclass

from safar.cart.available import Available
from safar.kernel.i18n import _, day, number
from safar.stock.decide import state_of


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
        return Stock(offer.backorder, _("On its way to us: order now, we send it when it comes"), "warn")
    return Stock(offer.backorder, _("Order now, it leaves on %(day)s", day=day(offer.promised_on)), "warn")


def stock_text(free: int, held: int) -> Stock:
    state = state_of(free)
    if state == "plenty":
        return Stock(free, _("In stock: %(count)s", count=number(free)), "good")
    if state == "low":
        return Stock(free, _("Only %(count)s left", count=number(free)), "warn")
    if held:
        return Stock(0, _("The last ones are in other customers' checkouts"), "warn")
    return Stock(0, _("Sold out"), "bad")
